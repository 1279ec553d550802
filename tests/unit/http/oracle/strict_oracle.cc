// The second opinion. It shares no code with proxy/http but the limits.
#include "tests/unit/http/oracle/strict_oracle.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cstdlib>

#include "table/limits.h"

namespace sluice::http::oracle {
namespace {

constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if ('A' <= c && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

bool made_of(std::string_view text, std::string_view alphabet) {
    return text.find_first_not_of(alphabet) == std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && made_of(text, std::string(kAlphanumeric) + "!#$%&'*+-.^_`|~");
}

bool is_digits(std::string_view text) {
    return !text.empty() && made_of(text, "0123456789");
}

bool is_field_content(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const int byte = static_cast<unsigned char>(c);
        return byte == 9 || (byte >= 32 && byte != 127);
    });
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
    std::vector<std::string> parts;
    size_t from = 0;
    for (size_t at = text.find(by); at != std::string_view::npos; at = text.find(by, from)) {
        parts.emplace_back(text.substr(from, at - from));
        from = at + by.size();
    }
    parts.emplace_back(text.substr(from));
    return parts;
}

std::string trim(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::vector<std::string> values_of(const Verdict& verdict, std::string_view name) {
    std::vector<std::string> values;
    for (const auto& [field, value] : verdict.fields) {
        if (lower(field) == name) values.push_back(value);
    }
    return values;
}

bool says(const Verdict& verdict, std::string_view name, std::string_view option) {
    for (const std::string& value : values_of(verdict, name)) {
        for (const std::string& element : split(value, ",")) {
            if (lower(trim(element)) == option) return true;
        }
    }
    return false;
}

bool read_field(std::string_view line, Verdict& verdict) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name) || name.find('_') != std::string_view::npos) return false;
    if (name.ends_with('.')) return false;
    if (name.size() > limits::kFieldNameBytes) return false;
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    if (value.size() > limits::kFieldValueBytes || !is_field_content(value)) return false;
    verdict.fields.emplace_back(name, trim(value));
    return verdict.fields.size() <= limits::kHeadFields;
}

bool read_framing(Verdict& verdict, bool is_old) {
    const std::vector<std::string> lengths = values_of(verdict, "content-length");
    const std::vector<std::string> codings = values_of(verdict, "transfer-encoding");
    if (lengths.size() + codings.size() > 1) return false;
    for (const std::string& coding : codings) {
        if (is_old || lower(coding) != "chunked") return false;
        verdict.chunked = true;
    }
    for (const std::string& length : lengths) {
        if (!is_digits(length) || length.size() > 15) return false;
        if (length != std::to_string(std::strtoull(length.c_str(), nullptr, 10))) return false;
        verdict.length = std::strtoull(length.c_str(), nullptr, 10);
        if (*verdict.length > limits::kBodyBytes) return false;
    }
    return true;
}

bool is_name(std::string name) {
    if (name.ends_with('.')) name.pop_back();
    if (name.empty() || name.size() > limits::kHostBytes) return false;
    for (const std::string& label : split(name, ".")) {
        if (label.empty() || !made_of(label, std::string(kAlphanumeric) + "-_")) return false;
    }
    return true;
}

std::optional<std::string> host_of(const std::string& authority) {
    std::string host = authority;
    const size_t colon = authority.rfind(':');
    const size_t bracket = authority.rfind(']');
    const bool has_port =
        colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
    if (has_port) {
        const std::string port = authority.substr(colon + 1);
        host = authority.substr(0, colon);
        if (!is_digits(port) || port.size() > 5 || port[0] == '0') return std::nullopt;
        if (std::stoi(port) > 65535) return std::nullopt;
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        const std::string inner = host.substr(1, host.size() - 2);
        in6_addr address;
        if (inner.find('\0') != std::string::npos) return std::nullopt;
        if (inet_pton(AF_INET6, inner.c_str(), &address) != 1) return std::nullopt;
        return lower(host);
    }
    if (!is_name(host)) return std::nullopt;
    if (host.ends_with('.')) host.pop_back();
    return lower(host);
}

// Path of the target, and the authority of an absolute form.
bool read_target(Verdict& verdict, std::string& authority) {
    const std::string& target = verdict.target;
    if (target.empty() || target.size() > limits::kTargetBytes) return false;
    for (const char c : target) {
        if (c < '!' || c > '~' || c == '#') return false;
    }
    const bool is_options = verdict.method == "OPTIONS";
    if (target == "*") {
        verdict.path = "*";
        return is_options;
    }
    std::string rest = target;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!lower(target).starts_with(scheme)) continue;
        rest = target.substr(scheme.size());
        authority = rest.substr(0, rest.find_first_of("/?"));
        rest = rest.substr(authority.size());
        if (authority.empty()) return false;
        if (rest.empty() && is_options) {
            verdict.path = "*";
            return true;
        }
        if (!rest.starts_with('/')) rest = "/" + rest;
    }
    if (!rest.starts_with('/')) return false;
    const std::optional<std::string> path = canonical(rest.substr(0, rest.find('?')));
    if (path) verdict.path = *path;
    return path.has_value();
}

bool is_method(const std::string& method) {
    if (!is_token(method) || method.size() > limits::kMethodBytes || method == "CONNECT")
        return false;
    for (const std::string_view standard :
         {"get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"}) {
        if (lower(method) != standard) continue;
        return std::none_of(method.begin(), method.end(), [](char c) { return c >= 'a'; });
    }
    return true;
}

