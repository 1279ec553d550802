// Field names to ids by a perfect hash that the compiler finds, and the look-ups of a field list.
#include "proxy/http/fields.h"

#include "proxy/http/ascii.h"

namespace sluice::http {
namespace {

struct Known {
    std::string_view name;
    FieldId id;
};

constexpr Known kKnown[] = {
    {"accept", FieldId::accept},
    {"authorization", FieldId::authorization},
    {"connection", FieldId::connection},
    {"content-length", FieldId::content_length},
    {"content-type", FieldId::content_type},
    {"cookie", FieldId::cookie},
    {"date", FieldId::date},
    {"expect", FieldId::expect},
    {"forwarded", FieldId::forwarded},
    {"host", FieldId::host},
    {"http2-settings", FieldId::http2_settings},
    {"keep-alive", FieldId::keep_alive},
    {"proxy", FieldId::proxy},
    {"proxy-authenticate", FieldId::proxy_authenticate},
    {"proxy-authentication-info", FieldId::proxy_authentication_info},
    {"proxy-authorization", FieldId::proxy_authorization},
    {"proxy-connection", FieldId::proxy_connection},
    {"retry-after", FieldId::retry_after},
    {"server", FieldId::server},
    {"set-cookie", FieldId::set_cookie},
    {"te", FieldId::te},
    {"traceparent", FieldId::traceparent},
    {"tracestate", FieldId::tracestate},
    {"trailer", FieldId::trailer},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"upgrade", FieldId::upgrade},
    {"via", FieldId::via},
    {"x-forwarded-for", FieldId::x_forwarded_for},
    {"x-forwarded-host", FieldId::x_forwarded_host},
    {"x-forwarded-port", FieldId::x_forwarded_port},
    {"x-forwarded-prefix", FieldId::x_forwarded_prefix},
    {"x-forwarded-proto", FieldId::x_forwarded_proto},
    {"x-forwarded-server", FieldId::x_forwarded_server},
    {"x-real-ip", FieldId::x_real_ip},
    {"x-request-id", FieldId::x_request_id},
};
constexpr size_t kKnownCount = std::size(kKnown);
constexpr std::string_view kForwardedPrefix = "x-forwarded-";

constexpr unsigned kSlotBits = 7;
constexpr size_t kSlots = size_t{1} << kSlotBits;
constexpr size_t kShortestName = 2;

// Length, first byte and last but one tell all known names apart.
constexpr uint32_t slot_of(std::string_view name, uint32_t multiplier) {
    const auto first = static_cast<uint8_t>(name.front() | 0x20);
    const auto late = static_cast<uint8_t>(name[name.size() - 2] | 0x20);
    const uint32_t key = (static_cast<uint32_t>(name.size() & 0xff) << 16) |
                         (static_cast<uint32_t>(first) << 8) | late;
    return (key * multiplier) >> (32 - kSlotBits);
}

consteval bool separates(uint32_t multiplier) {
    std::array<bool, kSlots> taken{};
    for (const Known& known : kKnown) {
        bool& slot = taken[slot_of(known.name, multiplier)];
        if (slot) return false;
        slot = true;
    }
    return true;
}

consteval uint32_t find_multiplier() {
    uint32_t multiplier = 0x9e3779b1u;
    while (!separates(multiplier)) multiplier = multiplier * 1664525u + 1013904223u;
    return multiplier;
}
constexpr uint32_t kMultiplier = find_multiplier();

// Index into kKnown by slot; an empty slot holds any index, since the name itself is compared.
consteval std::array<uint8_t, kSlots> make_slots() {
    std::array<uint8_t, kSlots> slots{};
    for (size_t i = 0; i < kKnownCount; ++i) {
        slots[slot_of(kKnown[i].name, kMultiplier)] = static_cast<uint8_t>(i);
    }
    return slots;
}
constexpr std::array<uint8_t, kSlots> kSlotTable = make_slots();

}  // namespace

FieldId identify(std::string_view name) {
    if (name.size() < kShortestName) return FieldId::other;
    const Known& known = kKnown[kSlotTable[slot_of(name, kMultiplier)]];
    if (equals_lower(name, known.name)) return known.id;
    if (name.size() > kForwardedPrefix.size() &&
        equals_lower(name.substr(0, kForwardedPrefix.size()), kForwardedPrefix)) {
        return FieldId::x_forwarded_other;
    }
    return FieldId::other;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

const Field* FieldList::find(FieldId id) const {
    if (!may_have(field_set({id}))) return nullptr;
    for (const Field& field : all()) {
        if (field.id == id && !field.dropped) return &field;
    }
    return nullptr;
}

const Field* FieldList::find(std::string_view name) const {
    const FieldId id = identify(name);
    if (!may_have(field_set({id}))) return nullptr;
    for (const Field& field : all()) {
        if (field.id == id && !field.dropped && equal_ignoring_case(field.name, name))
            return &field;
    }
    return nullptr;
}

void FieldList::drop(std::string_view name) {
    const FieldId id = identify(name);
    if (!may_have(field_set({id}))) return;
    for (Field& field : all()) {
        if (field.id == id && equal_ignoring_case(field.name, name)) field.dropped = true;
    }
}

void FieldList::drop_all(FieldSet ids) {
    if (!may_have(ids)) return;
    for (Field& field : all()) {
        if (in_set(ids, field.id)) field.dropped = true;
    }
}

}  // namespace sluice::http
