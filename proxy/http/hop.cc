// Hop-by-hop fields out, forwarded fields anew, and the request id.
#include "proxy/http/hop.h"

#include <charconv>

#include "proxy/http/ascii.h"
#include "proxy/http/hop_fields.h"

namespace sluice::http {
namespace {

constexpr size_t kMadeIdBytes = 32;

bool is_token(std::string_view text) {
    for (const char c : text) {
        if (!has_class(c, kTokenByte)) return false;
    }
    return true;
}

// Drops the fields that one Connection value names.
Reason drop_named(FieldList& fields, std::string_view value) {
    while (!value.empty()) {
        const std::string_view name = take_element(value);
        if (equals_lower(name, "close") || equals_lower(name, "keep-alive")) continue;
        if (!is_token(name) || !in_set(kMayBeNamed, identify(name))) {
            return Reason::bad_connection_field;
        }
        if (!name.empty()) fields.drop(name);
    }
    return Reason::ok;
}

bool is_usable_id(std::string_view id) {
    if (id.empty() || id.size() > limits::kRequestIdBytes) return false;
    for (const char c : id) {
        if (!has_class(c, kVisibleByte)) return false;
    }
    return true;
}

void write_hex(char* out, uint64_t value) {
    constexpr std::string_view kHex = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) *out++ = kHex[(value >> shift) & 0xf];
}

}  // namespace

Reason strip_hop_by_hop(FieldList& fields) {
    if (!fields.may_have(kHopByHop)) return Reason::ok;
    if (fields.may_have(field_set({FieldId::connection}))) {
        for (const Field& field : fields.all()) {
            if (field.id != FieldId::connection) continue;
            const Reason reason = drop_named(fields, field.value);
            if (reason != Reason::ok) return reason;
        }
    }
    fields.drop_all(kHopByHop);
    return Reason::ok;
}

Reason rebuild_forwarded(RequestHead& head, const Peer& peer, Scratch& scratch) {
    constexpr size_t kPortDigits = 5;
    head.fields.drop_all(kForwarded);
    char* port = scratch.take(kPortDigits);
    if (port == nullptr) return Reason::head_too_large;
    const auto port_end = std::to_chars(port, port + kPortDigits, peer.port).ptr;
    const std::string_view port_text(port, static_cast<size_t>(port_end - port));
    FieldList& fields = head.fields;
    bool fits = fields.add("x-forwarded-for", peer.address, FieldId::x_forwarded_for) &&
                fields.add("x-forwarded-proto", peer.scheme, FieldId::x_forwarded_proto) &&
                fields.add("x-forwarded-port", port_text, FieldId::x_forwarded_port);
    if (fits && !head.authority.empty()) {
        fits = fields.add("x-forwarded-host", head.authority, FieldId::x_forwarded_host);
    }
    return fits ? Reason::ok : Reason::too_many_fields;
}

std::string_view ensure_request_id(
    RequestHead& head, uint64_t draw_high, uint64_t draw_low, Scratch& scratch
) {
    const Field* given = head.fields.find(FieldId::x_request_id);
    if (given != nullptr) {
        const std::string_view id = given->value;
        if (is_usable_id(id)) {
            bool first = true;
            for (Field& field : head.fields.all()) {
                if (field.id != FieldId::x_request_id || field.dropped) continue;
                if (!first) field.dropped = true;
                first = false;
            }
            return id;
        }
        head.fields.drop(FieldId::x_request_id);
    }
    char* id = scratch.take(kMadeIdBytes);
    if (id == nullptr) return {};
    write_hex(id, draw_high);
    write_hex(id + kMadeIdBytes / 2, draw_low);
    const std::string_view text(id, kMadeIdBytes);
    head.fields.add("x-request-id", text, FieldId::x_request_id);
    return text;
}

}  // namespace sluice::http
