// Canonical rule paths, by the same rules that proxy/http/path.h states for requests; and the list
// of known AI paths.
#include "controller/compile/path.h"

#include <algorithm>
#include <array>

#include "table/limits.h"

namespace sluice::compile {
namespace {

using Failure = tl::unexpected<std::string>;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_unreserved(unsigned char c) {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || c == '-' || c == '.' || c == '_' || c == '~';
}

bool is_control(unsigned char c) {
    return c < 0x20 || c == 0x7f;
}

void append_escaped(std::string& out, unsigned char c) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    out += '%';
    out += kHex[c >> 4];
    out += kHex[c & 15];
}

// Why a byte that is written as an escape may not stand in a path; "" when it may.
std::string_view escape_complaint(unsigned char c) {
    if (is_control(c)) return "must not hold an escaped control byte";
    if (c == '/' || c == '\\') return "must not hold an escaped slash or backslash";
    return {};
}

std::string_view plain_complaint(unsigned char c) {
    if (is_control(c)) return "must not hold control bytes";
    if (c == '\\') return "must not hold a backslash";
    if (c == '?' || c == '#') return "must not hold '?' or '#': a path ends before them";
    return {};
}

tl::expected<std::string, std::string> normalize_escapes(std::string_view path) {
    std::string out;
    out.reserve(path.size());
    for (size_t i = 0; i < path.size(); ++i) {
        const auto byte = static_cast<unsigned char>(path[i]);
        if (byte != '%') {
            const std::string_view complaint = plain_complaint(byte);
            if (!complaint.empty()) return Failure(std::string(complaint));
            if (byte == ' ' || byte >= 0x80) {
                append_escaped(out, byte);
            } else {
                out += path[i];
            }
            continue;
        }
        const int high = path.size() - i < 3 ? -1 : hex_value(path[i + 1]);
        const int low = high < 0 ? -1 : hex_value(path[i + 2]);
        if (low < 0) return Failure("holds a '%' that is not followed by two hex digits");
        const auto escaped = static_cast<unsigned char>(high * 16 + low);
        const std::string_view complaint = escape_complaint(escaped);
        if (!complaint.empty()) return Failure(std::string(complaint));
        i += 2;
        if (is_unreserved(escaped)) {
            out += static_cast<char>(escaped);
        } else {
            append_escaped(out, escaped);
        }
    }
    return out;
}

// ".", ".." and "..;x", which some servers cut to "..".
bool is_dot_segment(std::string_view segment) {
    const size_t dots = std::min(segment.find_first_not_of('.'), segment.size());
    if (dots != 1 && dots != 2) return false;
    const std::string_view rest = segment.substr(dots);
    return rest.empty() || rest.starts_with(';') || rest.starts_with("%3B");
}

std::string_view segments_complaint(std::string_view path) {
    size_t count = 0;
    for (size_t start = 1; start <= path.size(); ++count) {
        const size_t end = std::min(path.find('/', start), path.size());
        const std::string_view segment = path.substr(start, end - start);
        if (segment.empty() && end < path.size()) return "must not hold '//'";
        if (is_dot_segment(segment)) return "must not hold the segments '.' and '..'";
        start = end + 1;
    }
    if (count > limits::kPathSegments) return "has more segments than any request may have";
    return {};
}

// OpenAI, Anthropic, KServe v1 and v2, and the engines' own.
constexpr std::array<std::string_view, 18> kAiPaths{
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/audio/translations",
    "/v1/chat/completions",
    "/v1/complete",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/messages",
    "/v1/models",
    "/v1/moderations",
    "/v1/realtime",
    "/v1/rerank",
    "/v1/responses",
    "/v1/score",
    "/v2/models",
    "/v2/repository",
    "/v2/rerank",
};

}  // namespace

tl::expected<std::string, std::string> canonical_rule_path(std::string_view path) {
    if (!path.starts_with('/')) return Failure("must begin with '/'");
    // Checked first, so that work on a hostile path is bounded.
    if (path.size() > limits::kPathBytes) {
        return Failure("has more than " + std::to_string(limits::kPathBytes) + " bytes");
    }
    auto canonical = normalize_escapes(path);
    if (!canonical) return canonical;
    const std::string_view complaint = segments_complaint(*canonical);
    if (!complaint.empty()) return Failure(std::string(complaint));
    if (canonical->size() > limits::kPathBytes) {
        return Failure(
            "has more than " + std::to_string(limits::kPathBytes) + " bytes once it is escaped"
        );
    }
    return canonical;
}

std::string as_prefix(std::string_view canonical) {
    if (canonical.ends_with('/')) canonical.remove_suffix(1);
    return std::string(canonical);
}

bool is_ai_path(std::string_view canonical) {
    return std::any_of(kAiPaths.begin(), kAiPaths.end(), [&](std::string_view known) {
        if (!canonical.starts_with(known)) return false;
        return canonical.size() == known.size() || canonical[known.size()] == '/';
    });
}

}  // namespace sluice::compile
