// Specs to structs, each vector used from front to back in the order in which verify() walks it.
#include "table/routes_parts.h"

#include <string_view>
#include <unordered_map>

#include "table/buckets.h"
#include "table/conduct_print.h"
#include "table/path_index.h"

namespace sluice::table {
namespace {

template <class Entry>
uint32_t count_of(const std::vector<Entry>& entries) {
    return static_cast<uint32_t>(entries.size());
}

bool has_regex(PredicateKind kind) {
    return kind == PredicateKind::header_regex || kind == PredicateKind::query_regex;
}

class RulesEncoder {
public:
    // The rules of one object stand together and mostly share their splits.
    void add(const RuleSpec& rule, const RuleSpec* before) {
        Rule out{};
        out.key_high = rule.key.high;
        out.key_low = rule.key.low;
        out.name_offset = static_cast<uint32_t>(out_.names.size());
        out.name_length = static_cast<uint16_t>(rule.name.size());
        out_.names += rule.name;
        const bool shares = before != nullptr && rule.splits == before->splits;
        out.splits = shares ? out_.rules.back().splits : add(rule.splits);
        out.split_count = static_cast<uint8_t>(rule.splits.size());
        out.conduct = conduct(rule);
        out_.rules.push_back(out);
    }

    EncodedRules take() { return std::move(out_); }

private:
    // The first of them; 0 when there are none.
    uint32_t add(const std::vector<SplitSpec>& splits) {
        const uint32_t first = splits.empty() ? 0 : count_of(out_.splits);
        for (const SplitSpec& split : splits) {
            Split out{};
            out.weight = split.weight;
            out.backend = split.refuse == Reason::ok ? split.backend : kNone;
            out.reason = static_cast<uint32_t>(split.refuse);
            out_.splits.push_back(out);
        }
        return first;
    }

    uint32_t conduct(const RuleSpec& rule) {
        print_conduct(rule, print_);
        const auto [place, is_new] = conduct_places_.try_emplace(print_, count_of(out_.conducts));
        if (is_new) out_.conducts.push_back({print_, &rule});
        return place->second;
    }

    EncodedRules out_;
    std::string print_;  // of the rule in hand
    std::unordered_map<std::string, uint32_t> conduct_places_;
};

class HostEncoder {
public:
    HostEncoder(const HostSpec& spec, Texts& texts) : spec_(spec), texts_(texts) {}

    EncodedHost encode() {
        std::vector<PathEntry> entries;
        for (uint32_t i = 0; i < spec_.matches.size(); ++i) {
            const MatchSpec& match = spec_.matches[i];
            if (match.path_kind != PathKind::regex) {
                entries.push_back({match.path, match.path_kind, i});
            }
        }
        const PathIndex index = index_paths(entries);
        add(index);
        for (const IndexedPath& path : index.paths) add(path);
        add_by_regex();
        return std::move(out_);
    }

private:
    void add(const PathIndex& index) {
        out_.host.by_regex = kNone;
        if (index.paths.empty()) return;
        out_.host.depths = index.depths;
        out_.deepest = index.deepest;
        out_.host.path_count = count_of(index.paths);
        out_.host.path_bits = static_cast<uint8_t>(path_bits_for(index.paths.size()));
        out_.path_order = index.order;
        if (out_.host.path_bits == 0) return;
        out_.path_buckets =
            make_buckets(std::span(index.paths), out_.host.path_bits, &IndexedPath::hash);
    }

    void add(const IndexedPath& path) {
        Path out{};
        out.hash = path.hash;
        out.text_offset = texts_.number_of(path.text);
        out.text_length = static_cast<uint16_t>(path.text.size());
        out.matches = count_of(out_.matches);
        for (const PathEntry& entry : path.matches) {
            out_.matches.push_back(written(entry.match, &entry != &path.matches.back()));
            out.has_exact |= static_cast<uint8_t>(entry.kind == PathKind::exact);
            out.has_prefix |= static_cast<uint8_t>(entry.kind == PathKind::prefix);
        }
        out_.paths.push_back(out);
    }

    void add_by_regex() {
        for (uint32_t i = 0; i < spec_.matches.size(); ++i) {
            const MatchSpec& match = spec_.matches[i];
            if (match.path_kind != PathKind::regex) continue;
            out_.by_regex.push_back({written(i, true), texts_.number_of(match.path)});
        }
        if (out_.by_regex.empty()) return;
        out_.host.by_regex = 0;
        out_.by_regex.back().match.flags &= static_cast<uint8_t>(~kMoreMatches);
    }

    Match written(uint32_t spec_match, bool more) {
        const MatchSpec& match = spec_.matches[spec_match];
        out_.spec_matches.push_back(spec_match);
        Match out{};
        out.rule = match.rule;
        out.predicates = match.predicates.empty() ? 0 : count_of(out_.predicates);
        out.predicate_count = static_cast<uint8_t>(match.predicates.size());
        for (const PredicateSpec& predicate : match.predicates) add(predicate);
        if (match.path_kind != PathKind::regex) {
            out.path_length = static_cast<uint16_t>(match.path.size());
        }
        out.flags = static_cast<uint8_t>(match.path_kind);
        if (more) out.flags |= kMoreMatches;
        return out;
    }

    void add(const PredicateSpec& predicate) {
        Predicate out{};
        out.name = numbered(predicate.name);
        out.value = numbered(predicate.value);
        out.regex = has_regex(predicate.kind) ? out.value.offset : kNone;
        out.kind = predicate.kind;
        out_.predicates.push_back(out);
    }

    Text numbered(std::string_view text) {
        return {texts_.number_of(text), static_cast<uint32_t>(text.size())};
    }

    const HostSpec& spec_;
    Texts& texts_;
    EncodedHost out_;
};

}  // namespace

EncodedRules encode(std::span<const RuleSpec> rules) {
    RulesEncoder encoder;
    const RuleSpec* before = nullptr;
    for (const RuleSpec& rule : rules) {
        encoder.add(rule, before);
        before = &rule;
    }
    return encoder.take();
}

EncodedHost encode(const HostSpec& host, Texts& texts) {
    return HostEncoder(host, texts).encode();
}

}  // namespace sluice::table