// Lines of a whole head; verdict.kind is incomplete when its end has not come.
std::vector<std::string> lines_of(std::string_view bytes, Verdict& verdict) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        verdict.kind = Verdict::Kind::incomplete;
        return {};
    }
    verdict.size = end + 4;
    if (verdict.size > limits::kHeadBytes) return {};
    std::vector<std::string> lines = split(bytes.substr(0, end), "\r\n");
    for (const std::string& line : lines) {
        if (line.find_first_of("\r\n") != std::string::npos) return {};
    }
    return lines;
}

bool read_fields(const std::vector<std::string>& lines, Verdict& verdict) {
    for (size_t i = 1; i < lines.size(); ++i) {
        if (!read_field(lines[i], verdict)) return false;
    }
    return true;
}

bool read_host(Verdict& verdict, const std::string& absolute, bool is_old) {
    std::vector<std::string> hosts = values_of(verdict, "host");
    if (hosts.size() > 1 || (hosts.empty() && !is_old)) return false;
    if (hosts.empty() && !absolute.empty()) hosts.push_back(absolute);
    if (hosts.empty()) return true;
    if (!absolute.empty() && lower(absolute) != lower(hosts[0])) return false;
    const std::optional<std::string> host = host_of(hosts[0]);
    if (host) verdict.host = *host;
    return host.has_value();
}

bool accept_request(const std::vector<std::string>& lines, Verdict& verdict) {
    const std::vector<std::string> parts = split(lines[0], " ");
    if (parts.size() != 3 || !is_method(parts[0])) return false;
    const bool is_old = parts[2] == "HTTP/1.0";
    if (!is_old && parts[2] != "HTTP/1.1") return false;
    verdict.method = parts[0];
    verdict.target = parts[1];
    std::string absolute;
    if (!read_target(verdict, absolute) || !read_fields(lines, verdict)) return false;
    if (!read_framing(verdict, is_old) || !read_host(verdict, absolute, is_old)) return false;
    const std::vector<std::string> expectations = values_of(verdict, "expect");
    if (expectations.size() > 1) return false;
    if (!expectations.empty() && lower(expectations[0]) != "100-continue") return false;
    verdict.keep_alive = !says(verdict, "connection", "close") &&
                         (!is_old || says(verdict, "connection", "keep-alive"));
    return true;
}

bool accept_response(const std::vector<std::string>& lines, Verdict& verdict) {
    const std::string& line = lines[0];
    const bool is_old = line.starts_with("HTTP/1.0 ");
    if (line.size() < 13 || (!is_old && !line.starts_with("HTTP/1.1 "))) return false;
    const std::string code = line.substr(9, 3);
    if (!is_digits(code) || line[12] != ' ') return false;
    verdict.status = std::stoi(code);
    if (verdict.status < 100 || verdict.status > 599) return false;
    const std::string phrase = line.substr(13);
    if (!is_field_content(phrase) || phrase.size() > limits::kFieldValueBytes) return false;
    return read_fields(lines, verdict) && read_framing(verdict, is_old);
}

}  // namespace

std::optional<std::string> canonical(std::string_view path) {
    std::vector<std::string> kept;
    bool ends_with_slash = true;
    for (const std::string& raw : split(path.substr(1), "/")) {
        std::string segment;
        for (size_t i = 0; i < raw.size(); ++i) {
            if (raw[i] == '\\') return std::nullopt;
            if (raw[i] != '%') {
                segment += raw[i];
                continue;
            }
            const std::string hex = raw.substr(i + 1, 2);
            if (hex.size() != 2 || !made_of(hex, "0123456789abcdefABCDEF")) return std::nullopt;
            const auto c = static_cast<char>(std::stoi(hex, nullptr, 16));
            const auto byte = static_cast<unsigned char>(c);
            if (byte < 32 || byte == 127 || c == '/' || c == '\\') return std::nullopt;
            i += 2;
            if (made_of(std::string(1, c), std::string(kAlphanumeric) + "-._~")) {
                segment += c;
            } else {
                segment += '%';
                for (const char digit : hex) segment += static_cast<char>(std::toupper(digit));
            }
        }
        for (const std::string_view hidden : {".;", "..;", ".%3B", "..%3B"}) {
            if (segment.starts_with(hidden)) return std::nullopt;
        }
        ends_with_slash = segment.empty() || segment == "." || segment == "..";
        if (segment == "..") {
            if (kept.empty()) return std::nullopt;
            kept.pop_back();
        }
        if (!ends_with_slash) kept.push_back(segment);
    }
    std::string out;
    for (const std::string& segment : kept) out += "/" + segment;
    if (ends_with_slash) out += "/";
    if (kept.size() + (ends_with_slash ? 1 : 0) > limits::kPathSegments) return std::nullopt;
    return out;
}

Verdict judge_request(std::string_view bytes) {
    Verdict verdict;
    const std::vector<std::string> lines = lines_of(bytes, verdict);
    if (!lines.empty() && accept_request(lines, verdict)) verdict.kind = Verdict::Kind::accepted;
    return verdict;
}

Verdict judge_response(std::string_view bytes) {
    Verdict verdict;
    const std::vector<std::string> lines = lines_of(bytes, verdict);
    if (!lines.empty() && accept_response(lines, verdict)) verdict.kind = Verdict::Kind::accepted;
    return verdict;
}

}  // namespace sluice::http::oracle
