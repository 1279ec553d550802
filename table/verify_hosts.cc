// What is found by host and path: both hash indexes, matches and their predicates.
#include <algorithm>
#include <string_view>

#include "table/buckets.h"
#include "table/flaw.h"
#include "table/hash.h"
#include "table/limits.h"
#include "table/text_rules.h"
#include "table/verify.h"

namespace sluice::table {
namespace {

class HostsCheck {
public:
    explicit HostsCheck(const RoutesView& view)
        : view_(view),
          paths_(view.paths().size()),
          path_buckets_(view.path_buckets().size()),
          matches_(view.matches().size()),
          by_regex_(view.by_regex().size()),
          predicates_(view.predicates().size()) {}

    std::optional<Refusal> run() {
        for (size_t i = 0; i < view_.hosts().size(); ++i) {
            if (const Flaw flaw = check_host(i)) return refusal("hosts", i, flaw);
            if (auto refused = check_paths(view_.hosts()[i])) return refused;
            if (const Flaw flaw = check_by_regex(view_.hosts()[i])) {
                return refusal("hosts", i, flaw);
            }
        }
        if (!paths_.is_at_end()) return refusal("paths", paths_.at(), kUnowned);
        if (!path_buckets_.is_at_end()) {
            return refusal("path_buckets", path_buckets_.at(), kUnowned);
        }
        if (!matches_.is_at_end()) return refusal("matches", matches_.at(), kUnowned);
        if (!by_regex_.is_at_end()) return refusal("by_regex", by_regex_.at(), kUnowned);
        if (!predicates_.is_at_end()) return refusal("predicates", predicates_.at(), kUnowned);
        if (deepest_ != view_.path_depth()) return refusal("header", 0, bad_value("path depth"));
        return check_host_buckets();
    }

private:
    static constexpr Flaw kUnowned{Reason::table_bad_reference, "belongs to no host"};

    Flaw check_host(size_t index) {
        const Host& host = view_.hosts()[index];
        if (const Flaw flaw = check_name(index)) return flaw;
        if (!paths_.take({host.paths, host.path_count})) {
            return bad_reference("paths that are not the next");
        }
        return check_path_buckets(host);
    }

    Flaw check_name(size_t index) const {
        const Host& host = view_.hosts()[index];
        if (!holds(view_, {host.name_offset, host.name_length})) {
            return bad_reference("name outside the pool");
        }
        if (host.name_length > limits::kHostBytes) return too_large("name");
        const std::string_view name = view_.name(host);
        if (!is_host_name(name)) return bad_value("no host name");
        if (host.hash != hash_text(name)) {
            return bad_value("hash of another name");
        }
        if (index == 0) return {};
        const Host& before = view_.hosts()[index - 1];
        const bool ascends =
            before.hash < host.hash || (before.hash == host.hash && view_.name(before) < name);
        return ascends ? Flaw{} : out_of_order("hashes do not ascend");
    }

    std::optional<Refusal> check_host_buckets() const {
        const auto offsets = view_.host_buckets();
        size_t at = 0;
        for (uint32_t bucket = 0; bucket < offsets.size(); ++bucket) {
            if (offsets[bucket] != at) {
                return refusal("host_buckets", bucket, bad_reference("not the next host"));
            }
            while (at < view_.hosts().size() &&
                   bucket_of(view_.hosts()[at].hash, view_.host_bits()) == bucket) {
                ++at;
            }
        }
        return std::nullopt;
    }

    // REQUIRES: the host's paths are inside.
    Flaw check_path_buckets(const Host& host) {
        if (host.path_bits != path_bits_for(host.path_count)) return bad_value("path bits");
        if (host.path_bits == 0) {
            return host.path_buckets == 0 ? Flaw{} : bad_reference("path buckets of one bucket");
        }
        const uint32_t count = (1U << host.path_bits) + 1;
        if (!path_buckets_.take({host.path_buckets, count})) {
            return bad_reference("path buckets that are not the next");
        }
        const auto paths = view_.paths_of(host);
        const auto offsets = view_.path_buckets().subspan(host.path_buckets, count);
        size_t at = 0;
        for (uint32_t bucket = 0; bucket < count; ++bucket) {
            if (offsets[bucket] != at) return bad_reference("a path bucket at another path");
            while (at < paths.size() && bucket_of(paths[at].hash, host.path_bits) == bucket) ++at;
        }
        return {};
    }

