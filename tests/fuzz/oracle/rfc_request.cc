// The ABNF of the RFCs as regular expressions, beside the rules that their prose adds.
#include "tests/fuzz/oracle/rfc_request.h"

#include <algorithm>
#include <charconv>
#include <re2/re2.h>

namespace sluice::fuzz {
namespace {

using Kind = RfcRequest::Kind;

// RFC 9110 5.6.2, 5.6.4, 5.5; RFC 3986 appendix A.
#define TOKEN "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#define QUOTED \
    "\"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*\""
#define CONTENT "[\\t \\x21-\\x7e\\x80-\\xff]*"
#define PCHAR "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define REG_NAME "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
#define IP_LITERAL "\\[[0-9A-Za-z:._~!$&'()*+,;=-]+\\]"
#define EXTENSIONS "(?:[ \\t]*;[ \\t]*" TOKEN "(?:[ \\t]*=[ \\t]*(?:" TOKEN "|" QUOTED "))?)*"

class Pattern {
public:
    explicit Pattern(const char* text) : program_(text, RE2::Latin1) {}
    template <class... Parts>
    bool matches(std::string_view text, Parts*... parts) const {
        return RE2::FullMatch({text.data(), text.size()}, program_, parts...);
    }
    template <class... Parts>
    bool begins(std::string_view text, Parts*... parts) const {
        re2::StringPiece rest(text.data(), text.size());
        return RE2::Consume(&rest, program_, parts...);
    }

private:
    RE2 program_;
};

std::vector<std::string> split(std::string_view text, std::string_view by) {
    std::vector<std::string> parts;
    for (size_t from = 0;;) {
        const size_t at = text.find(by, from);
        parts.emplace_back(text.substr(from, at - from));
        if (at == std::string_view::npos) return parts;
        from = at + by.size();
    }
}

// A `#rule` of RFC 9110 5.6.1: elements in lower case without blanks, empty ones left out. What
// stands in quotes is no list for us: nothing that we look for may hold any.
std::vector<std::string> elements_of(const Fields& fields, std::string_view name) {
    static const Pattern bare("[ \\t]*(.*?)[ \\t]*");
    std::vector<std::string> found;
    for (const auto& [field, value] : fields) {
        if (lower_case(field) != name) continue;
        for (const std::string& part : split(value, ",")) {
            std::string element;
            if (bare.matches(part, &element) && !element.empty()) {
                found.push_back(lower_case(element));
            }
        }
    }
    return found;
}

size_t count_of(const Fields& fields, std::string_view name) {
    return static_cast<size_t>(std::ranges::count_if(fields, [&](const auto& field) {
        return lower_case(field.first) == name;
    }));
}

// Fills one request, rule after rule; the first that fails says why.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    RfcRequest read() {
        read_head() && read_target() && read_host() && read_length() && read_codings() &&
            read_body();
        return std::move(request_);
    }

private:
    bool ends(Kind kind, const char* why) {
        request_.kind = kind;
        request_.why = why;
        return false;
    }
    bool ambiguous(const char* why) { return ends(Kind::ambiguous, why); }
    void tolerate(const char* why) {
        request_.kind = Kind::tolerated;
        request_.why = why;
    }

    bool add_field(std::string_view line, Fields& fields) {
        static const Pattern field_line("(" TOKEN "):[ \\t]*(" CONTENT ")");
        std::string name;
        std::string value;
        if (!field_line.matches(line, &name, &value)) return false;
        value.erase(value.find_last_not_of(" \t") + 1);
        fields.emplace_back(std::move(name), std::move(value));
        return true;
    }

