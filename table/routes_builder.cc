// Routes: spec to vectors, each used from front to back in the order in which verify() walks them,
// then to bytes.
#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/builder.h"
#include "table/host_order.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/pool.h"
#include "table/problem.h"
#include "table/radix.h"
#include "table/routes_generated.h"
#include "table/schema_hash.h"
#include "table/spec_check.h"

namespace sluice::table {
namespace {

template <class Entry>
uint32_t count_of(const std::vector<Entry>& entries) {
    return static_cast<uint32_t>(entries.size());
}

// From `first` to the end of `entries`. Empty ranges are all alike: {0, 0}.
template <class Entry>
Range range_from(uint32_t first, const std::vector<Entry>& entries) {
    const uint32_t end = count_of(entries);
    return first == end ? Range{} : Range{first, end - first};
}

bool has_regex(PredicateKind kind) {
    return kind == PredicateKind::header_regex || kind == PredicateKind::query_regex;
}

class RoutesBuilder {
public:
    explicit RoutesBuilder(const RoutesSpec& spec) : spec_(spec) {}

    tl::expected<Bytes, BuildError> build() {
        if (auto problem = add_backends()) return tl::unexpected<BuildError>(std::move(*problem));
        const auto order = order_hosts(spec_.hosts);
        if (!order) return tl::unexpected<BuildError>(order.error());
        for (size_t i = 0; i < spec_.rules.size(); ++i) add_rule(i);
        for (const PlacedHost& placed : order->hosts) add(placed);
        const uint64_t bytes = size();
        if (auto problem = bounded("bytes", bytes, limits::kSegmentBytes)) {
            return tl::unexpected<BuildError>(std::move(*problem));
        }
        return written(*order, bytes);
    }

private:
    // Keys in ascending order, so that their order in the spec does not matter; a backend that
    // stands there twice is one.
    Problem add_backends() {
        std::vector<uint32_t> order(spec_.backends.size());
        std::iota(order.begin(), order.end(), 0U);
        std::ranges::sort(order, {}, [&](uint32_t i) {
            return std::pair(spec_.backends[i].key, std::string_view(spec_.backends[i].name));
        });
        backend_places_.resize(order.size());
        const BackendSpec* last = nullptr;
        for (const uint32_t i : order) {
            const BackendSpec& backend = spec_.backends[i];
            const bool known = last != nullptr && last->key == backend.key;
            if (known && last->name != backend.name) {
                return BuildError{
                    Reason::key_collision,
                    "backends: " + last->name + " and " + backend.name + " have one key"
                };
            }
            if (!known) backends_.push_back({backend.key, pool_.add(backend.name)});
            backend_places_[i] = count_of(backends_) - 1;
            last = &backend;
        }
        return std::nullopt;
    }

    // The rules of one object stand together and mostly share their splits and edits.
    void add_rule(size_t index) {
        const RuleSpec& rule = spec_.rules[index];
        Rule out{};
        out.key_high = rule.key.high;
        out.key_low = rule.key.low;
        out.name = pool_.add(rule.name);
        out.splits = add_or_share(index, &RuleSpec::splits, &Rule::splits);
        out.request_edits = add_or_share(index, &RuleSpec::request_edits, &Rule::request_edits);
        out.response_edits = add_or_share(index, &RuleSpec::response_edits, &Rule::response_edits);
        out.rewrite_path = pool_.add(rule.rewrite_path);
        out.rewrite_host = pool_.add(rule.rewrite_host);
        out.redirect = rule.redirect ? add(*rule.redirect) : kNone;
        out.connect_ms = rule.connect_ms;
        out.first_byte_ms = rule.first_byte_ms;
        out.idle_ms = rule.idle_ms;
        out.request_ms = rule.request_ms;
        out.policy = rule.policy;
        out.rewrite_kind = rule.rewrite_kind;
        out.ai = rule.ai ? 1 : 0;
        rules_.push_back(out);
    }

