// Words for a 404. Bounded work (distances computed), because refusals are what an attacker can
// make most of; plain bytes out, because paths and hosts come from the client.
#include "proxy/route/near_miss.h"

#include <algorithm>

#include "proxy/route/beginnings.h"
#include "proxy/route/closest.h"

namespace sluice::route {
namespace {

// Appends until the room is used up. Bytes outside printable ASCII and quotes become '?', so the
// sentence can stand in a log line, a header or a JSON string.
class Sentence {
public:
    Sentence(char* out, size_t capacity) : out_(out), capacity_(capacity) {}

    Sentence& operator<<(std::string_view text) {
        for (const char c : text.substr(0, capacity_ - length_)) {
            const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
            out_[length_++] = plain ? c : '?';
        }
        return *this;
    }
    // A text of the client's or of a rule, cut so that the rest of the sentence keeps its room.
    Sentence& name(std::string_view text) {
        if (text.size() <= kMostNamed) return *this << text;
        return *this << text.substr(0, kMostNamed) << "...";
    }
    size_t length() const { return length_; }

private:
    static constexpr size_t kMostNamed = 128;
    char* out_;
    size_t capacity_;
    size_t length_ = 0;
};

// Why the candidates of a known path gave way.
enum class Refusing { nothing, method, conditions };

constexpr uint32_t kMostCandidates = 1000;

bool takes_method(
    const table::RoutesView& routes, const table::Match& match, std::string_view method
) {
    const auto all = routes.predicates_of(match);
    return std::none_of(all.begin(), all.end(), [&](const table::Predicate& predicate) {
        return predicate.kind == table::PredicateKind::method &&
               routes.text(predicate.value) != method;
    });
}

// A candidate that takes the method was refused by something else, and that is then the better
// hint.
Refusing what_refuses(
    const table::RoutesView& routes, const table::Host& host, const http::RequestHead& head
) {
    Refusing refusing = Refusing::nothing;
    uint32_t left = kMostCandidates;
    const auto look_at = [&](const table::Match& match) {
        const bool method_fits = takes_method(routes, match, head.method);
        if (method_fits) refusing = Refusing::conditions;
        if (refusing == Refusing::nothing) refusing = Refusing::method;
        return method_fits || --left == 0;
    };
    const Beginnings beginnings(routes, head.path);
    const table::Path* const whole = beginnings.whole(host);
    if (whole != nullptr && routes.any_match(*whole, table::PathKind::exact, look_at)) {
        return refusing;
    }
    beginnings.any_prefix(host, [&](const table::Path& path) {
        return routes.any_match(path, table::PathKind::prefix, look_at);
    });
    return refusing;
}

void say_refusing(Sentence& say, Refusing refusing, const http::RequestHead& head) {
    say << "path ";
    say.name(head.path) << " is known here, but ";
    if (refusing == Refusing::method) {
        say << "not with method ";
        say.name(head.method);
    } else {
        say << "not with these headers or query parameters";
    }
}

}  // namespace

size_t near_miss(
    const table::RoutesView& routes, const http::RequestHead& head, char* out, size_t capacity
) {
    Sentence say(out, capacity);
    const table::Host* const hosts[] = {
        routes.find_exact(head.host), routes.find_wildcard(head.host), routes.any_host()
    };
    Refusing refusing = Refusing::nothing;
    const table::Host* most_specific = nullptr;
    for (const table::Host* host : hosts) {
        if (host == nullptr) continue;
        if (most_specific == nullptr) most_specific = host;
        if (refusing == Refusing::nothing) refusing = what_refuses(routes, *host, head);
    }
    if (most_specific == nullptr) {
        if (head.host.empty()) {
            say << "the request names no host, and no route takes any host";
        } else {
            say << "no route has host ";
            say.name(head.host);
        }
        return say.length();
    }
    if (refusing != Refusing::nothing) {
        say_refusing(say, refusing, head);
        return say.length();
    }
    say << "no route of this host has path ";
    say.name(head.path);
    const std::string_view closest = closest_path(routes, *most_specific, head.path);
    if (!closest.empty()) {
        say << "; the closest is ";
        say.name(closest);
        if (differs_in_case_only(head.path, closest)) say << " (upper and lower case differ)";
    }
    return say.length();
}

}  // namespace sluice::route