    bool read_head() {
        static const Pattern request_line("(" TOKEN ") ([^ ]+) HTTP/([0-9])\\.([0-9])");
        const size_t end = bytes_.find("\r\n\r\n");
        if (end == std::string_view::npos) return ends(Kind::incomplete, "no blank line");
        request_.head_size = end + 4;
        const std::vector<std::string> lines = split(bytes_.substr(0, end), "\r\n");
        RfcRequest& out = request_;
        if (!request_line.matches(lines[0], &out.method, &out.target, &out.major, &out.minor)) {
            return ambiguous("no request line");
        }
        out.kind = Kind::lawful;
        for (size_t i = 1; i < lines.size(); ++i) {
            if (!add_field(lines[i], out.fields)) return ambiguous("no field line");
        }
        const std::vector<std::string> options = elements_of(out.fields, "connection");
        const bool close = std::ranges::count(options, "close") != 0;
        const bool keep = std::ranges::count(options, "keep-alive") != 0;
        out.closes = close || (out.minor == 0 && !keep);
        return true;
    }

    // RFC 9112 3.2: the four forms, each with its methods.
    bool read_target() {
        static const Pattern visible("[\\x21\\x22\\x24-\\x7e]+");  // no '#': a fragment
        static const Pattern origin("(?:/" PCHAR "*)+(?:\\?(?:" PCHAR "|[/?])*)?");
        static const Pattern absolute("[A-Za-z][A-Za-z0-9+.-]*:(?:" PCHAR
                                      "|[/\\[\\]])*(?:\\?(?:" PCHAR "|[/?])*)?");
        static const Pattern server("(?i)(?:http|https)://([^/?]*).*");
        static const Pattern with_port("(?:" REG_NAME "|" IP_LITERAL "):[0-9]+");
        const std::string& target = request_.target;
        if (!visible.matches(target)) return ambiguous("bytes that no target has");
        if (request_.method == "CONNECT") {
            return with_port.matches(target) || ambiguous("CONNECT to no authority");
        }
        if (target == "*") return request_.method == "OPTIONS" || ambiguous("* without OPTIONS");
        std::string authority;
        if (server.matches(target, &authority)) {
            if (authority.empty() || authority.find('@') != std::string::npos ||
                authority[0] == ':') {
                return ambiguous("an http URI without host, or with user information");
            }
            request_.authority = authority;
        }
        if (origin.matches(target) || absolute.matches(target)) return true;
        if (target[0] != '/' && !request_.authority) return ambiguous("no form of target");
        tolerate("visible bytes that the grammar of URIs leaves out");
        return true;
    }

    // RFC 9112 3.2: exactly one in HTTP/1.1, and lawful.
    bool read_host() {
        static const Pattern host("(?:" REG_NAME "|" IP_LITERAL ")(?::[0-9]*)?");
        const size_t count = count_of(request_.fields, "host");
        if (count > 1) return ambiguous("two Host fields");
        if (count == 0 && request_.minor > 0) return ambiguous("no Host");
        request_.host = only_field(request_.fields, "host");
        if (request_.authority && !host.matches(*request_.authority)) {
            return ambiguous("no authority");
        }
        return !request_.host || host.matches(*request_.host) || ambiguous("no host");
    }

    // RFC 9110 8.6; a list of equal numbers may be refused, so it is.
    bool read_length() {
        static const Pattern digits("[0-9]+");
        const size_t count = count_of(request_.fields, "content-length");
        if (count == 0) return true;
        if (count > 1) return ambiguous("two lengths");
        request_.length = *only_field(request_.fields, "content-length");
        return digits.matches(request_.length) || ambiguous("a length that is no number");
    }

    // RFC 9112 6.1, 6.3: chunked once, last, without parameters, and alone.
    bool read_codings() {
        static const Pattern coding(TOKEN "(?:[ \\t]*;[ \\t]*" TOKEN "=(?:" TOKEN "|" QUOTED "))*");
        if (count_of(request_.fields, "transfer-encoding") == 0) return true;
        request_.codings = elements_of(request_.fields, "transfer-encoding");
        const std::vector<std::string>& codings = request_.codings;
        if (!request_.length.empty()) return ambiguous("a length and a coding");
        if (request_.minor == 0) return ambiguous("a coding in HTTP/1.0");
        if (codings.empty() || codings.back() != "chunked") return ambiguous("chunked is not last");
        for (const std::string& name : codings) {
            if (!coding.matches(name)) return ambiguous("no coding");
            const bool last = &name == &codings.back();
            if (!last && name.starts_with("chunked")) return ambiguous("chunked twice");
        }
        return true;
    }

