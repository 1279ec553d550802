"""Where things stand in a segment, read from the schema itself: to damage it with purpose."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .programs import ROOT

SIZES = {"ubyte": 1, "ushort": 2, "uint": 4, "ulong": 8}
# Numbers that name an entry of a vector; the others are ranges and texts.
REFERENCES = {
    ("hosts", "name_offset"),
    ("hosts", "paths"),
    ("hosts", "path_buckets"),
    ("hosts", "by_regex"),
    ("paths", "text_offset"),
    ("paths", "matches"),
    ("matches", "rule"),
    ("matches", "predicates"),
    ("by_regex", "regex"),
    ("predicates", "regex"),
    ("rules", "name_offset"),
    ("rules", "splits"),
    ("rules", "conduct"),
    ("conducts", "redirect"),
    ("splits", "backend"),
}
PAIRS = ("Text", "Range", "EndpointText", "EndpointRange")
SAVED_HEAD = struct.Struct("<7Q")  # of the last good copy, proxy/steward/last_good.cc


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    offset: int


class Schema:
    """The structs and the table of one .fbs file."""

    def __init__(self, path: Path) -> None:
        text = re.sub(r"//.*", "", path.read_text())
        self._sizes: dict[str, tuple[int, int]] = {n: (s, s) for n, s in SIZES.items()}
        self.structs: dict[str, list[Field]] = {}
        for name, body in re.findall(r"struct (\w+) \{(.*?)\}", text, re.DOTALL):
            self.structs[name] = self._lay_out(name, body)
        table = re.search(r"table \w+ \{(.*?)\}", text, re.DOTALL)
        assert table
        self.fields = re.findall(r"(\w+):\[?(\w+)\]? \(required\);", table[1])

    def _lay_out(self, struct_name: str, body: str) -> list[Field]:
        fields, end, most = [], 0, 1
        for name, array, kind, count in re.findall(r"(\w+):(\[?)(\w+)(?::(\d+)\])?;", body):
            size, align = self._sizes[kind]
            end = -(-end // align) * align
            fields.append(Field(name, kind, end))
            end += size * (int(count) if array else 1)
            most = max(most, align)
        self._sizes[struct_name] = (-(-end // most) * most, most)
        return fields

    def size_of(self, kind: str) -> int:
        return self._sizes[kind][0]


class Segment:
    """One sound segment and its places."""

    def __init__(self, data: bytes, schema: str) -> None:
        self.data = data
        self.schema = Schema(ROOT / "table" / schema)
        self.is_endpoints = schema.startswith("endpoints")
        self.table = self._u32(0)
        self._vtable = self.table - struct.unpack_from("<i", data, self.table)[0]

    def _u32(self, at: int) -> int:
        return struct.unpack_from("<I", self.data, at)[0]

    def _field(self, index: int) -> int:
        return self.table + struct.unpack_from("<H", self.data, self._vtable + 4 + 2 * index)[0]

    def header(self) -> int:
        """Place of the schema's hash."""
        return self._field(0)

    def vectors(self) -> Iterator[tuple[str, str, int, int]]:
        """Name, kind of the elements, place of the length, length."""
        for index, (name, kind) in enumerate(self.schema.fields):
            if index == 0:
                continue
            at = self._field(index)
            at += self._u32(at)
            yield name, kind, at, self._u32(at)

    def references(self) -> Iterator[tuple[str, int, int]]:
        """Name, place, and how many words: one for an index, two for a range or a text."""
        unknown = REFERENCES - {
            (name, field.name)
            for name, kind, _, _ in self.vectors()
            for field in self.schema.structs.get(kind, [])
        }
        assert not unknown or self.is_endpoints, f"not in the schema: {unknown}"
        for name, kind, at, count in self.vectors():
            for field in self.schema.structs.get(kind, []):
                is_pair = field.kind in PAIRS
                if not is_pair and (name, field.name) not in REFERENCES:
                    continue
                for row in range(count):
                    place = at + 4 + row * self.schema.size_of(kind) + field.offset
                    yield f"{name}[{row}].{field.name}", place, 2 if is_pair else 1

    def with_words(self, at: int, *words: int) -> bytes:
        changed = bytearray(self.data)
        struct.pack_into(f"<{len(words)}I", changed, at, *words)
        return bytes(changed)


def saved(path: Path) -> tuple[bytes, int]:
    """Bytes and digest of a segment in the last good copy."""
    data = path.read_bytes()
    head = SAVED_HEAD.unpack_from(data)
    return data[SAVED_HEAD.size :], head[4]
