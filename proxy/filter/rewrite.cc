// URL rewrite and redirect: the canonical path, with its matched prefix or all of it replaced, and
// the authority or Location around it. Results that need no new bytes are views into the head or
// the table.
#include "proxy/filter/rewrite.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <span>

namespace sluice::filter {
namespace {

// A text in parts; the parts are joined only when all are known, so the scratch is taken once.
using Parts = std::initializer_list<std::string_view>;

std::optional<std::string_view> join(Parts parts, http::Scratch& scratch) {
    size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    char* const begin = scratch.take(size);
    if (begin == nullptr) return std::nullopt;
    char* at = begin;
    for (const std::string_view part : parts) at = std::copy(part.begin(), part.end(), at);
    return std::string_view(begin, size);
}

// A path as beginning and rest: neither copy nor join for what is kept.
struct Path {
    std::string_view begin;
    std::string_view rest;
};

// The rest behind an element prefix is empty or begins with '/', so a replacement without its
// trailing slashes joins without "//", and only a wholly empty result needs a slash.
Path replace_prefix(std::string_view path, size_t prefix_length, std::string_view replacement) {
    const std::string_view rest = path.substr(std::min(prefix_length, path.size()));
    const size_t last = replacement.find_last_not_of('/');
    const std::string_view begin =
        last == std::string_view::npos ? std::string_view() : replacement.substr(0, last + 1);
    if (begin.empty() && rest.empty()) return {"/", {}};
    return {begin, rest};
}

// "OPTIONS *" has no path to replace.
Path new_path(
    table::RewriteKind kind,
    std::string_view path,
    const table::Match& match,
    std::string_view replacement
) {
    if (!path.starts_with('/')) return {path, {}};
    switch (kind) {
        case table::RewriteKind::prefix:
            return replace_prefix(path, match.path_length, replacement);
        case table::RewriteKind::full:
            return {replacement.empty() ? std::string_view("/") : replacement, {}};
        case table::RewriteKind::none:
            break;
    }
    return {path, {}};
}

std::string_view question_mark(const http::RequestHead& head) {
    return head.has_query ? std::string_view("?") : std::string_view();
}

// ":8080" of an authority, or "". IPv6 literals have colons inside their brackets only.
std::string_view port_of(std::string_view authority) {
    const size_t colon = authority.rfind(':');
    const size_t bracket = authority.rfind(']');
    if (colon == std::string_view::npos) return {};
    if (bracket != std::string_view::npos && bracket > colon) return {};
    return colon + 1 == authority.size() ? std::string_view() : authority.substr(colon);
}

bool is_default_port(std::string_view scheme, std::string_view colon_port) {
    return (scheme == "http" && colon_port == ":80") || (scheme == "https" && colon_port == ":443");
}

// Of a redirect: the port that it names; else, when the scheme changes by name, that scheme's own;
// else the one the client used, which is the listener's as seen from outside. A scheme's own port
// is never written.
std::string_view redirect_port(
    const table::Redirect& redirect,
    std::string_view scheme,
    std::string_view authority,
    std::span<char, 8> room
) {
    std::string_view port;
    if (redirect.port != 0) {
        room[0] = ':';
        const auto end = std::to_chars(room.data() + 1, room.data() + room.size(), redirect.port);
        port = {room.data(), static_cast<size_t>(end.ptr - room.data())};
    } else if (redirect.scheme.length == 0) {
        port = port_of(authority);
    }
    return is_default_port(scheme, port) ? std::string_view() : port;
}

}  // namespace

Target rewrite(
    const table::RoutesView& routes,
    const table::Rule& rule,
    const table::Match& match,
    const http::RequestHead& head,
    http::Scratch& scratch
) {
    Target result{head.target, head.authority, Reason::ok};
    const table::Conduct& conduct = routes.conduct_of(rule);
    if (conduct.rewrite_host.length != 0) result.authority = routes.text(conduct.rewrite_host);
    if (conduct.rewrite_kind == table::RewriteKind::none && head.target_is_canonical) return result;
    const std::string_view replacement = routes.text(conduct.rewrite_path);
    const Path path = new_path(conduct.rewrite_kind, head.path, match, replacement);
    const auto target = join({path.begin, path.rest, question_mark(head), head.query}, scratch);
    if (!target) return {{}, {}, Reason::head_too_large};
    result.target = *target;
    return result;
}

Location redirect(
    const table::RoutesView& routes,
    const table::Rule& rule,
    const table::Match& match,
    const http::RequestHead& head,
    std::string_view scheme,
    http::Scratch& scratch
) {
    const table::Redirect& wanted = routes.redirects()[routes.conduct_of(rule).redirect];
    const std::string_view from_path = head.path.starts_with('/') ? head.path : "/";
    const Path path = new_path(wanted.path_kind, from_path, match, routes.text(wanted.path));
    const std::string_view to_host = wanted.host.length != 0 ? routes.text(wanted.host) : head.host;
    const std::string_view to_scheme =
        wanted.scheme.length != 0 ? routes.text(wanted.scheme) : scheme;
    std::array<char, 8> room;
    const std::string_view port = redirect_port(wanted, to_scheme, head.authority, room);
    const std::string_view mark = question_mark(head);
    // HTTP/1.0 without Host leaves nothing to be absolute about; RFC 9110 10.2.2 allows a path
    // alone.
    const auto location =
        to_host.empty()
            ? join({path.begin, path.rest, mark, head.query}, scratch)
            : join(
                  {to_scheme, "://", to_host, port, path.begin, path.rest, mark, head.query},
                  scratch
              );
    if (!location) return {{}, wanted.status, Reason::head_too_large};
    return {*location, wanted.status, Reason::ok};
}

}  // namespace sluice::filter
