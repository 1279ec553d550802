// Canonical paths: one look decides whether anything must change; only then the path is rebuilt in
// scratch, escapes first and dot segments after, so that an encoded ".." is resolved like a plain
// one.
#include "proxy/http/path.h"

#include <algorithm>
#include <cstring>

#include "proxy/http/ascii.h"
#include "proxy/http/scan.h"
#include "table/limits.h"

namespace sluice::http {
namespace {

CanonicalPath refused(Reason reason) {
    return {.path = {}, .changed = false, .reason = reason};
}

bool is_forbidden_escape(int value) {
    return value < 0x20 || value == 0x7f || value == '/' || value == '\\';
}

// Copies `raw` to `out` with unreserved escapes decoded and the others in upper case. Returns the
// length written, or 0 when the path is refused: a path is never empty.
size_t normalize_escapes(std::string_view raw, char* out) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    size_t size = 0;
    for (size_t i = 0; i < raw.size(); ++i) {
        const char c = raw[i];
        if (!has_class(c, kVisibleByte) || c == '\\' || c == '?' || c == '#') return 0;
        if (c != '%') {
            out[size++] = c;
            continue;
        }
        if (raw.size() - i < 3) return 0;
        const int high = hex_value(raw[i + 1]);
        const int low = hex_value(raw[i + 2]);
        if (high < 0 || low < 0) return 0;
        const int value = high * 16 + low;
        if (is_forbidden_escape(value)) return 0;
        i += 2;
        if (has_class(static_cast<char>(value), kPlainByte)) {
            out[size++] = static_cast<char>(value);
            continue;
        }
        out[size++] = '%';
        out[size++] = kHex[static_cast<size_t>(high)];
        out[size++] = kHex[static_cast<size_t>(low)];
    }
    return size;
}

// "..;x" is a plain name to us and ".." to servers that cut path parameters off.
bool hides_dots(std::string_view segment) {
    const size_t dots = segment.find_first_not_of('.');
    if (dots != 1 && dots != 2) return false;
    const std::string_view rest = segment.substr(dots);
    return rest.starts_with(';') || rest.starts_with("%3B");
}

// Resolves "." and ".." and merges slashes in place. Returns the new length, 0 when refused.
size_t resolve_segments(char* text, size_t size) {
    size_t written = 0;
    size_t read = 0;
    while (read < size) {
        const size_t start = read + 1;  // text[read] is a slash
        const std::string_view all(text, size);
        const size_t end = std::min(all.find('/', start), size);
        const std::string_view segment = all.substr(start, end - start);
        const bool last = end == size;
        read = end;
        if (hides_dots(segment)) return 0;
        if (segment == "..") {
            if (written == 0) return 0;
            written = std::string_view(text, written).rfind('/');
        }
        if (segment.empty() || segment == "." || segment == "..") {
            if (last) text[written++] = '/';
            continue;
        }
        text[written++] = '/';
        std::memmove(text + written, segment.data(), segment.size());
        written += segment.size();
    }
    return written;
}

bool has_too_many_segments(std::string_view path) {
    if (path.size() <= limits::kPathSegments) return false;
    return static_cast<size_t>(std::count(path.begin(), path.end(), '/')) > limits::kPathSegments;
}

}  // namespace

CanonicalPath canonical_path(std::string_view raw, Scratch& scratch) {
    if (raw.empty() || raw.front() != '/') return refused(Reason::bad_path);
    const TargetScan scan = scan_target(raw.data(), raw.data() + raw.size());
    const bool plain =
        scan.plain && scan.question == nullptr && scan.stop == raw.data() + raw.size();
    if (plain) {
        if (has_too_many_segments(raw)) return refused(Reason::bad_path);
        return {.path = raw};
    }
    char* text = scratch.take(raw.size());
    if (text == nullptr) return refused(Reason::head_too_large);
    size_t size = normalize_escapes(raw, text);
    if (size != 0) size = resolve_segments(text, size);
    const std::string_view path(text, size);
    if (size == 0 || has_too_many_segments(path)) return refused(Reason::bad_path);
    if (path == raw) return {.path = raw};
    return {.path = path, .changed = true};
}

}  // namespace sluice::http