    Flaw check_by_regex(const Host& host) {
        if (host.by_regex == kNone) return {};
        if (!by_regex_.take({host.by_regex, 1})) {
            return bad_reference("regexes that are not the next");
        }
        for (size_t count = 1;; ++count) {
            if (count > limits::kRegexesPerHost) return too_large("regexes");
            const RegexMatch& one = view_.by_regex()[by_regex_.at() - 1];
            if (one.regex >= view_.regexes().size()) return bad_reference("regex of a match");
            if (kind_of(one.match) != PathKind::regex) return bad_value("kind of a match");
            if (one.match.path_length != 0) return bad_value("regex with a prefix length");
            if (const Flaw flaw = check(one.match)) return flaw;
            if (!has_more(one.match)) return {};
            if (by_regex_.is_at_end()) return bad_reference("more regexes than there are");
            by_regex_.take_one();
        }
    }

    // REQUIRES: the host's paths are inside.
    std::optional<Refusal> check_paths(const Host& host) {
        const size_t first_match = matches_.at();
        uint16_t depths = 0;
        for (size_t i = 0; i < host.path_count; ++i) {
            const Flaw flaw = check_path(host.paths + i, i == 0);
            if (flaw) return refusal("paths", host.paths + i, flaw);
            const size_t depth = depth_of(view_.text(view_.paths()[host.paths + i]));
            deepest_ = std::max(deepest_, depth);
            depths |= depth_bit(depth);
        }
        const size_t index = static_cast<size_t>(&host - view_.hosts().data());
        if (depths != host.depths) return refusal("hosts", index, bad_value("depths of others"));
        if (matches_.at() - first_match > limits::kMatchesPerHost) {
            return refusal("hosts", index, too_large("matches"));
        }
        return check_path_order(host);
    }

    // A hostile table may name one long text by each of its paths; the sum bounds the work.
    Flaw check_path(size_t index, bool is_first) {
        const Path& path = view_.paths()[index];
        if (!holds(view_, {path.text_offset, path.text_length})) {
            return bad_reference("text outside the pool");
        }
        if (path.text_length > limits::kPathBytes) return too_large("path");
        path_bytes_ += path.text_length;
        if (path_bytes_ > limits::kSegmentBytes) return too_large("paths");
        const std::string_view text = view_.text(path);
        if (!is_new_path(text)) return bad_value("no canonical path");
        if (path.hash != hash_text(text)) {
            return bad_value("hash of another path");
        }
        if (const Flaw flaw = check_matches(path, text)) return flaw;
        if (is_first) return {};
        const Path& before = view_.paths()[index - 1];
        const bool ascends =
            before.hash < path.hash || (before.hash == path.hash && view_.text(before) < text);
        return ascends ? Flaw{} : out_of_order("hashes do not ascend");
    }

    // As many indexes as paths, each inside and their texts ascending: so each path is there once.
    std::optional<Refusal> check_path_order(const Host& host) const {
        const auto paths = view_.paths_of(host);
        const auto order = view_.path_order_of(host);
        for (size_t i = 0; i < order.size(); ++i) {
            if (order[i] >= paths.size()) {
                return refusal("path_order", host.paths + i, bad_reference("path of another host"));
            }
            if (i != 0 && view_.text(paths[order[i - 1]]) >= view_.text(paths[order[i]])) {
                return refusal("path_order", host.paths + i, out_of_order("texts do not ascend"));
            }
        }
        return std::nullopt;
    }

