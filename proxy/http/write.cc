// Serialising heads. Lines that came verbatim and stand side by side in the head's buffer are
// copied as one run, so an ordinary head costs a few copies rather than four a field.
#include "proxy/http/write.h"

#include <array>
#include <charconv>

#include "proxy/http/hop_fields.h"

namespace sluice::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kSeparator = ": ";

constexpr FieldSet kFraming = field_set({FieldId::content_length, FieldId::transfer_encoding});
constexpr FieldSet kRequestOurs = kHopByHop | kFraming | field_set({FieldId::host});
constexpr FieldSet kResponseOurs = kHopByHop | kFraming;
constexpr FieldSet kTrailer = field_set({FieldId::trailer});

void put_fields(HeadWriter& out, const FieldList& fields, FieldSet skipped) {
    const char* run = nullptr;  // lines of the buffer that are not written yet
    const char* run_end = nullptr;
    const auto flush = [&] {
        if (run != nullptr) out.put({run, static_cast<size_t>(run_end - run)});
        run = nullptr;
    };
    for (const Field& field : fields.all()) {
        if (field.dropped || in_set(skipped, field.id)) continue;
        if (!field.verbatim()) {
            flush();
            out.put_field(field.name, field.value);
            continue;
        }
        if (run == nullptr || run_end != field.name.data()) {
            flush();
            run = field.name.data();
        }
        run_end = field.name.data() + field.line_bytes;
    }
    flush();
}

void put_framing(HeadWriter& out, BodyFraming body) {
    if (body.kind == Framing::chunked) out.put("transfer-encoding: chunked\r\n");
    if (body.kind == Framing::length) {
        out.put("content-length: ");
        out.put_number(body.length);
        out.put(kLineEnd);
    }
}

// Trailer announces what only chunking can carry.
FieldSet unless_chunked(BodyFraming body) {
    return body.kind == Framing::chunked ? 0 : kTrailer;
}

bool may_state_length(uint16_t status) {
    constexpr uint16_t kNoContent = 204;
    return status >= 200 && status != kNoContent;
}

}  // namespace

void HeadWriter::put_field(std::string_view name, std::string_view value) {
    char* place = take(name.size() + kSeparator.size() + value.size() + kLineEnd.size());
    if (place == nullptr) return;
    std::memcpy(place, name.data(), name.size());
    place += name.size();
    std::memcpy(place, kSeparator.data(), kSeparator.size());
    place += kSeparator.size();
    if (!value.empty()) std::memcpy(place, value.data(), value.size());
    std::memcpy(place + value.size(), kLineEnd.data(), kLineEnd.size());
}

void HeadWriter::put_number(uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    put({digits.data(), static_cast<size_t>(end - digits.data())});
}

void write_request(
    HeadWriter& out,
    const RequestHead& head,
    std::string_view target,
    std::string_view authority,
    BodyFraming body
) {
    out.put(head.method);
    out.put(" ");
    out.put(target);
    out.put(" HTTP/1.1\r\nhost: ");
    out.put(authority);
    out.put(kLineEnd);
    put_fields(out, head.fields, kRequestOurs | unless_chunked(body));
    put_framing(out, body);
    out.put(kLineEnd);
}

void write_response(
    HeadWriter& out, const ResponseHead& head, BodyFraming body, bool close, bool keep_length
) {
    out.put("HTTP/1.1 ");
    out.put_number(head.status);
    out.put(" ");
    out.put(head.phrase);
    out.put(kLineEnd);
    put_fields(out, head.fields, kResponseOurs | unless_chunked(body));
    const bool keeps = keep_length && body.kind == Framing::none && may_state_length(head.status);
    if (const Field* length = keeps ? head.fields.find(FieldId::content_length) : nullptr) {
        out.put_field("content-length", length->value);
    }
    if (may_state_length(head.status)) put_framing(out, body);
    if (close) out.put("connection: close\r\n");
    out.put(kLineEnd);
}

}  // namespace sluice::http
