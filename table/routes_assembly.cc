// The vectors of a segment, filled part by part, then written.
#include "table/routes_assembly.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/host_order.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/problem.h"
#include "table/routes_generated.h"
#include "table/schema_hash.h"

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

template <class Entry>
void append(std::vector<Entry>& entries, const std::vector<Entry>& more) {
    entries.insert(entries.end(), more.begin(), more.end());
}

bool same(const Split& a, const Split& b) {
    return a.weight == b.weight && a.backend == b.backend && a.reason == b.reason;
}

class Assembly {
public:
    // Growing step by step would copy each vector twice over.
    void reserve(const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts) {
        size_t names = 0;
        for (const RulesIn& part : rules) names += part.encoded->names.size();
        pool_.reserve(2 * names);
        reserve(rules_, rules, &EncodedRules::rules);
        reserve(splits_, rules, &EncodedRules::splits);
        hosts_.reserve(hosts.size());
        reserve(path_buckets_, hosts, &EncodedHost::path_buckets);
        reserve(paths_, hosts, &EncodedHost::paths);
        reserve(path_order_, hosts, &EncodedHost::path_order);
        reserve(matches_, hosts, &EncodedHost::matches);
        reserve(by_regex_, hosts, &EncodedHost::by_regex);
        reserve(predicates_, hosts, &EncodedHost::predicates);
    }

    // Keys in ascending order, so that the order of parts does not matter.
    Problem add_backends(const std::vector<RulesIn>& rules) {
        std::unordered_map<Key64, const BackendSpec*> known;
        std::vector<const BackendSpec*> order;
        for (const RulesIn& part : rules) {
            for (const BackendSpec& backend : *part.backends) {
                const auto [at, is_new] = known.try_emplace(backend.key, &backend);
                if (is_new) order.push_back(&backend);
                if (at->second->name != backend.name) {
                    return BuildError{
                        Reason::key_collision,
                        "backends: " + at->second->name + " and " + backend.name + " have one key"
                    };
                }
            }
        }
        if (auto problem = bounded("backends", order.size(), limits::kBackends)) return problem;
        std::ranges::sort(order, {}, &BackendSpec::key);
        for (const BackendSpec* const backend : order) {
            backend_places_.emplace(backend->key, count_of(backends_));
            backends_.push_back({backend->key, pool_.append(backend->name)});
        }
        return std::nullopt;
    }

    // Before all names, so that the bytes do not tell where the rules were cut.
    void add_conducts(const RulesIn& in) { places_of(in.encoded->conducts); }

    void add(const RulesIn& in) {
        const EncodedRules& from = *in.encoded;
        bases_.emplace(in.part, count_of(rules_));
        const std::vector<uint32_t> conducts = places_of(from.conducts);
        const uint32_t names = pool_.append(from.names).offset;
        const SplitsMove splits = add_splits(in);
        for (Rule rule : from.rules) {
            rule.name_offset = rule.name_length == 0 ? 0 : names + rule.name_offset;
            rule.conduct = conducts[rule.conduct];
            if (rule.split_count != 0) rule.splits = splits.moved(rule.splits);
            rules_.push_back(rule);
        }
    }

    void add(const PlacedHost& placed, const HostIn& in) {
        const EncodedHost& from = *in.encoded;
        const Text name = pool_.append(placed.name);
        Host host = from.host;
        host.hash = placed.hash;
        host.name_offset = name.offset;
        host.name_length = static_cast<uint8_t>(name.length);
        if (host.path_count != 0) host.paths = count_of(paths_);
        if (host.path_bits != 0) host.path_buckets = count_of(path_buckets_);
        if (host.by_regex != kNone) host.by_regex = count_of(by_regex_);
        hosts_.push_back(host);
        deepest_ = std::max(deepest_, static_cast<uint32_t>(from.deepest));
        append(path_order_, from.path_order);
        append(path_buckets_, from.path_buckets);
        add_paths(in);
    }

    tl::expected<Bytes, BuildError> finish(const HostOrder& order, uint32_t path_seed) const {
        const uint64_t bytes = size();
        if (auto problem = bounded("bytes", bytes, limits::kSegmentBytes)) {
            return tl::unexpected<BuildError>(std::move(*problem));
        }
        return written(order, path_seed, bytes);
    }

private:
    template <class Entry, class In, class Encoded>
    static void reserve(
        std::vector<Entry>& entries,
        const std::vector<In>& parts,
        std::vector<Entry> Encoded::* list
    ) {
        size_t count = 0;
        for (const In& part : parts) count += (part.encoded->*list).size();
        entries.reserve(count);
    }

    // Where the splits of a part come to stand. Its first ones may be those of the rule before it.
    struct SplitsMove {
        uint32_t shared;  // how many of the first ones are
        uint32_t shared_first;
        uint32_t rest_first;
        uint32_t moved(uint32_t first) const {
            return first < shared ? shared_first : rest_first + (first - shared);
        }
    };

    SplitsMove add_splits(const RulesIn& in) {
        const std::vector<uint32_t> backends = places_of(*in.backends);
        std::vector<Split> splits = in.encoded->splits;
        for (Split& split : splits) {
            if (split.backend != kNone) split.backend = backends[split.backend];
        }
        const uint32_t shared = shared_splits(in.encoded->rules, splits);
        const SplitsMove move{shared, rules_.empty() ? 0 : rules_.back().splits, count_of(splits_)};
        splits_.insert(splits_.end(), splits.begin() + shared, splits.end());
        return move;
    }

