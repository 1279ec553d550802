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
    const Host* find_exact(std::string_view host) const;
    // "a.b.c" finds "*.b.c": exactly one label, as networking.k8s.io/v1 Ingress says.
    const Host* find_wildcard(std::string_view host) const;
    const Host* any_host() const { return any_host_; }

    std::string_view text(Text place) const { return {pool_ + place.offset, place.length}; }

    std::span<const Host> hosts() const { return hosts_; }
    std::span<const Node> nodes() const { return nodes_; }
    // node_bytes()[i] is the first byte of nodes()[i]'s label.
    std::span<const uint8_t> node_bytes() const { return node_bytes_; }
    std::span<const Match> matches() const { return matches_; }
    std::span<const Predicate> predicates() const { return predicates_; }
    std::span<const Rule> rules() const { return rules_; }
    std::span<const Split> splits() const { return splits_; }
    std::span<const Redirect> redirects() const { return redirects_; }
    std::span<const Edit> edits() const { return edits_; }
    std::span<const Regex> regexes() const { return regexes_; }
    std::span<const Backend> backends() const { return backends_; }

    // The index over hosts and the pool as a whole, for verify().
    uint64_t host_seed() const { return host_seed_; }
    uint32_t host_bits() const { return host_bits_; }
    std::span<const uint32_t> host_buckets() const { return host_buckets_; }
    std::string_view pool() const { return {pool_, pool_size_}; }

private:
    static tl::expected<RoutesView, Refusal> open(std::span<const std::byte> bytes);
    const Host* find(std::string_view name) const;
    const char* pool_ = nullptr;
    size_t pool_size_ = 0;
    const Host* any_host_ = nullptr;
    uint64_t host_seed_ = 0;
    uint32_t host_bits_ = 0;
    std::span<const uint32_t> host_buckets_;  // 2^bits + 1 offsets into hosts
    std::span<const Host> hosts_;
    std::span<const Node> nodes_;
    std::span<const uint8_t> node_bytes_;
    std::span<const Match> matches_;
    std::span<const Predicate> predicates_;
    std::span<const Rule> rules_;
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
