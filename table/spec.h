// A table as plain structs: what the compiler fills and the builder turns into bytes. All decisions
// (order, ties, weights, defaults) are made before they are written here; nothing downstream
// defaults a value.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "table/key.h"
#include "table/layout.h"
#include "table/reason.h"

namespace sluice::table {

struct PredicateSpec {
    PredicateKind kind;
    std::string name;   // header: lower case; query: as written; method: empty
    std::string value;  // method token, exact value, or RE2 pattern
    bool operator==(const PredicateSpec&) const = default;
};

struct MatchSpec {
    PathKind path_kind;
    std::string path;  // exact, prefix: canonical path; a prefix has no trailing slash, the root
                       // prefix is ""; regex: RE2 pattern, matched whole
    std::vector<PredicateSpec> predicates;  // all must hold; cheapest first
    uint32_t rule;                          // index into RoutesSpec::rules
};

struct HostSpec {
    std::string name;  // "" any host; "*.example.com" exactly one label more; else exact. Lower
                       // case, no port
    std::vector<MatchSpec>
        matches;  // most specific first among equal paths; regexes in the order they are tried
};

struct SplitSpec {
    uint32_t weight;  // 1..limits::kWeight; zero weights are left out by the compiler
    Reason refuse =
        Reason::ok;  // not ok: this share is answered locally (backend_not_found, no_weight)
    uint32_t backend = kNone;  // index into RoutesSpec::backends when refuse is ok
    bool operator==(const SplitSpec&) const = default;
};

struct EditSpec {
    EditKind kind;
    std::string name;  // lower case
    std::string value;
    bool operator==(const EditSpec&) const = default;
};

struct RedirectSpec {
    uint16_t status;     // 301, 302, 303, 307, 308
    std::string scheme;  // "" keeps the request's
    std::string host;    // "" keeps
    uint16_t port = 0;   // 0 = none written
    RewriteKind path_kind = RewriteKind::none;
    std::string path;
};

struct RuleSpec {
    Key128 key;                     // of kind/namespace/name/rule: stable over generations
    std::string name;               // "ModelRoute/demo/chat/default", for people
    std::vector<SplitSpec> splits;  // at least one unless redirect
    BalancePolicy policy = BalancePolicy::least_requests;
    bool ai = false;  // answers in OpenAI's error shape on any path; longer default clocks
    RewriteKind rewrite_kind = RewriteKind::none;
    std::string rewrite_path;
    std::string rewrite_host;  // "" keeps the client's Host
    std::optional<RedirectSpec> redirect;
    std::vector<EditSpec> request_edits;
    std::vector<EditSpec> response_edits;
    uint32_t connect_ms;
    uint32_t first_byte_ms;
    uint32_t idle_ms;
    uint32_t request_ms;  // 0 = no total limit
};

struct BackendSpec {
    Key64 key;
    std::string name;  // "Service/demo/llama/http"
};

struct RoutesSpec {
    std::vector<HostSpec> hosts;
    std::vector<RuleSpec> rules;
    std::vector<BackendSpec> backends;
};

// The same routes in parts that are shared and never change: what did not change since the last
// table is the same part, at the same address, so that the builder need not look at it again.

// The rules of one object.
struct RulesPart {
    std::vector<RuleSpec> rules;        // SplitSpec::backend: index into `backends` of this part
    std::vector<BackendSpec> backends;  // each key once
};

struct HostPart : HostSpec {                              // MatchSpec::rule: index into the rules
                                                          // of the match's part
    std::vector<std::shared_ptr<const RulesPart>> parts;  // whose rules are named
    std::vector<uint32_t> part_of;                        // of each match: index into `parts`
};

struct RoutesParts {
    std::vector<std::shared_ptr<const RulesPart>> rules;  // all that hosts name; their rules in
                                                          // this order are those of the table
    std::vector<std::shared_ptr<const HostPart>> hosts;
};

// As one spec: backends in the order of first use.
RoutesSpec joined(const RoutesParts& parts);

struct EndpointSpec {
    std::array<uint8_t, 16> address;  // IPv4 as ::ffff:a.b.c.d
    uint16_t port;                    // host order
    Key128 identity;                  // of address, port, pod uid
    std::string name;                 // pod "llama-0", or "" ; for people
};

struct EndpointSetSpec {
    Key64 backend;                        // BackendSpec::key
    std::vector<EndpointSpec> endpoints;  // those that may be picked, in a total order
};

struct EndpointsSpec {
    std::vector<EndpointSetSpec> sets;
};

}  // namespace sluice::table
