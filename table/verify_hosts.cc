// What is found by host and path: the hash index, the radix trees, matches and their predicates.
#include <string_view>
#include <vector>

#include "table/buckets.h"
#include "table/flaw.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/text_rules.h"
#include "table/verify.h"

namespace sluice::table {
namespace {

class HostsCheck {
public:
    explicit HostsCheck(const RoutesView& view)
        : view_(view),
          nodes_(view.nodes().size()),
          matches_(view.matches().size()),
          predicates_(view.predicates().size()),
          starts_(view.nodes().size()) {}

    std::optional<Refusal> run() {
        for (size_t i = 0; i < view_.hosts().size(); ++i) {
            if (const Flaw flaw = check_name(i)) return refusal("hosts", i, flaw);
            const size_t first_match = matches_.at();
            if (auto refused = check_tree(i)) return refused;
            if (const Flaw flaw = check_regexes(view_.hosts()[i].regexes)) {
                return refusal("hosts", i, flaw);
            }
            if (matches_.at() - first_match > limits::kMatchesPerHost) {
                return refusal("hosts", i, too_large("matches"));
            }
        }
        if (!nodes_.is_at_end()) return refusal("nodes", nodes_.at(), kUnowned);
        if (!matches_.is_at_end()) return refusal("matches", matches_.at(), kUnowned);
        if (!predicates_.is_at_end()) return refusal("predicates", predicates_.at(), kUnowned);
        return check_buckets();
    }

private:
    static constexpr Flaw kUnowned{Reason::table_bad_reference, "belongs to no host"};

    Flaw check_name(size_t index) const {
        const Host& host = view_.hosts()[index];
        if (!holds(view_, host.name)) return bad_reference("name outside the pool");
        if (host.name.length > limits::kHostBytes) return too_large("name");
        const std::string_view name = view_.text(host.name);
        if (!is_host_name(name)) return bad_value("no host name");
        if (host.hash != hash64(name, view_.host_seed())) return bad_value("hash of another name");
        if (host.reserved != 0) return bad_value("reserved bytes");
        if (index == 0) return {};
        const Host& before = view_.hosts()[index - 1];
        const bool ascends =
            before.hash < host.hash || (before.hash == host.hash && view_.text(before.name) < name);
        return ascends ? Flaw{} : out_of_order("hashes do not ascend");
    }

    std::optional<Refusal> check_buckets() const {
        const auto offsets = view_.host_buckets();
        const size_t hosts = view_.hosts().size();
        if (offsets.front() != 0 || offsets.back() != hosts) {
            return refusal("host_buckets", 0, bad_reference("do not span the hosts"));
        }
        for (uint32_t i = 0; i + 1 < offsets.size(); ++i) {
            if (offsets[i + 1] < offsets[i] || offsets[i + 1] > hosts) {
                return refusal("host_buckets", i, out_of_order("offsets do not ascend"));
            }
            if (const Flaw flaw = check_bucket(i)) return refusal("host_buckets", i, flaw);
        }
        return std::nullopt;
    }

    Flaw check_bucket(uint32_t index) const {
        const Range bucket = bucket_at(view_.host_buckets(), index);
        if (bucket.count > limits::kHostProbe) return too_large("hosts");
        for (const Host& host : view_.hosts().subspan(bucket.first, bucket.count)) {
            if (bucket_of(host.hash, view_.host_bits()) != index) {
                return out_of_order("host of another bucket");
            }
        }
        return {};
    }

    // Breadth first: the children of a node are the next nodes that nobody owns yet. So each node
    // is reached once, from a node before it: there is no cycle and no sharing.
    std::optional<Refusal> check_tree(size_t host) {
        const uint32_t root = view_.hosts()[host].root;
        if (root == kNone) return std::nullopt;
        if (!nodes_.take({root, 1})) {
            return refusal("hosts", host, bad_reference("root that is not the next node"));
        }
        starts_[root] = 0;
        for (size_t i = root; i < nodes_.at(); ++i) {
            if (const Flaw flaw = check_node(i, i == root)) return refusal("nodes", i, flaw);
        }
        return std::nullopt;
    }

