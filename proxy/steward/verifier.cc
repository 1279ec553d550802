// Verification in the order of cost: numbers, seals, digest, bytes, regular expressions.
#include "proxy/steward/verifier.h"

#include <utility>

#include "proxy/route/regexes.h"
#include "table/builder.h"

namespace sluice::steward {
namespace {

using table::Refusal;
using table::Segment;

tl::unexpected<Refusal> refusal(Reason reason, std::string message) {
    return tl::unexpected<Refusal>(Refusal{reason, std::move(message)});
}

const char* name_of(Segment segment) {
    switch (segment) {
        case Segment::routes:
            return "routes";
        case Segment::endpoints:
            return "endpoints";
        case Segment::secrets:
            return "secrets";
        case Segment::rule_slots:
        case Segment::endpoint_slots:
            break;
    }
    return "unknown";
}

tl::unexpected<Refusal> about(Segment segment, Reason reason, const std::string& message) {
    return refusal(reason, std::string(name_of(segment)) + ": " + message);
}

tl::expected<table::Mapping, Refusal> map(Segment segment, int fd, uint64_t digest) {
    auto mapping = table::Mapping::map(fd);
    if (!mapping) return about(segment, mapping.error().reason, mapping.error().message);
    if (table::digest(mapping->bytes()) != digest) {
        return about(segment, Reason::table_corrupt, "the bytes are not those of the digest");
    }
    return std::move(*mapping);
}

// The message is for people who look for their pattern: enough of it to find it.
std::string excerpt(std::string_view pattern) {
    constexpr size_t kExcerptBytes = 120;
    if (pattern.size() <= kExcerptBytes) return std::string(pattern);
    return std::string(pattern.substr(0, kExcerptBytes)) + "…";
}

}  // namespace

tl::expected<Verified, Refusal> Verifier::verify(
    const table::Message& publish, const std::vector<table::Descriptor>& fds
) {
    Verified verified;
    Patterns patterns;
    size_t next = 0;
    for (size_t i = 0; i < table::kPublishedSegments; ++i) {
        const auto segment = static_cast<Segment>(i);
        if ((publish.segments >> i & 1) == 0) {
            // Both sides must mean the same table by what is not sent.
            if (publish.digests[i] == digests_[i]) continue;
            return about(segment, Reason::table_bad_reference, "not sent, and not what runs");
        }
        if (segment == Segment::secrets) {
            return about(segment, Reason::table_bad_value, "this version serves none");
        }
        if (next == fds.size())
            return refusal(Reason::message_malformed, "a descriptor is missing");
        auto mapping = map(segment, fds[next++].get(), publish.digests[i]);
        if (!mapping) return tl::unexpected<Refusal>(mapping.error());
        if (segment == Segment::routes) {
            auto found = verify_routes(mapping->bytes());
            if (!found) return tl::unexpected<Refusal>(std::move(found.error()));
            patterns = std::move(*found);
            verified.routes = std::move(*mapping);
            continue;
        }
        const auto view = table::EndpointsView::verify(mapping->bytes());
        if (!view) return about(segment, view.error().reason, view.error().message);
        verified.endpoints = std::move(*mapping);
    }
    for (size_t i = 0; i < table::kPublishedSegments; ++i) digests_[i] = publish.digests[i];
    if (verified.routes) patterns_ = std::move(patterns);
    return verified;
}

tl::expected<Verifier::Patterns, Refusal> Verifier::verify_routes(std::span<const std::byte> bytes
) const {
    const auto view = table::RoutesView::verify(bytes);
    if (!view) return about(Segment::routes, view.error().reason, view.error().message);
    Patterns patterns;
    for (const table::Regex& regex : view->regexes()) {
        const auto [place, is_new] = patterns.emplace(view->text(regex.pattern));
        if (!is_new || patterns_.contains(*place)) continue;
        const std::string why = route::why_refused(*place);
        if (why.empty()) continue;
        return about(
            Segment::routes,
            Reason::table_bad_value,
            "regular expression \"" + excerpt(*place) + "\": " + why
        );
    }
    return patterns;
}

}  // namespace sluice::steward