    Flaw check_matches(const Path& path, std::string_view text) {
        if (path.matches != matches_.at()) return bad_reference("matches that are not the next");
        PathKind last = PathKind::exact;
        uint8_t seen[2] = {0, 0};
        do {
            if (matches_.is_at_end()) return bad_reference("more matches than there are");
            const Match& match = view_.matches()[matches_.at()];
            matches_.take_one();
            const PathKind kind = kind_of(match);
            if (kind > PathKind::prefix) return bad_value("kind of a match");
            if (kind < last) return out_of_order("an exact match behind a prefix");
            if (match.path_length != text.size()) return bad_value("length of another path");
            if (const Flaw flaw = check(match)) return flaw;
            last = kind;
            seen[static_cast<size_t>(kind)] = 1;
        } while (has_more(view_.matches()[matches_.at() - 1]));
        if (path.has_exact != seen[0] || path.has_prefix != seen[1]) {
            return bad_value("kinds of others' matches");
        }
        if (path.has_exact != 0 && text.empty()) return bad_value("exact match of no path");
        if (path.has_prefix != 0 && text.ends_with('/')) {
            return bad_value("prefix that ends with a slash");
        }
        return {};
    }

    Flaw check(const Match& match) {
        if (match.rule >= view_.rules().size()) return bad_reference("rule of a match");
        if (match.flags >= 2 * kMoreMatches) return bad_value("flags of a match");
        if (match.predicate_count > limits::kPredicatesPerMatch) return too_large("predicates");
        if (!predicates_.take({match.predicates, match.predicate_count})) {
            return bad_reference("predicates that are not the next");
        }
        for (const Predicate& one : view_.predicates_of(match)) {
            if (const Flaw flaw = check(one)) return flaw;
        }
        return {};
    }

    Flaw check(const Predicate& predicate) const {
        if (!holds(view_, predicate.name)) return bad_reference("predicate name outside the pool");
        if (!holds(view_, predicate.value))
            return bad_reference("predicate value outside the pool");
        if (!is_zero(predicate.reserved)) return bad_value("reserved bytes");
        const std::string_view name = view_.text(predicate.name);
        const std::string_view value = view_.text(predicate.value);
        switch (predicate.kind) {
            case PredicateKind::method:
                if (!name.empty() || !is_method(value)) return bad_value("method predicate");
                return check_no_regex(predicate);
            case PredicateKind::header_exact:
                if (!is_field_name(name)) return bad_value("header predicate");
                if (value.size() > limits::kFieldValueBytes) return too_large("header value");
                return check_no_regex(predicate);
            case PredicateKind::header_regex:
                return is_field_name(name) ? check_regex(predicate) : bad_value("header predicate");
            case PredicateKind::query_exact:
                if (name.size() > limits::kTargetBytes) return too_large("query name");
                if (value.size() > limits::kTargetBytes) return too_large("query value");
                return check_no_regex(predicate);
            case PredicateKind::query_regex:
                if (name.size() > limits::kTargetBytes) return too_large("query name");
                return check_regex(predicate);
        }
        return bad_value("predicate kind");
    }

    static Flaw check_no_regex(const Predicate& predicate) {
        return predicate.regex == kNone ? Flaw{} : bad_value("exact predicate with a regex");
    }

    Flaw check_regex(const Predicate& predicate) const {
        if (predicate.regex >= view_.regexes().size()) return bad_reference("regex of a predicate");
        const bool own = view_.regexes()[predicate.regex].pattern == predicate.value;
        return own ? Flaw{} : bad_value("regex of another pattern");
    }

    const RoutesView& view_;
    Cursor paths_;
    Cursor path_buckets_;
    Cursor matches_;
    Cursor by_regex_;
    Cursor predicates_;
    size_t path_bytes_ = 0;
    size_t deepest_ = 0;  // elements of the deepest path
};

}  // namespace

std::optional<Refusal> why_hosts_refused(const RoutesView& view) {
    return HostsCheck(view).run();
}

}  // namespace sluice::table
