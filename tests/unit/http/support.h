// What the HTTP tests share: parsing of text that stands alone on the heap, so that the address
// sanitizer sees each byte read outside it.
#pragma once

#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/h1_codec.h"
#include "proxy/http/message.h"
#include "table/reason.h"

namespace sluice {
inline void PrintTo(Reason reason, std::ostream* out) {
    *out << reason_text(reason);
}
}  // namespace sluice

namespace sluice::http {

inline void PrintTo(Parse state, std::ostream* out) {
    *out
        << (state == Parse::complete    ? "complete"
            : state == Parse::need_more ? "need_more"
                                        : "refused");
}

// Exactly these bytes, nothing readable around them.
class Alone {
public:
    explicit Alone(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
        if (!text.empty()) std::memcpy(bytes_.get(), text.data(), text.size());
    }
    std::string_view view() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    size_t size_;
};

struct RequestResult {
    explicit RequestResult(std::string_view text)
        : bytes(text), scratch(std::make_unique<Scratch>()), head(std::make_unique<RequestHead>()) {
        size_t scanned = 0;
        const Parsed parsed = parse_request(bytes.view(), scanned, *scratch, *head);
        state = parsed.state;
        reason = parsed.reason;
    }
    RequestHead* operator->() const { return head.get(); }

    Alone bytes;
    std::unique_ptr<Scratch> scratch;
    std::unique_ptr<RequestHead> head;
    Parse state;
    Reason reason;
};

struct ResponseResult {
    explicit ResponseResult(std::string_view text, bool to_head = false)
        : bytes(text), head(std::make_unique<ResponseHead>()) {
        size_t scanned = 0;
        const Parsed parsed = parse_response(bytes.view(), scanned, to_head, *head);
        state = parsed.state;
        reason = parsed.reason;
    }
    ResponseHead* operator->() const { return head.get(); }

    Alone bytes;
    std::unique_ptr<ResponseHead> head;
    Parse state;
    Reason reason;
};

// A request whose head is complete but for these lines ("Name: value\r\n"…).
inline std::string get_with(std::string_view lines) {
    return "GET /a HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}
inline std::string ok_with(std::string_view lines) {
    return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}

inline std::string value_of(const FieldList& fields, std::string_view name) {
    const Field* field = fields.find(name);
    return field == nullptr ? "(absent)" : std::string(field->value);
}

inline size_t count_of(const FieldList& fields, FieldId id) {
    size_t count = 0;
    for (const Field& field : fields.all()) {
        if (field.id == id && !field.dropped) ++count;
    }
    return count;
}

}  // namespace sluice::http
