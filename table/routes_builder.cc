// Routes: spec to vectors, each used from front to back in the order in which verify() walks them,
// then to bytes.
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/builder.h"
#include "table/conduct_print.h"
#include "table/host_order.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/path_index.h"
#include "table/pool.h"
#include "table/problem.h"
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

class OneBuild {
public:
    explicit OneBuild(const RoutesSpec& spec) : spec_(spec) {}

    tl::expected<Bytes, BuildError> build() {
        if (auto problem = add_backends()) return tl::unexpected<BuildError>(std::move(*problem));
        const auto order = order_hosts(spec_.hosts);
        if (!order) return tl::unexpected<BuildError>(order.error());
        const auto path_seed = path_seed_for(spec_.hosts);
        if (!path_seed) {
            return tl::unexpected<BuildError>(
                BuildError{Reason::table_too_large, "paths: no seed spreads them over the buckets"}
            );
        }
        path_seed_ = *path_seed;
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

    // The rules of one object stand together and mostly share their splits.
    void add_rule(size_t index) {
        const RuleSpec& rule = spec_.rules[index];
        const Text name = pool_.add(rule.name);
        Rule out{};
        out.key_high = rule.key.high;
        out.key_low = rule.key.low;
        out.name_offset = name.offset;
        out.name_length = static_cast<uint16_t>(name.length);
        const bool shares = index != 0 && rule.splits == spec_.rules[index - 1].splits;
        out.splits = shares ? rules_[index - 1].splits : add(rule.splits);
        out.split_count = static_cast<uint8_t>(rule.splits.size());
        out.conduct = conduct(rule);
        rules_.push_back(out);
    }

    uint32_t conduct(const RuleSpec& rule) {
        print_conduct(rule, print_);
        const auto [place, is_new] = conduct_places_.try_emplace(print_, count_of(conducts_));
        if (is_new) add_conduct(rule);
        return place->second;
    }

    void add_conduct(const RuleSpec& rule) {
        const bool first = conducts_.empty();
        Conduct out{};
        const auto shared = [&](const auto& edits, const auto* before, Range range) {
            return !first && edits == *before ? range : add(edits);
        };
        const Conduct last = first ? Conduct{} : conducts_.back();
        out.request_edits = shared(rule.request_edits, request_edits_, last.request_edits);
        out.response_edits = shared(rule.response_edits, response_edits_, last.response_edits);
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
        request_edits_ = &rule.request_edits;
        response_edits_ = &rule.response_edits;
        conducts_.push_back(out);
    }

    // The first of them; 0 when there are none.
    uint32_t add(const std::vector<SplitSpec>& splits) {
        const uint32_t first = splits.empty() ? 0 : count_of(splits_);
        for (const SplitSpec& split : splits) {
            Split out{};
            out.weight = split.weight;
            out.backend = split.refuse == Reason::ok ? backend_places_[split.backend] : kNone;
            out.reason = static_cast<uint32_t>(split.refuse);
            splits_.push_back(out);
        }
        return first;
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

    // Paths with their matches, in the order of the index, then the matches by regex.
    void add(const PlacedHost& placed) {
        const std::vector<MatchSpec>& matches = placed.host->matches;
        std::vector<PathEntry> entries;
        for (uint32_t i = 0; i < matches.size(); ++i) {
            if (matches[i].path_kind == PathKind::regex) continue;
            entries.push_back({matches[i].path, matches[i].path_kind, i});
        }
        const Text name = pool_.add(placed.host->name);
        Host out{};
        out.hash = placed.hash;
        out.name_offset = name.offset;
        out.name_length = static_cast<uint8_t>(name.length);
        const PathIndex index = index_paths(entries, path_seed_);
        add(index, out);
        for (const IndexedPath& path : index.paths) add(path, matches);
        out.by_regex = add_by_regex(matches);
        hosts_.push_back(out);
    }

    void add(const PathIndex& index, Host& out) {
        if (index.paths.empty()) return;
        out.depths = index.depths;
        deepest_ = std::max(deepest_, static_cast<uint32_t>(index.deepest));
        out.paths = count_of(paths_);
        out.path_count = count_of(index.paths);
        out.path_bits = static_cast<uint8_t>(path_bits_for(index.paths.size()));
        path_order_.insert(path_order_.end(), index.order.begin(), index.order.end());
        if (out.path_bits == 0) return;
        out.path_buckets = count_of(path_buckets_);
        const auto offsets =
            make_buckets(std::span(index.paths), out.path_bits, &IndexedPath::hash);
        path_buckets_.insert(path_buckets_.end(), offsets.begin(), offsets.end());
    }

    void add(const IndexedPath& path, const std::vector<MatchSpec>& matches) {
        const Text text = pool_.add(path.text);
        Path out{};
        out.hash = path.hash;
        out.text_offset = text.offset;
        out.text_length = static_cast<uint16_t>(text.length);
        out.matches = count_of(matches_);
        for (const PathEntry& entry : path.matches) {
            matches_.push_back(written(matches[entry.match], &entry != &path.matches.back()));
            out.has_exact |= static_cast<uint8_t>(entry.kind == PathKind::exact);
            out.has_prefix |= static_cast<uint8_t>(entry.kind == PathKind::prefix);
        }
        paths_.push_back(out);
    }

    // The first of them; kNone when there are none.
    uint32_t add_by_regex(const std::vector<MatchSpec>& matches) {
        const uint32_t first = count_of(by_regex_);
        for (const MatchSpec& match : matches) {
            if (match.path_kind != PathKind::regex) continue;
            by_regex_.push_back({written(match, true), regex(match.path)});
        }
        if (first == count_of(by_regex_)) return kNone;
        by_regex_.back().match.flags &= static_cast<uint8_t>(~kMoreMatches);
        return first;
    }

    Match written(const MatchSpec& match, bool more) {
        const uint32_t first = count_of(predicates_);
        for (const PredicateSpec& predicate : match.predicates) add(predicate);
        const Range predicates = range_from(first, predicates_);
        Match out{};
        out.rule = match.rule;
        out.predicates = predicates.first;
        out.predicate_count = static_cast<uint8_t>(predicates.count);
        if (match.path_kind != PathKind::regex) {
            out.path_length = static_cast<uint16_t>(match.path.size());
        }
        out.flags = static_cast<uint8_t>(match.path_kind);
        if (more) out.flags |= kMoreMatches;
        return out;
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
        return of(hosts_) + of(path_buckets_) + of(paths_) + of(path_order_) + of(matches_) +
               of(by_regex_) + of(predicates_) + of(rules_) + of(conducts_) + of(splits_) +
               of(redirects_) + of(edits_) + of(regexes_) + of(backends_) + pool_.bytes().size() +
               2 * sizeof(uint32_t) * hosts_.size() + 512;
    }

    Bytes written(const HostOrder& order, uint64_t size_hint) const;

    const RoutesSpec& spec_;
    std::vector<uint32_t> backend_places_;  // by index in the spec
    std::unordered_map<std::string_view, uint32_t> regex_places_;
    std::unordered_map<std::string, uint32_t> conduct_places_;  // by print
    std::string print_;                                         // of the rule in hand
    const std::vector<EditSpec>* request_edits_ = nullptr;      // of the last conduct
    const std::vector<EditSpec>* response_edits_ = nullptr;
    uint32_t path_seed_ = 0;
    uint32_t deepest_ = 0;  // elements of the deepest path
    Pool pool_;
    std::vector<Host> hosts_;
    std::vector<uint32_t> path_buckets_;
    std::vector<Path> paths_;
    std::vector<uint32_t> path_order_;
    std::vector<Match> matches_;
    std::vector<RegexMatch> by_regex_;
    std::vector<Predicate> predicates_;
    std::vector<Rule> rules_;
    std::vector<Conduct> conducts_;
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

Bytes OneBuild::written(const HostOrder& order, uint64_t size_hint) const {
    const auto buckets = make_buckets(std::span<const Host>(hosts_), order.bits, &Host::hash);
    flatbuffers::FlatBufferBuilder builder(size_hint);
    const auto host_buckets = builder.CreateVector(buckets);
    const auto hosts = vector_of<fbs::Host>(builder, hosts_);
    const auto path_buckets = builder.CreateVector(path_buckets_);
    const auto paths = vector_of<fbs::Path>(builder, paths_);
    const auto path_order = builder.CreateVector(path_order_);
    const auto matches = vector_of<fbs::Match>(builder, matches_);
    const auto by_regex = vector_of<fbs::RegexMatch>(builder, by_regex_);
    const auto predicates = vector_of<fbs::Predicate>(builder, predicates_);
    const auto rules = vector_of<fbs::Rule>(builder, rules_);
    const auto conducts = vector_of<fbs::Conduct>(builder, conducts_);
    const auto splits = vector_of<fbs::Split>(builder, splits_);
    const auto redirects = vector_of<fbs::Redirect>(builder, redirects_);
    const auto edits = vector_of<fbs::Edit>(builder, edits_);
    const auto regexes = vector_of<fbs::Regex>(builder, regexes_);
    const auto backends = vector_of<fbs::Backend>(builder, backends_);
    const std::string& bytes = pool_.bytes();
    const auto pool =
        builder.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    const fbs::RoutesHeader header(kSchemaHash, order.seed, path_seed_, order.bits, deepest_);
    fbs::FinishRoutesBuffer(
        builder,
        fbs::CreateRoutes(
            builder,
            &header,
            host_buckets,
            hosts,
            path_buckets,
            paths,
            path_order,
            matches,
            by_regex,
            predicates,
            rules,
            conducts,
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
    return OneBuild(spec).build();
}

tl::expected<Bytes, BuildError> RoutesBuilder::build(const RoutesParts& parts) {
    return build_routes(joined(parts));
}

}  // namespace sluice::table