    Flaw check_node(size_t index, bool is_root) {
        const Node& node = view_.nodes()[index];
        if (const Flaw flaw = check_label(index, is_root)) return flaw;
        const size_t end = starts_[index] + node.label.length;
        if (end > limits::kPathBytes) return too_large("path");
        if (const Flaw flaw = check_children(node.children, end)) return flaw;
        if (node.exact.count != 0 && end == 0) return bad_value("exact match of no path");
        if (node.prefix.count != 0 && end != 0 && view_.text(node.label).back() == '/') {
            return bad_value("prefix that ends with a slash");
        }
        if (const Flaw flaw = check_matches(node.exact, end)) return flaw;
        return check_matches(node.prefix, end);
    }

    // A hostile table may name one long text by each of its nodes; the sum bounds the work.
    Flaw check_label(size_t index, bool is_root) {
        const Text place = view_.nodes()[index].label;
        if (!holds(view_, place)) return bad_reference("label outside the pool");
        const std::string_view label = view_.text(place);
        const uint8_t byte = label.empty() ? 0 : static_cast<uint8_t>(label.front());
        if (view_.node_bytes()[index] != byte) return bad_value("first byte of another label");
        if (label.empty()) return is_root ? Flaw{} : bad_value("empty label");
        label_bytes_ += label.size();
        if (label_bytes_ > limits::kSegmentBytes) return too_large("labels");
        if (starts_[index] == 0 && label.front() != '/') return bad_value("path without a slash");
        return is_path_text(label) ? Flaw{} : bad_value("no canonical path");
    }

    Flaw check_children(Range children, size_t start) {
        const size_t first = nodes_.at();
        if (!nodes_.take(children)) return bad_reference("children that are not the next nodes");
        for (size_t i = first; i < first + children.count; ++i) {
            starts_[i] = static_cast<uint16_t>(start);
            if (i > first && view_.node_bytes()[i] <= view_.node_bytes()[i - 1]) {
                return out_of_order("children do not ascend");
            }
        }
        return {};
    }

    Flaw check_regexes(Range range) {
        if (range.count > limits::kRegexesPerHost) return too_large("regexes");
        if (!matches_.take(range)) return bad_reference("regexes that are not the next matches");
        for (const Match& match : view_.matches().subspan(range.first, range.count)) {
            if (match.regex >= view_.regexes().size()) return bad_reference("regex of a match");
            if (match.path_length != 0) return bad_value("regex with a prefix length");
            if (const Flaw flaw = check(match)) return flaw;
        }
        return {};
    }

    Flaw check_matches(Range range, size_t path_length) {
        if (!matches_.take(range)) return bad_reference("matches that are not the next");
        for (const Match& match : view_.matches().subspan(range.first, range.count)) {
            if (match.regex != kNone) return bad_value("path match with a regex");
            if (match.path_length != path_length) return bad_value("length of another path");
            if (const Flaw flaw = check(match)) return flaw;
        }
        return {};
    }

    Flaw check(const Match& match) {
        if (match.rule >= view_.rules().size()) return bad_reference("rule of a match");
        if (match.predicate_count > limits::kPredicatesPerMatch) return too_large("predicates");
        const Range range{match.predicates, match.predicate_count};
        if (!predicates_.take(range)) return bad_reference("predicates that are not the next");
        for (const Predicate& one : view_.predicates().subspan(range.first, range.count)) {
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
    Cursor nodes_;
    Cursor matches_;
    Cursor predicates_;
    size_t label_bytes_ = 0;
    std::vector<uint16_t> starts_;  // of each node: bytes of the path before its label
};

}  // namespace

std::optional<Refusal> why_hosts_refused(const RoutesView& view) {
    return HostsCheck(view).run();
}

}  // namespace sluice::table
