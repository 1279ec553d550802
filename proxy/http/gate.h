// The strict gate's rules over single fields and over a whole head (RFC 9112 6, RFC 9110 7):
// framing, Host, Connection, Expect. Bytes and limits are the codec's part. Private to proxy/http.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/fields.h"
#include "proxy/http/message.h"
#include "table/reason.h"

namespace sluice::http {

// What the fields of one head said. check() is called with each field in order, then one of
// finish().
class Gate {
public:
    enum class Side : uint8_t { request, response };
    Gate(Side side, uint8_t minor) : is_request_(side == Side::request), minor_(minor) {}

    // Whether check() has anything to say about a field of this id.
    static bool cares_about(FieldId id) { return in_set(kWatched, id); }
    Reason check(FieldId id, std::string_view value);

    // `target_authority`: of an absolute-form target, else empty.
    Reason finish(RequestHead& head, std::string_view target_authority, Scratch& scratch);
    void finish(ResponseHead& head, bool to_head);

private:
    static constexpr FieldSet kWatched = field_set(
        {FieldId::connection,
         FieldId::content_length,
         FieldId::expect,
         FieldId::host,
         FieldId::te,
         FieldId::transfer_encoding,
         FieldId::upgrade}
    );

    Reason check_content_length(std::string_view value);
    Reason check_transfer_encoding(std::string_view value);
    Reason check_host(std::string_view value);
    Reason check_expect(std::string_view value);
    void read_connection(std::string_view value);
    bool allows_reuse() const;
    Reason judge_authority(RequestHead& head, Scratch& scratch);

    bool is_request_;
    uint8_t minor_;
    bool has_length_ = false;
    bool is_chunked_ = false;
    bool has_host_ = false;
    bool says_close_ = false;
    bool says_keep_alive_ = false;
    bool says_upgrade_ = false;
    bool has_upgrade_ = false;
    bool expects_continue_ = false;
    bool accepts_trailers_ = false;
    uint64_t length_ = 0;
    std::string_view authority_;
};

// A Content-Length value: digits alone, no leading zeros, at most limits::kBodyBytes.
struct Length {
    uint64_t value = 0;
    Reason reason = Reason::ok;
};
Length parse_content_length(std::string_view text);

// host[:port] of a Host field or an absolute-form target. `host` comes out lower case and without a
// trailing dot, in scratch if that changes it.
struct Authority {
    std::string_view host;
    Reason reason = Reason::ok;
};
Authority parse_authority(std::string_view text, Scratch& scratch);

}  // namespace sluice::http
