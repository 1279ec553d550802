// The vectors of a segment, filled part by part.
#include "table/routes_assembly.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "table/host_order.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/problem.h"
#include "table/routes_vectors.h"

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

}  // namespace

class Assembler::Vectors {
public:
    // Growing step by step would copy each vector twice over.
    void begin(
        const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts, const Texts& texts
    ) {
        clear();
        texts_ = &texts;
        placed_.assign(texts.size(), Text{});
        size_t names = 0;
        for (const RulesIn& part : rules) names += part.encoded->names.size();
        out_.pool.reserve(2 * names);
        reserve(out_.rules, rules, &EncodedRules::rules);
        reserve(out_.splits, rules, &EncodedRules::splits);
        out_.hosts.reserve(hosts.size());
        reserve(out_.path_buckets, hosts, &EncodedHost::path_buckets);
        reserve(out_.paths, hosts, &EncodedHost::paths);
        reserve(out_.path_order, hosts, &EncodedHost::path_order);
        reserve(out_.matches, hosts, &EncodedHost::matches);
        reserve(out_.by_regex, hosts, &EncodedHost::by_regex);
        reserve(out_.predicates, hosts, &EncodedHost::predicates);
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
            backend_places_.emplace(backend->key, count_of(out_.backends));
            out_.backends.push_back({backend->key, out_.pool.append(backend->name)});
        }
        return std::nullopt;
    }

    // Before all names, so that the bytes do not tell where the rules were cut.
    void add_conducts(const RulesIn& in) { places_of(in.encoded->conducts); }

    void add(const RulesIn& in) {
        const EncodedRules& from = *in.encoded;
        bases_.emplace(in.part, count_of(out_.rules));
        const std::vector<uint32_t> conducts = places_of(from.conducts);
        const uint32_t names = out_.pool.append(from.names).offset;
        const SplitsMove splits = add_splits(in);
        for (Rule rule : from.rules) {
            rule.name_offset = rule.name_length == 0 ? 0 : names + rule.name_offset;
            rule.conduct = conducts[rule.conduct];
            if (rule.split_count != 0) rule.splits = splits.moved(rule.splits);
            out_.rules.push_back(rule);
        }
    }

    void add(const PlacedHost& placed, const HostIn& in) {
        const EncodedHost& from = *in.encoded;
        const Text name = out_.pool.append(placed.name);
        Host host = from.host;
        host.hash = placed.hash;
        host.name_offset = name.offset;
        host.name_length = static_cast<uint8_t>(name.length);
        if (host.path_count != 0) host.paths = count_of(out_.paths);
        if (host.path_bits != 0) host.path_buckets = count_of(out_.path_buckets);
        if (host.by_regex != kNone) host.by_regex = count_of(out_.by_regex);
        out_.hosts.push_back(host);
        out_.deepest = std::max(out_.deepest, static_cast<uint32_t>(from.deepest));
        append(out_.path_order, from.path_order);
        append(out_.path_buckets, from.path_buckets);
        add_paths(in);
    }

    tl::expected<std::span<const std::byte>, BuildError> finish(const HostOrder& order) {
        if (auto problem = bounded("bytes", out_.size(), limits::kSegmentBytes)) {
            return tl::unexpected<BuildError>(std::move(*problem));
        }
        return writer_.written(out_, order);
    }

    // Of what was put together last.
    size_t texts_used() const { return texts_used_; }