    bool read_body() {
        request_.size = request_.head_size;
        if (request_.chunked()) return read_chunks();
        if (request_.length.empty()) return true;
        size_t length = 0;
        const char* const end = request_.length.data() + request_.length.size();
        const auto parsed = std::from_chars(request_.length.data(), end, length);
        if (parsed.ec != std::errc() || length > bytes_.size() - request_.size) {
            return ends(Kind::incomplete, "the body has not come");
        }
        request_.body = bytes_.substr(request_.size, length);
        request_.size += length;
        return true;
    }

    // RFC 9112 7.1.
    bool read_chunks() {
        static const Pattern head("([0-9A-Fa-f]+)(" EXTENSIONS ")\r\n");
        static const Pattern loose("([0-9A-Fa-f]+)(;" CONTENT ")\r\n");
        for (;;) {
            const std::string_view rest = bytes_.substr(request_.size);
            std::string digits;
            std::string extensions;
            if (!head.begins(rest, &digits, &extensions)) {
                if (!loose.begins(rest, &digits, &extensions)) return no_chunk(rest);
                tolerate("an extension that is dropped was none");
            }
            request_.longest_size = std::max(request_.longest_size, digits.size());
            request_.longest_extension = std::max(request_.longest_extension, extensions.size());
            if (extensions.starts_with(' ') || extensions.starts_with('\t')) {
                request_.blank_before_extension = true;
            }
            request_.size += digits.size() + extensions.size() + 2;
            if (digits.find_first_not_of('0') == std::string::npos) return read_trailers();
            if (!read_chunk(digits)) return false;
        }
    }

    // Either the line has not come, or it is none.
    bool no_chunk(std::string_view rest) {
        static const Pattern begun("[0-9A-Fa-f]*(?:[ \\t]*;" CONTENT ")?[ \\t]*\r?");
        return begun.matches(rest) ? ends(Kind::incomplete, "half a chunk's head")
                                   : ambiguous("no chunk");
    }

    bool read_chunk(std::string_view digits) {
        size_t length = 0;
        const auto parsed = std::from_chars(digits.begin(), digits.end(), length, 16);
        const size_t left = bytes_.size() - request_.size;
        if (parsed.ec != std::errc() || length > left) {
            return ends(Kind::incomplete, "half a chunk");
        }
        request_.body += bytes_.substr(request_.size, length);
        const std::string_view end = bytes_.substr(request_.size + length, 2);
        if (end != std::string_view("\r\n").substr(0, end.size())) {
            return ambiguous("no line end behind a chunk");
        }
        request_.size += length + end.size();
        return end.size() == 2 || ends(Kind::incomplete, "half a chunk");
    }

    bool read_trailers() {
        for (;;) {
            const size_t end = bytes_.find("\r\n", request_.size);
            if (end == std::string_view::npos) return ends(Kind::incomplete, "half a trailer");
            const std::string_view line = bytes_.substr(request_.size, end - request_.size);
            request_.size = end + 2;
            if (line.empty()) return true;
            if (!add_field(line, request_.trailers)) return ambiguous("no trailer field");
        }
    }

    std::string_view bytes_;
    RfcRequest request_;
};

}  // namespace

RfcRequest read_rfc_request(std::string_view bytes) {
    return Reader(bytes).read();
}

std::optional<std::string> only_field(const Fields& fields, std::string_view name) {
    std::optional<std::string> found;
    for (const auto& [field, value] : fields) {
        if (lower_case(field) != name) continue;
        if (found) return std::nullopt;
        found = value;
    }
    return found;
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return out;
}

}  // namespace sluice::fuzz
