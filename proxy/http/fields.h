// The fields of one head: views into the connection's buffer or the worker's scratch, bounded, no
// allocation. Order is kept. A field is taken out by marking it dropped, so indexes stay valid
// while a head is rewritten.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "table/limits.h"

namespace sluice::http {

// The names that some rule of ours looks at; everything else is `other`.
enum class FieldId : uint8_t {
    other,
    accept,
    authorization,
    connection,
    content_length,
    content_type,
    cookie,
    date,
    expect,
    forwarded,
    host,
    http2_settings,
    keep_alive,
    proxy,
    proxy_authenticate,
    proxy_authentication_info,
    proxy_authorization,
    proxy_connection,
    retry_after,
    server,
    set_cookie,
    te,
    traceparent,
    tracestate,
    trailer,
    transfer_encoding,
    upgrade,
    via,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_port,
    x_forwarded_prefix,
    x_forwarded_proto,
    x_forwarded_server,
    x_real_ip,
    x_request_id,
    x_forwarded_other,  // any further name that starts with "x-forwarded-"
    kCount
};
static_assert(static_cast<size_t>(FieldId::kCount) <= 64, "FieldSet holds one bit per id");

FieldId identify(std::string_view name);  // case-insensitive (RFC 9110 5.1)

// A set of ids as bits, for rules over many names at once.
using FieldSet = uint64_t;
constexpr FieldSet field_set(std::initializer_list<FieldId> ids) {
    FieldSet set = 0;
    for (const FieldId id : ids) set |= FieldSet{1} << static_cast<unsigned>(id);
    return set;
}
constexpr bool in_set(FieldSet set, FieldId id) {
    return ((set >> static_cast<unsigned>(id)) & 1) != 0;
}

bool equal_ignoring_case(std::string_view a, std::string_view b);

struct Field {
    std::string_view name;
    std::string_view value;  // without surrounding blanks
    FieldId id = FieldId::other;
    bool dropped = false;
    // Bytes of the line where it stands as "name: value CRLF" in the head's buffer, else 0.
    uint32_t line_bytes = 0;

    // Whether name and value are still what that line says.
    bool verbatim() const {
        constexpr size_t kSeparatorBytes = 2;
        constexpr size_t kLineEndBytes = 2;
        const size_t before_value = name.size() + kSeparatorBytes;
        return line_bytes == before_value + value.size() + kLineEndBytes &&
               value.data() == name.data() + before_value;
    }
};

class FieldList {
public:
    // Room for what a head may bring and for what we add.
    static constexpr size_t kCapacity = limits::kHeadFields + limits::kEditsPerRule + 12;

    void clear() {
        count_ = 0;
        seen_ = 0;
    }
    // False when full; the caller refuses with too_many_fields.
    bool add(std::string_view name, std::string_view value, FieldId id, uint32_t line_bytes = 0) {
        if (count_ == kCapacity) return false;
        fields_[count_++] = {name, value, id, false, line_bytes};
        seen_ |= field_set({id});
        return true;
    }
    bool add(std::string_view name, std::string_view value) {
        return add(name, value, identify(name));
    }
    // First field of that name that is not dropped; nullptr when absent. O(1) when it was never
    // added.
    const Field* find(FieldId id) const;
    const Field* find(std::string_view name) const;
    void drop(FieldId id) { drop_all(field_set({id})); }
    void drop(std::string_view name);
    void drop_all(FieldSet ids);
    // Whether any of these was ever added.
    bool may_have(FieldSet ids) const { return (seen_ & ids) != 0; }

    std::span<Field> all() { return {fields_.data(), count_}; }
    std::span<const Field> all() const { return {fields_.data(), count_}; }
    size_t size() const { return count_; }

private:
    std::array<Field, kCapacity> fields_;
    size_t count_ = 0;
    FieldSet seen_ = 0;  // every id ever added
};

}  // namespace sluice::http
