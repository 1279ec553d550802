// Hop-by-hop fields out, forwarded fields anew, and the request id.
#include "proxy/http/hop.h"

#include <algorithm>
#include <charconv>

#include "proxy/http/ascii.h"
#include "proxy/http/caller.h"
#include "proxy/http/gate.h"
#include "proxy/http/hop_fields.h"
#include "proxy/http/rule.h"

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
        const bool may_be_named = is_token(name) && in_set(kMayBeNamed, identify(name));
        if (!may_be_named && enforced(GateRule::connection_names)) {
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

// What the forwarded fields will say; views into the head, the peer or the scratch.
struct Forwarded {
    std::string_view chain;
    std::string_view host;
    std::string_view port;
};

constexpr std::string_view kComma = ", ";

// The chain in its order, and the peer behind it. Empty: the scratch is full.
std::string_view extend(const HopChain& chain, std::string_view peer, Scratch& scratch) {
    if (chain.count == 0) return peer;
    size_t size = peer.size();
    for (size_t i = 0; i < chain.count; ++i) size += chain.hops[i].text.size() + kComma.size();
    char* const text = scratch.take(size);
    if (text == nullptr) return {};
    char* to = text;
    for (size_t i = chain.count; i-- > 0;) {
        const std::string_view hop = chain.hops[i].text;
        to = std::copy(hop.begin(), hop.end(), to);
        to = std::copy(kComma.begin(), kComma.end(), to);
    }
    std::copy(peer.begin(), peer.end(), to);
    return {text, size};
}

// Keeps of a trusted peer's fields what is lawful; ours stand in `forwarded` for the rest.
void believe(const FieldList& fields, Scratch& scratch, Forwarded& forwarded) {
    forwarded.chain = extend(read_chain(fields), forwarded.chain, scratch);
    const std::string_view host = only_value(fields, FieldId::x_forwarded_host);
    if (parse_authority(host, scratch).reason == Reason::ok) forwarded.host = host;
    const std::string_view port = only_value(fields, FieldId::x_forwarded_port);
    if (is_port(port)) forwarded.port = port;
}

std::string_view write_port(uint16_t port, Scratch& scratch) {
    constexpr size_t kMostDigits = 5;
    char* const text = scratch.take(kMostDigits);
    if (text == nullptr) return {};
    const auto end = std::to_chars(text, text + kMostDigits, port).ptr;
    return {text, static_cast<size_t>(end - text)};
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
    FieldList& fields = head.fields;
    Forwarded forwarded{.chain = peer.address, .host = head.authority, .port = {}};
    if (peer.trusted) believe(fields, scratch, forwarded);
    if (forwarded.port.empty()) forwarded.port = write_port(peer.port, scratch);
    if (forwarded.chain.empty() || forwarded.port.empty()) return Reason::head_too_large;
    fields.drop_all(kForwarded);
    bool fits = fields.add("x-forwarded-for", forwarded.chain, FieldId::x_forwarded_for) &&
                fields.add("x-forwarded-proto", peer.scheme, FieldId::x_forwarded_proto) &&
                fields.add("x-forwarded-port", forwarded.port, FieldId::x_forwarded_port);
    if (fits && !forwarded.host.empty()) {
        fits = fields.add("x-forwarded-host", forwarded.host, FieldId::x_forwarded_host);
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
