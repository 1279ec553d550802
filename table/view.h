// Read access to a segment. The steward calls verify() once per segment: bytes, references, order
// and meaning. Workers then attach(): schema hash and sizes only, and read without checks
// (design 10.3). A view borrows the bytes; whoever maps them keeps them mapped for as long as any
// view, span or string_view of it lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "table/layout.h"
#include "table/limits.h"
#include "table/reason.h"

namespace sluice::table {

struct Refusal {
    Reason reason;
    std::string message;
};

class RoutesView {
public:
    // Total on any bytes: never crashes, never reads outside, at most a few passes over the
    // segment.
    static tl::expected<RoutesView, Refusal> verify(std::span<const std::byte> bytes);
    // For bytes that the steward has verified.
    static tl::expected<RoutesView, Refusal> attach(std::span<const std::byte> bytes);

    // Host look-up: `host` is lower case without port or trailing dot. nullptr when absent.
    const Host* find_exact(std::string_view host) const { return find(host); }
    // "a.b.c" finds "*.b.c": exactly one label, as networking.k8s.io/v1 Ingress says.
    const Host* find_wildcard(std::string_view host) const;
    const Host* any_host() const { return any_host_; }
    // The host's path that is `text`, whose hash (table/hash.h) is `hash`; nullptr when it has
    // none. Inline: a request asks for each beginning of its path.
    const Path* find_path(const Host& host, uint32_t hash, std::string_view text) const {
        const Path* path = paths_.data() + host.paths;
        const Path* end = path + host.path_count;
        if (host.path_bits != 0) {
            const uint32_t* const bucket =
                path_buckets_.data() + host.path_buckets + (hash >> (32 - host.path_bits));
            end = path + bucket[1];
            path += bucket[0];
        }
        if (static_cast<size_t>(end - path) > limits::kProbe) {
            return find_in_crowd(path, end, hash, text);
        }
        for (; path != end; ++path) {
            if (path->hash == hash && this->text(*path) == text) return path;
        }
        return nullptr;
    }

    std::string_view text(Text place) const { return {pool_ + place.offset, place.length}; }
    std::string_view text(const Path& path) const {
        return {pool_ + path.text_offset, path.text_length};
    }
    std::string_view name(const Host& host) const {
        return {pool_ + host.name_offset, host.name_length};
    }
    std::string_view name(const Rule& rule) const {
        return {pool_ + rule.name_offset, rule.name_length};
    }

    std::span<const Path> paths_of(const Host& host) const {
        return paths_.subspan(host.paths, host.path_count);
    }
    // Of paths_of(host) in the order of their texts, as indexes.
    std::span<const uint32_t> path_order_of(const Host& host) const {
        return path_order_.subspan(host.paths, host.path_count);
    }
    std::span<const Predicate> predicates_of(const Match& match) const {
        return predicates_.subspan(match.predicates, match.predicate_count);
    }
    std::span<const Split> splits_of(const Rule& rule) const {
        return splits_.subspan(rule.splits, rule.split_count);
    }
    // Calls visit(match) for the matches of one kind of a path, in order, until one returns true.
    template <class Visit>
    bool any_match(const Path& path, PathKind kind, Visit visit) const {
        for (const Match* match = matches_.data() + path.matches;; ++match) {
            if (kind_of(*match) == kind && visit(*match)) return true;
            if (!has_more(*match)) return false;
        }
    }
    // The same for a host's matches by regex.
    template <class Visit>
    bool any_match_by_regex(const Host& host, Visit visit) const {
        if (host.by_regex == kNone) return false;
        for (const RegexMatch* one = by_regex_.data() + host.by_regex;; ++one) {
            if (visit(one->match)) return true;
            if (!has_more(one->match)) return false;
        }
    }
    const Conduct& conduct_of(const Rule& rule) const { return conducts_[rule.conduct]; }
    // Index of its path's regex. REQUIRES: `match` is one by regex of this view.
    uint32_t regex_of(const Match& match) const {
        return reinterpret_cast<const RegexMatch*>(&match)->regex;  // it is the first member
    }