    uint32_t shared_splits(const std::vector<Rule>& rules, const std::vector<Split>& splits) const {
        if (rules_.empty() || rules.empty()) return 0;
        const uint32_t count = rules.front().split_count;
        if (rules_.back().split_count != count) return 0;
        const auto before = std::span(splits_).subspan(rules_.back().splits, count);
        return std::equal(before.begin(), before.end(), splits.begin(), same) ? count : 0;
    }

    std::vector<uint32_t> places_of(const std::vector<BackendSpec>& backends) const {
        std::vector<uint32_t> places;
        places.reserve(backends.size());
        for (const BackendSpec& backend : backends) {
            places.push_back(backend_places_.at(backend.key));
        }
        return places;
    }

    std::vector<uint32_t> places_of(const std::vector<EncodedConduct>& conducts) {
        std::vector<uint32_t> places;
        places.reserve(conducts.size());
        for (const EncodedConduct& conduct : conducts) {
            const auto [at, is_new] =
                conduct_places_.try_emplace(conduct.print, count_of(conducts_));
            if (is_new) add_conduct(*conduct.rule);
            places.push_back(at->second);
        }
        return places;
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

    // Paths with their matches, then the matches by regex, then the predicates of both.
    void add_paths(const HostIn& in) {
        const EncodedHost& from = *in.encoded;
        texts_.clear();
        for (const PoolText& text : from.texts) texts_.push_back(pool_.add(text));
        const uint32_t first_match = count_of(matches_);
        for (Path path : from.paths) {
            path.text_offset = texts_[path.text_offset].offset;
            path.matches += first_match;
            paths_.push_back(path);
        }
        size_t place = 0;
        for (const Match& match : from.matches) matches_.push_back(moved(match, in, place++));
        for (const RegexMatch& one : from.by_regex) {
            by_regex_.push_back({moved(one.match, in, place++), regex(from.patterns[one.regex])});
        }
        for (Predicate predicate : from.predicates) {
            predicate.name = texts_[predicate.name.offset];
            predicate.value = texts_[predicate.value.offset];
            if (predicate.regex != kNone) predicate.regex = regex(from.patterns[predicate.regex]);
            predicates_.push_back(predicate);
        }
    }

    // REQUIRES: the host's predicates are still to be added.
    Match moved(Match match, const HostIn& in, size_t place) const {
        if (in.part != nullptr) {
            const uint32_t part = in.part->part_of[in.encoded->spec_matches[place]];
            match.rule += bases_.at(in.part->parts[part].get());
        }
        if (match.predicate_count != 0) match.predicates += count_of(predicates_);
        return match;
    }

    // Equal patterns are one regex, compiled once.
    uint32_t regex(const PoolText& pattern) {
        const auto [place, is_new] = regex_places_.try_emplace(pattern.text, count_of(regexes_));
        if (is_new) regexes_.push_back({hash64(pattern.text), pool_.add(pattern)});
        return place->second;
    }

    uint64_t size() const {
        const auto of = [](const auto& entries) { return entries.size() * sizeof(entries[0]); };
        return of(hosts_) + of(path_buckets_) + of(paths_) + of(path_order_) + of(matches_) +
               of(by_regex_) + of(predicates_) + of(rules_) + of(conducts_) + of(splits_) +
               of(redirects_) + of(edits_) + of(regexes_) + of(backends_) + pool_.bytes().size() +
               2 * sizeof(uint32_t) * hosts_.size() + 512;
    }

    Bytes written(const HostOrder& order, uint32_t path_seed, uint64_t size_hint) const;

    std::unordered_map<Key64, uint32_t> backend_places_;
    std::unordered_map<const RulesPart*, uint32_t> bases_;  // first rule of each part
    std::unordered_map<std::string_view, uint32_t> regex_places_;
    std::unordered_map<std::string_view, uint32_t> conduct_places_;  // by print
    const std::vector<EditSpec>* request_edits_ = nullptr;           // of the last conduct
    const std::vector<EditSpec>* response_edits_ = nullptr;
    std::vector<Text> texts_;  // scratch: of the host in hand
    uint32_t deepest_ = 0;     // elements of the deepest path
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

Bytes Assembly::written(const HostOrder& order, uint32_t path_seed, uint64_t size_hint) const {
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
    const fbs::RoutesHeader header(kSchemaHash, order.seed, path_seed, order.bits, deepest_);
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

tl::expected<Bytes, BuildError> assemble(
    const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts, uint32_t path_seed
) {
    std::vector<std::string_view> names;
    names.reserve(hosts.size());
    for (const HostIn& host : hosts) names.push_back(host.name);
    const auto order = order_hosts(names);
    if (!order) return tl::unexpected<BuildError>(order.error());
    Assembly assembly;
    assembly.reserve(rules, hosts);
    if (auto problem = assembly.add_backends(rules)) {
        return tl::unexpected<BuildError>(std::move(*problem));
    }
    for (const RulesIn& part : rules) assembly.add_conducts(part);
    for (const RulesIn& part : rules) assembly.add(part);
    for (const PlacedHost& placed : order->hosts) assembly.add(placed, hosts[placed.index]);
    return assembly.finish(*order, path_seed);
}

}  // namespace sluice::table