    template <class List>
    Range add_or_share(size_t index, List RuleSpec::* list, Range Rule::* range) {
        const List& entries = spec_.rules[index].*list;
        if (index == 0 || entries != spec_.rules[index - 1].*list) return add(entries);
        return rules_[index - 1].*range;
    }

    Range add(const std::vector<SplitSpec>& splits) {
        const uint32_t first = count_of(splits_);
        for (const SplitSpec& split : splits) {
            Split out{};
            out.weight = split.weight;
            out.backend = split.refuse == Reason::ok ? backend_places_[split.backend] : kNone;
            out.reason = static_cast<uint32_t>(split.refuse);
            splits_.push_back(out);
        }
        return range_from(first, splits_);
    }

    Range add(const std::vector<EditSpec>& edits) {
        const uint32_t first = count_of(edits_);
        for (const EditSpec& edit : edits) {
            Edit out{};
            out.name = pool_.add(edit.name);
            out.value = pool_.add(edit.value);
            out.kind = edit.kind;
            edits_.push_back(out);
        }
        return range_from(first, edits_);
    }

    uint32_t add(const RedirectSpec& redirect) {
        Redirect out{};
        out.scheme = pool_.add(redirect.scheme);
        out.host = pool_.add(redirect.host);
        out.path = pool_.add(redirect.path);
        out.port = redirect.port;
        out.status = redirect.status;
        out.path_kind = redirect.path_kind;
        redirects_.push_back(out);
        return count_of(redirects_) - 1;
    }

    // Nodes with their matches, front to back, then the matches by regex.
    void add(const PlacedHost& placed) {
        const std::vector<MatchSpec>& matches = placed.host->matches;
        std::vector<RadixEntry> entries;
        for (uint32_t i = 0; i < matches.size(); ++i) {
            if (matches[i].path_kind == PathKind::regex) continue;
            entries.push_back({matches[i].path, matches[i].path_kind, i});
        }
        Host out{};
        out.hash = placed.hash;
        out.name = pool_.add(placed.host->name);
        out.root = entries.empty() ? kNone : count_of(nodes_);
        const uint32_t root = count_of(nodes_);
        for (const RadixNode& node : make_radix(entries)) add(node, root, matches);
        const uint32_t first_regex = count_of(matches_);
        for (const MatchSpec& match : matches) {
            if (match.path_kind == PathKind::regex) add(match);
        }
        out.regexes = range_from(first_regex, matches_);
        hosts_.push_back(out);
    }

    void add(const RadixNode& node, uint32_t root, const std::vector<MatchSpec>& matches) {
        Node out{};
        out.label = pool_.add(node.label);
        if (node.children.count != 0) {
            out.children = {root + node.children.first, node.children.count};
        }
        out.exact = add(node.exact, matches);
        out.prefix = add(node.prefix, matches);
        nodes_.push_back(out);
        node_bytes_.push_back(node.label.empty() ? 0 : static_cast<uint8_t>(node.label.front()));
    }

    Range add(std::span<const RadixEntry> entries, const std::vector<MatchSpec>& matches) {
        const uint32_t first = count_of(matches_);
        for (const RadixEntry& entry : entries) add(matches[entry.match]);
        return range_from(first, matches_);
    }

    void add(const MatchSpec& match) {
        const bool by_regex = match.path_kind == PathKind::regex;
        Match out{};
        out.rule = match.rule;
        const uint32_t first = count_of(predicates_);
        for (const PredicateSpec& predicate : match.predicates) add(predicate);
        const Range predicates = range_from(first, predicates_);
        out.predicates = predicates.first;
        out.predicate_count = static_cast<uint16_t>(predicates.count);
        out.path_length = by_regex ? 0 : static_cast<uint16_t>(match.path.size());
        out.regex = by_regex ? regex(match.path) : kNone;
        matches_.push_back(out);
    }

