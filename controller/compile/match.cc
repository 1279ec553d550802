// Conditions to predicates. The decoder has checked all this; objects that reach the compiler
// another way must not be able to make a table that the proxy refuses as a whole.
#include "controller/compile/match.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "controller/compile/hosts.h"
#include "controller/compile/path.h"
#include "controller/compile/pattern.h"
#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

using model::in_quotes;
using table::PredicateKind;

tl::unexpected<Refusal> refused(std::string field, std::string message) {
    return tl::unexpected<Refusal>(
        Refusal{std::move(field), Reason::invalid_field, std::move(message)}
    );
}

// Where a predicate stands among those of its match: what costs less goes first.
int cost(PredicateKind kind) {
    switch (kind) {
        case PredicateKind::method:
            return 0;
        case PredicateKind::header_exact:
            return 1;
        case PredicateKind::query_exact:
            return 2;
        case PredicateKind::header_regex:
            return 3;
        case PredicateKind::query_regex:
            return 4;
    }
    return 5;
}

bool is_cheaper(const table::PredicateSpec& a, const table::PredicateSpec& b) {
    return std::make_tuple(cost(a.kind), std::tie(a.name, a.value)) <
           std::make_tuple(cost(b.kind), std::tie(b.name, b.value));
}

tl::expected<void, Refusal> set_path(
    Match& out, const model::PathMatch& path, const std::string& field
) {
    if (path.type == model::PathMatchType::regular_expression) {
        const std::string complaint = why_pattern_refused(path.value);
        if (!complaint.empty()) return refused(field, in_quotes(path.value) + " " + complaint);
        out.path_kind = table::PathKind::regex;
        out.path = path.value;
        return {};
    }
    auto canonical = canonical_rule_path(path.value);
    if (!canonical) return refused(field, in_quotes(path.value) + " " + canonical.error());
    const bool is_exact = path.type == model::PathMatchType::exact;
    out.path_kind = is_exact ? table::PathKind::exact : table::PathKind::prefix;
    out.path = is_exact ? std::move(*canonical) : as_prefix(*canonical);
    return {};
}

// Of a header or a query parameter; headers come with their name in lower case.
tl::expected<table::PredicateSpec, Refusal> named_predicate(
    const model::NamedMatch& match, bool is_header, const std::string& field
) {
    const model::Complaint name_complaint =
        is_header ? model::check_header_name(match.name) : model::check_printable(match.name);
    if (!name_complaint.empty()) {
        return refused(field + ".name", in_quotes(match.name) + " " + std::string(name_complaint));
    }
    if (match.name.size() > limits::kFieldNameBytes) {
        return refused(
            field + ".name", "has more than " + std::to_string(limits::kFieldNameBytes) + " bytes"
        );
    }
    const bool is_regex = match.type == model::ValueMatchType::regular_expression;
    std::string complaint;
    if (is_regex) complaint = why_pattern_refused(match.value);
    if (!is_regex && match.value.size() > limits::kFieldValueBytes) {
        complaint = "has more than " + std::to_string(limits::kFieldValueBytes) + " bytes";
    }
    if (!is_regex && complaint.empty() && !match.value.empty()) {
        complaint = is_header ? model::check_header_value(match.value)
                              : model::check_printable(match.value);
    }
    if (!complaint.empty()) {
        return refused(field + ".value", in_quotes(match.value) + " " + complaint);
    }
    const PredicateKind exact =
        is_header ? PredicateKind::header_exact : PredicateKind::query_exact;
    const PredicateKind regex =
        is_header ? PredicateKind::header_regex : PredicateKind::query_regex;
    return table::PredicateSpec{
        .kind = is_regex ? regex : exact,
        .name = is_header ? lower_case(match.name) : match.name,
        .value = match.value
    };
}

tl::expected<void, Refusal> add_named(
    Match& out,
    const std::vector<model::NamedMatch>& matches,
    bool are_headers,
    const std::string& field
) {
    for (size_t i = 0; i < matches.size(); ++i) {
        auto predicate =
            named_predicate(matches[i], are_headers, field + "[" + std::to_string(i) + "]");
        if (!predicate) return tl::unexpected<Refusal>(std::move(predicate.error()));
        out.predicates.push_back(std::move(*predicate));
    }
    return {};
}

tl::expected<void, Refusal> add_method(
    Match& out, const std::string& method, const std::string& field
) {
    if (method.empty()) return {};
    const bool is_token = model::check_header_name(method).empty();
    if (!is_token || method.size() > limits::kMethodBytes) {
        return refused(field, in_quotes(method) + " must be an HTTP method, as in POST");
    }
    out.predicates.push_back({PredicateKind::method, "", method});
    return {};
}

}  // namespace

tl::expected<Match, Refusal> compile_match(
    const model::RouteMatch& match, const std::string& field
) {
    Match out;
    tl::expected<void, Refusal> done;
    if (match.path) done = set_path(out, *match.path, field + ".path.value");
    if (done) done = add_method(out, match.method, field + ".method");
    if (done) done = add_named(out, match.headers, true, field + ".headers");
    if (done) done = add_named(out, match.query_params, false, field + ".queryParams");
    if (!done) return tl::unexpected<Refusal>(std::move(done.error()));
    // Sorted and without repeats, two matches that ask the same are equal.
    std::sort(out.predicates.begin(), out.predicates.end(), is_cheaper);
    out.predicates.erase(
        std::unique(out.predicates.begin(), out.predicates.end()), out.predicates.end()
    );
    if (out.predicates.size() > limits::kPredicatesPerMatch) {
        return tl::unexpected<Refusal>(Refusal{
            field,
            Reason::too_many_objects,
            "has " + std::to_string(out.predicates.size()) + " conditions: at most " +
                std::to_string(limits::kPredicatesPerMatch) + " are allowed"
        });
    }
    return out;
}

}  // namespace sluice::compile