    std::span<const Host> hosts() const { return hosts_; }
    std::span<const Path> paths() const { return paths_; }
    std::span<const Match> matches() const { return matches_; }
    std::span<const RegexMatch> by_regex() const { return by_regex_; }
    std::span<const Predicate> predicates() const { return predicates_; }
    std::span<const Rule> rules() const { return rules_; }
    std::span<const Conduct> conducts() const { return conducts_; }
    std::span<const Split> splits() const { return splits_; }
    std::span<const Redirect> redirects() const { return redirects_; }
    std::span<const Edit> edits() const { return edits_; }
    std::span<const Regex> regexes() const { return regexes_; }
    std::span<const Backend> backends() const { return backends_; }

    // Elements of the deepest path.
    uint32_t path_depth() const { return path_depth_; }

    // The indexes over hosts and paths and the pool as a whole, for verify().
    uint32_t host_bits() const { return host_bits_; }
    std::span<const uint32_t> host_buckets() const { return host_buckets_; }
    std::span<const uint32_t> path_buckets() const { return path_buckets_; }
    std::span<const uint32_t> path_order() const { return path_order_; }
    std::string_view pool() const { return {pool_, pool_size_}; }

private:
    static tl::expected<RoutesView, Refusal> open(std::span<const std::byte> bytes);
    const Host* find(std::string_view name) const;
    const Path* find_in_crowd(
        const Path* begin, const Path* end, uint32_t hash, std::string_view text
    ) const;
    const char* pool_ = nullptr;
    size_t pool_size_ = 0;
    const Host* any_host_ = nullptr;
    uint32_t path_depth_ = 0;
    uint32_t host_bits_ = 0;
    std::span<const uint32_t> host_buckets_;  // 2^bits + 1 offsets into hosts
    std::span<const Host> hosts_;
    std::span<const uint32_t> path_buckets_;
    std::span<const Path> paths_;
    std::span<const uint32_t> path_order_;
    std::span<const Match> matches_;
    std::span<const RegexMatch> by_regex_;
    std::span<const Predicate> predicates_;
    std::span<const Rule> rules_;
    std::span<const Conduct> conducts_;
    std::span<const Split> splits_;
    std::span<const Redirect> redirects_;
    std::span<const Edit> edits_;
    std::span<const Regex> regexes_;
    std::span<const Backend> backends_;
};

class EndpointsView {
public:
    static tl::expected<EndpointsView, Refusal> verify(std::span<const std::byte> bytes);
    static tl::expected<EndpointsView, Refusal> attach(std::span<const std::byte> bytes);

    // The endpoints of a backend; empty when it has none or is unknown. O(1): two cache misses.
    std::span<const Endpoint> find(uint64_t backend_key) const;
    // Index of an endpoint that find() returned, for arrays that run beside endpoints().
    size_t index(const Endpoint& endpoint) const {
        return static_cast<size_t>(&endpoint - endpoints_.data());
    }

    std::string_view text(Text place) const { return {pool_ + place.offset, place.length}; }
    std::span<const EndpointSet> sets() const { return sets_; }
    std::span<const Endpoint> endpoints() const { return endpoints_; }

    // The index over sets and the pool as a whole, for verify().
    uint32_t set_bits() const { return set_bits_; }
    std::span<const uint32_t> set_buckets() const { return set_buckets_; }
    std::string_view pool() const { return {pool_, pool_size_}; }

private:
    const char* pool_ = nullptr;
    size_t pool_size_ = 0;
    uint32_t set_bits_ = 0;
    std::span<const uint32_t> set_buckets_;
    std::span<const EndpointSet> sets_;
    std::span<const Endpoint> endpoints_;
};

// Of the schema both programs were built with; another hash is refused (design 10.1).
uint64_t schema_hash();

}  // namespace sluice::table