    void add(const PredicateSpec& predicate) {
        Predicate out{};
        out.name = pool_.add(predicate.name);
        out.value = pool_.add(predicate.value);
        out.regex = has_regex(predicate.kind) ? regex(predicate.value) : kNone;
        out.kind = predicate.kind;
        predicates_.push_back(out);
    }

    // Equal patterns are one regex, compiled once.
    uint32_t regex(std::string_view pattern) {
        const auto [place, is_new] = regex_places_.try_emplace(pattern, count_of(regexes_));
        if (is_new) regexes_.push_back({hash64(pattern), pool_.add(pattern)});
        return place->second;
    }

    uint64_t size() const {
        const auto of = [](const auto& entries) { return entries.size() * sizeof(entries[0]); };
        return of(hosts_) + of(nodes_) + of(node_bytes_) + of(matches_) + of(predicates_) +
               of(rules_) + of(splits_) + of(redirects_) + of(edits_) + of(regexes_) +
               of(backends_) + pool_.bytes().size() + 2 * sizeof(uint32_t) * hosts_.size() + 512;
    }

    Bytes written(const HostOrder& order, uint64_t size_hint) const;

    const RoutesSpec& spec_;
    std::vector<uint32_t> backend_places_;  // by index in the spec
    std::unordered_map<std::string_view, uint32_t> regex_places_;
    Pool pool_;
    std::vector<Host> hosts_;
    std::vector<Node> nodes_;
    std::vector<uint8_t> node_bytes_;
    std::vector<Match> matches_;
    std::vector<Predicate> predicates_;
    std::vector<Rule> rules_;
    std::vector<Split> splits_;
    std::vector<Redirect> redirects_;
    std::vector<Edit> edits_;
    std::vector<Regex> regexes_;
    std::vector<Backend> backends_;
};

// layout_check.cc has compared the two kinds of structs.
template <class Theirs, class Ours>
auto vector_of(flatbuffers::FlatBufferBuilder& builder, const std::vector<Ours>& ours) {
    return builder.CreateVectorOfStructs(reinterpret_cast<const Theirs*>(ours.data()), ours.size());
}

Bytes RoutesBuilder::written(const HostOrder& order, uint64_t size_hint) const {
    const auto buckets = make_buckets(std::span<const Host>(hosts_), order.bits, &Host::hash);
    flatbuffers::FlatBufferBuilder builder(size_hint);
    const auto host_buckets = builder.CreateVector(buckets);
    const auto hosts = vector_of<fbs::Host>(builder, hosts_);
    const auto nodes = vector_of<fbs::Node>(builder, nodes_);
    const auto node_bytes = builder.CreateVector(node_bytes_);
    const auto matches = vector_of<fbs::Match>(builder, matches_);
    const auto predicates = vector_of<fbs::Predicate>(builder, predicates_);
    const auto rules = vector_of<fbs::Rule>(builder, rules_);
    const auto splits = vector_of<fbs::Split>(builder, splits_);
    const auto redirects = vector_of<fbs::Redirect>(builder, redirects_);
    const auto edits = vector_of<fbs::Edit>(builder, edits_);
    const auto regexes = vector_of<fbs::Regex>(builder, regexes_);
    const auto backends = vector_of<fbs::Backend>(builder, backends_);
    const std::string& bytes = pool_.bytes();
    const auto pool =
        builder.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    const fbs::RoutesHeader header(kSchemaHash, order.seed, order.bits, 0);
    fbs::FinishRoutesBuffer(
        builder,
        fbs::CreateRoutes(
            builder,
            &header,
            host_buckets,
            hosts,
            nodes,
            node_bytes,
            matches,
            predicates,
            rules,
            splits,
            redirects,
            edits,
            regexes,
            backends,
            pool
        )
    );
    const auto* const begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {begin, begin + builder.GetSize()};
}

}  // namespace

tl::expected<Bytes, BuildError> build_routes(const RoutesSpec& spec) {
    if (auto problem = why_refused(spec)) return tl::unexpected<BuildError>(std::move(*problem));
    return RoutesBuilder(spec).build();
}

}  // namespace sluice::table
