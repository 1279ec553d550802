// The list. An entry's test looks at the oracle's reading alone.
#include "tests/fuzz/oracle/kept_out.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>

#include "table/limits.h"

namespace sluice::fuzz {
namespace {

bool is_standard(const std::string& lower) {
    static const std::vector<std::string> kNames{
        "get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"
    };
    return std::ranges::find(kNames, lower) != kNames.end();
}

bool is_http(const RfcRequest& request) {
    return request.authority.has_value();
}

// What names a host for us: letters, digits, '-', '_' in labels, or an IPv6 address in brackets,
// with a port from 1 to 65535 or none.
bool is_usable_host(const std::string& text) {
    std::string name = text;
    const size_t bracket = text.rfind(']');
    const size_t colon = text.rfind(':');
    if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
        const std::string port = text.substr(colon + 1);
        name = text.substr(0, colon);
        if (port.empty() || port.size() > 5 || port[0] == '0') return false;
        if (std::atoi(port.c_str()) > 65535) return false;
    }
    if (name.starts_with('[')) {
        in6_addr address;
        return inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &address) == 1;
    }
    if (name.ends_with('.')) name.pop_back();
    if (name.empty() || name.size() > limits::kHostBytes) return false;
    if (name.starts_with('.') || name.ends_with('.')) return false;
    if (name.find("..") != std::string::npos) return false;
    return std::ranges::all_of(name, [](char c) {
        return c == '-' || c == '_' || c == '.' || (c >= '0' && c <= '9') ||
               (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
}

std::string path_of(const RfcRequest& request) {
    std::string rest = request.target.substr(0, request.target.find('?'));
    if (is_http(request)) {
        const size_t slash = rest.find('/', rest.find("//") + 2);
        rest = slash == std::string::npos ? "/" : rest.substr(slash);
    }
    return rest;
}

// A path that some server would read as another: it has an escape of what must not be escaped, a
// backslash, a parameter on a dot segment, or climbs above the root.
bool is_contested_path(const RfcRequest& request) {
    const std::string path = lower_case(path_of(request));
    for (const char* shape :
         {"\\",
          "%2f",
          "%5c",
          "%0",
          "%1",
          "%7f",
          ".;",
          ".%3b",
          "%2e;",
          "%2e%3b",
          "..",
          ".%2e",
          "%2e.",
          "%2e%2e"}) {
        if (path.find(shape) != std::string::npos) return true;
    }
    const auto is_hex = [&path](size_t at) {
        return at < path.size() && std::isxdigit(static_cast<unsigned char>(path[at])) != 0;
    };
    for (size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at + 1)) {
        if (!is_hex(at + 1) || !is_hex(at + 2)) return true;
    }
    return static_cast<size_t>(std::ranges::count(path, '/')) > limits::kPathSegments;
}

bool any_field(const Fields& fields, bool (*holds)(const std::string&, const std::string&)) {
    return std::ranges::any_of(fields, [&](const auto& field) {
        return holds(field.first, field.second);
    });
}

bool is_long_field(const std::string& name, const std::string& value) {
    // Blanks behind the value count too, and are gone here: within this much it may be the cause.
    return name.size() > limits::kFieldNameBytes || value.size() > limits::kFieldValueBytes;
}

bool has_large_number(const RfcRequest& request) {
    const std::string& length = request.length;
    return !length.empty() && std::strtoull(length.c_str(), nullptr, 10) > limits::kBodyBytes;
}

struct Entry {
    Reason reason;
    bool (*holds)(const RfcRequest&);
};

const Entry kList[] = {
    // Other versions have other rules; a method in the wrong case is another method to some.
    {Reason::bad_version, [](const RfcRequest& r) { return r.major != 1 || r.minor > 1; }},
    {Reason::bad_request_line, [](const RfcRequest& r) { return r.major != 1; }},
    {Reason::bad_method,
     [](const RfcRequest& r) {
         return r.method.size() > limits::kMethodBytes || is_standard(lower_case(r.method));
     }},
    // We are no proxy for other origins: no tunnels, no schemes but our own.
    {Reason::connect_unsupported, [](const RfcRequest& r) { return r.method == "CONNECT"; }},
    {Reason::bad_target,
     [](const RfcRequest& r) { return r.target[0] != '/' && r.target != "*" && !is_http(r); }},
    // Servers disagree about what such a path means, so access rules could be walked around.
    {Reason::bad_path, is_contested_path},
    // The absolute form may contradict Host by the RFC; a name in neither is not served anyway.
    {Reason::host_mismatch,
     [](const RfcRequest& r) {
         return r.authority && r.host && lower_case(*r.authority) != lower_case(*r.host);
     }},
    {Reason::bad_host,
     [](const RfcRequest& r) {
         const auto unusable = [](const std::optional<std::string>& host) {
             return host && !is_usable_host(*host);
         };
         return unusable(r.host) || unusable(r.authority);
     }},
    // Applications read '_' as '-', and some leave a dot at the end out, so x_forwarded_for and
    // x-forwarded-for. would be aliases of a field that we vouch for.
    {Reason::bad_field_name,
     [](const RfcRequest& r) {
         return any_field(r.fields, [](const std::string& name, const std::string&) {
             return name.find('_') != std::string::npos || name.ends_with('.');
         });
     }},
    // 007 is seven to us and an octal number to others.
    {Reason::bad_content_length,
     [](const RfcRequest& r) { return r.length.size() > 1 && r.length[0] == '0'; }},
    {Reason::body_too_large, has_large_number},
    // Codings below chunked would have to be undone before a body can be read.
    {Reason::bad_transfer_encoding,
     [](const RfcRequest& r) { return r.codings.size() > 1 || r.chunked(); }},
    {Reason::bad_expectation,
     [](const RfcRequest& r) {
         return lower_case(only_field(r.fields, "expect").value_or("")) != "100-continue";
     }},
    {Reason::bad_chunk,
     [](const RfcRequest& r) {
         return r.longest_size > limits::kChunkSizeDigits || r.blank_before_extension ||
                r.longest_extension > limits::kChunkExtensionBytes;
     }},
    {Reason::bad_trailer,
     [](const RfcRequest& r) {
         size_t bytes = 0;
         for (const auto& [name, value] : r.trailers) bytes += name.size() + value.size() + 3;
         return r.trailers.size() > limits::kTrailerFields || bytes > limits::kTrailerBytes / 2 ||
                any_field(r.trailers, [](const std::string& name, const std::string& value) {
                    return name.find('_') != std::string::npos || name.ends_with('.') ||
                           is_long_field(name, value);
                });
     }},
    {Reason::target_too_long,
     [](const RfcRequest& r) { return r.target.size() > limits::kTargetBytes; }},
    {Reason::too_many_fields,
     [](const RfcRequest& r) { return r.fields.size() > limits::kHeadFields; }},
    {Reason::head_too_large,
     [](const RfcRequest& r) {
         return r.head_size > limits::kFieldValueBytes || any_field(r.fields, is_long_field);
     }},
};

}  // namespace

bool is_kept_out(Reason reason, const RfcRequest& request) {
    return std::ranges::any_of(kList, [&](const Entry& entry) {
        return entry.reason == reason && entry.holds(request);
    });
}

}  // namespace sluice::fuzz
