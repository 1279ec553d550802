// HTTP/1.1 as far as a model server needs it: request heads, request bodies, answer heads. No I/O.
#include "modelsim/http.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace sluice::modelsim {
namespace {

constexpr size_t kLineBytes = 4096;  // one chunk-size or trailer line
constexpr std::string_view kEnd = "\r\n";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same(std::string_view a, std::string_view lower_b) {
    return a.size() == lower_b.size() &&
           std::equal(a.begin(), a.end(), lower_b.begin(), [](char x, char y) {
               return lower(x) == y;
           });
}

bool is_token_char(char c) {
    constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

template <int Base>
bool parse_number(std::string_view text, uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, Base);
    return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool parse_request_line(std::string_view line, Request& request) {
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return false;
    request.method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    request.path = target.substr(0, target.find('?'));
    const std::string_view version = line.substr(last + 1);
    request.http_1_0 = version == "HTTP/1.0";
    request.keep_alive = !request.http_1_0;  // lets a stream to such a client end by closing
    return is_token(request.method) && target.starts_with('/') &&
           target.find(' ') == std::string_view::npos &&
           (request.http_1_0 || version == "HTTP/1.1");
}

struct Framing {  // what decides where the body ends, and whether it was said once
    int hosts = 0;
    int lengths = 0;
    int codings = 0;
};

bool take_field(std::string_view name, std::string_view value, Request& request, Framing& seen) {
    switch (name.size()) {  // cheap pre-selection: most fields end here
        case 4:
            if (same(name, "host")) ++seen.hosts;
            break;
        case 6:
            if (same(name, "expect")) request.expects_continue = same(value, "100-continue");
            break;
        case 10:
            if (same(name, "connection")) {
                if (same(value, "close")) request.keep_alive = false;
            }
            break;
        case 11:
            if (same(name, "x-sim-fault")) request.fault = value;
            break;
        case 14:
            if (same(name, "content-length")) {
                ++seen.lengths;
                return parse_number<10>(value, request.content_length);
            }
            break;
        case 17:
            if (same(name, "transfer-encoding")) {
                ++seen.codings;
                request.chunked = true;
                return same(value, "chunked");
            }
            break;
        default:
            break;
    }
    return true;
}

std::string_view status_text(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 413:
            return "Content Too Large";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "Simulated";
    }
}

void append_number(std::string& out, uint64_t value, int base = 10) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
    out.append(digits, end);
}

}  // namespace

size_t head_end(std::string_view bytes) {
    const void* const found = memmem(bytes.data(), bytes.size(), "\r\n\r\n", 4);
    if (found == nullptr) return std::string_view::npos;
    return static_cast<size_t>(static_cast<const char*>(found) - bytes.data()) + 4;
}

bool parse_head(std::string_view head, Request& request) {
    request = Request{};
    size_t line_end = head.find(kEnd);
    if (!parse_request_line(head.substr(0, line_end), request)) return false;
    Framing seen;
    for (size_t at = line_end + 2; at + 2 < head.size(); at = line_end + 2) {
        line_end = head.find(kEnd, at);
        const std::string_view line = head.substr(at, line_end - at);
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
        const std::string_view value = trim(line.substr(colon + 1));
        if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
            return false;
        if (!take_field(line.substr(0, colon), value, request, seen)) return false;
    }
    if (seen.lengths > 1 || seen.codings > 1 || seen.lengths + seen.codings > 1) return false;
    if (request.chunked && request.http_1_0) return false;
    return seen.hosts == 1 || (request.http_1_0 && seen.hosts == 0);
}

void BodyReader::start(const Request& request) {
    received_ = 0;
    line_.clear();
    left_ = request.content_length;
    state_ = request.chunked ? State::size_line : left_ > 0 ? State::counted : State::ended;
}

size_t BodyReader::feed(std::string_view bytes, std::string* keep) {
    size_t used = 0;
    while (used < bytes.size() && !ended() && !bad()) used += take(bytes.substr(used), keep);
    return used;
}

size_t BodyReader::take(std::string_view bytes, std::string* keep) {
    if (state_ == State::counted || state_ == State::data) {
        const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
        if (keep != nullptr) keep->append(bytes.substr(0, size));
        left_ -= size;
        received_ += size;
        if (left_ == 0) state_ = state_ == State::counted ? State::ended : State::data_end;
        return size;
    }
    const size_t end = bytes.find('\n');
    const size_t size = end == std::string_view::npos ? bytes.size() : end + 1;
    line_.append(bytes.substr(0, size));
    if (line_.size() > kLineBytes) {
        state_ = State::bad;
    } else if (end != std::string_view::npos) {
        end_line();
        line_.clear();
    }
    return size;
}

void BodyReader::end_line() {
    std::string_view line = line_;
    if (!line.ends_with(kEnd)) {
        state_ = State::bad;
        return;
    }
    line.remove_suffix(2);
    if (state_ == State::data_end) {
        state_ = line.empty() ? State::size_line : State::bad;
    } else if (state_ == State::trailer) {
        if (line.empty()) state_ = State::ended;
    } else if (!parse_number<16>(line.substr(0, line.find(';')), left_)) {
        state_ = State::bad;
    } else {
        state_ = left_ == 0 ? State::trailer : State::data;
    }
}

void append_head(std::string& out, const Request& request, const AnswerHead& head) {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<uint64_t>(head.status));
    out += ' ';
    out += status_text(head.status);
    out += "\r\nserver: modelsim\r\nx-sim-pod: ";
    out += head.pod;
    out += "\r\ncontent-type: ";
    out += head.type;
    out += kEnd;
    out += head.extra;
    if (!request.keep_alive) out += "connection: close\r\n";
}

void append_answer(
    std::string& out, const Request& request, const AnswerHead& head, std::string_view body
) {
    append_head(out, request, head);
    out += "content-length: ";
    append_number(out, body.size());
    out += "\r\n\r\n";
    if (request.method != "HEAD") out += body;
}

void append_stream_head(std::string& out, const Request& request, const AnswerHead& head) {
    append_head(out, request, head);
    out += request.http_1_0 ? kEnd : std::string_view("transfer-encoding: chunked\r\n\r\n");
}

void append_chunk(std::string& out, const Request& request, std::string_view payload) {
    if (payload.empty()) return;  // an empty chunk would end the body
    if (!request.http_1_0) {
        append_number(out, payload.size(), 16);
        out += kEnd;
    }
    out += payload;
    if (!request.http_1_0) out += kEnd;
}

void append_last_chunk(std::string& out, const Request& request) {
    if (!request.http_1_0) out += "0\r\n\r\n";
}

}  // namespace sluice::modelsim