private:
    void clear() {
        backend_places_.clear();
        bases_.clear();
        regex_places_.clear();
        conduct_places_.clear();
        request_edits_ = response_edits_ = nullptr;
        texts_used_ = 0;
        out_.clear();
    }

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
        const SplitsMove move{
            shared, out_.rules.empty() ? 0 : out_.rules.back().splits, count_of(out_.splits)
        };
        out_.splits.insert(out_.splits.end(), splits.begin() + shared, splits.end());
        return move;
    }

    uint32_t shared_splits(const std::vector<Rule>& rules, const std::vector<Split>& splits) const {
        if (out_.rules.empty() || rules.empty()) return 0;
        const uint32_t count = rules.front().split_count;
        if (out_.rules.back().split_count != count) return 0;
        const auto before = std::span(out_.splits).subspan(out_.rules.back().splits, count);
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
                conduct_places_.try_emplace(conduct.print, count_of(out_.conducts));
            if (is_new) add_conduct(*conduct.rule);
            places.push_back(at->second);
        }
        return places;
    }

    void add_conduct(const RuleSpec& rule) {
        const bool first = out_.conducts.empty();
        Conduct out{};
        const auto shared = [&](const auto& edits, const auto* before, Range range) {
            return !first && edits == *before ? range : add(edits);
        };
        const Conduct last = first ? Conduct{} : out_.conducts.back();
        out.request_edits = shared(rule.request_edits, request_edits_, last.request_edits);
        out.response_edits = shared(rule.response_edits, response_edits_, last.response_edits);
        out.rewrite_path = out_.pool.add(rule.rewrite_path);
        out.rewrite_host = out_.pool.add(rule.rewrite_host);
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
        out_.conducts.push_back(out);
    }

    Range add(const std::vector<EditSpec>& edits) {
        const uint32_t first = count_of(out_.edits);
        for (const EditSpec& edit : edits) {
            Edit out{};
            out.name = out_.pool.add(edit.name);
            out.value = out_.pool.add(edit.value);
            out.kind = edit.kind;
            out_.edits.push_back(out);
        }
        return range_from(first, out_.edits);
    }

    uint32_t add(const RedirectSpec& redirect) {
        Redirect out{};
        out.scheme = out_.pool.add(redirect.scheme);
        out.host = out_.pool.add(redirect.host);
        out.path = out_.pool.add(redirect.path);
        out.port = redirect.port;
        out.status = redirect.status;
        out.path_kind = redirect.path_kind;
        out_.redirects.push_back(out);
        return count_of(out_.redirects) - 1;
    }

    // Paths with their matches, then the matches by regex, then the predicates of both.
    void add_paths(const HostIn& in) {
        const EncodedHost& from = *in.encoded;
        const uint32_t first_match = count_of(out_.matches);
        for (Path path : from.paths) {
            path.text_offset = place(path.text_offset).offset;
            path.matches += first_match;
            out_.paths.push_back(path);
        }
        const RuleBases bases = rule_bases(in);
        size_t at = 0;
        for (const Match& match : from.matches) {
            out_.matches.push_back(moved(match, bases.of(at++)));
        }
        for (const RegexMatch& one : from.by_regex) {
            out_.by_regex.push_back({moved(one.match, bases.of(at++)), regex(one.regex)});
        }
        for (Predicate predicate : from.predicates) {
            predicate.name = place(predicate.name.offset);
            predicate.value = place(predicate.value.offset);
            if (predicate.regex != kNone) predicate.regex = regex(predicate.regex);
            out_.predicates.push_back(predicate);
        }
    }

    // Where the rules of a host's matches begin. Most hosts have those of one object.
    struct RuleBases {
        uint32_t only = 0;
        std::vector<uint32_t> each{};  // by match; empty: all are the only one
        uint32_t of(size_t match) const { return each.empty() ? only : each[match]; }
    };

    RuleBases rule_bases(const HostIn& in) const {
        if (in.part == nullptr || in.part->parts.empty()) return {};
        const auto base = [this](const auto& part) { return bases_.at(part.get()); };
        if (in.part->parts.size() == 1) return {base(in.part->parts.front())};
        RuleBases bases;
        for (const uint32_t match : in.encoded->spec_matches) {
            bases.each.push_back(base(in.part->parts[in.part->part_of[match]]));
        }
        return bases;
    }

    // REQUIRES: the host's predicates are still to be added.
    Match moved(Match match, uint32_t base) const {
        match.rule += base;
        if (match.predicate_count != 0) match.predicates += count_of(out_.predicates);
        return match;
    }

    // Where the text of this number stands.
    Text place(uint32_t number) {
        Text& known = placed_[number];
        if (known.length == 0 && number != 0) {
            known = out_.pool.add(texts_->text(number));
            ++texts_used_;
        }
        return known;
    }

    // Equal patterns are one regex, compiled once.
    uint32_t regex(uint32_t number) {
        const auto [at, is_new] = regex_places_.try_emplace(number, count_of(out_.regexes));
        if (is_new) out_.regexes.push_back({hash64(texts_->text(number).text), place(number)});
        return at->second;
    }

    std::unordered_map<Key64, uint32_t> backend_places_;
    std::unordered_map<const RulesPart*, uint32_t> bases_;           // first rule of each part
    std::unordered_map<uint32_t, uint32_t> regex_places_;            // by number of the pattern
    std::unordered_map<std::string_view, uint32_t> conduct_places_;  // by print
    const std::vector<EditSpec>* request_edits_ = nullptr;           // of the last conduct
    const std::vector<EditSpec>* response_edits_ = nullptr;
    const Texts* texts_ = nullptr;
    std::vector<Text> placed_;  // by number; empty: not yet
    size_t texts_used_ = 0;
    RoutesVectors out_;
    RoutesWriter writer_;
};

Assembler::Assembler() : vectors_(std::make_unique<Vectors>()) {}
Assembler::~Assembler() = default;

tl::expected<std::span<const std::byte>, BuildError> Assembler::assemble(
    const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts, const Texts& texts
) {
    std::vector<std::string_view> names;
    names.reserve(hosts.size());
    for (const HostIn& host : hosts) names.push_back(host.name);
    const auto order = order_hosts(names);
    if (!order) return tl::unexpected<BuildError>(order.error());
    vectors_->begin(rules, hosts, texts);
    if (auto problem = vectors_->add_backends(rules)) {
        return tl::unexpected<BuildError>(std::move(*problem));
    }
    for (const RulesIn& part : rules) vectors_->add_conducts(part);
    for (const RulesIn& part : rules) vectors_->add(part);
    for (const PlacedHost& placed : order->hosts) vectors_->add(placed, hosts[placed.index]);
    return vectors_->finish(*order);
}

size_t Assembler::texts_used() const {
    return vectors_->texts_used();
}

}  // namespace sluice::table
