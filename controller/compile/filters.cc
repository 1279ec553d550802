// Filters to the fields of a rule. What would contradict itself (two rewrites, a rewrite beside a
// redirect) is refused rather than resolved by order.
#include "controller/compile/filters.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "controller/compile/hosts.h"
#include "controller/compile/path.h"
#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

using model::in_quotes;
using table::EditKind;
using table::RewriteKind;
using Done = tl::expected<void, Refusal>;

tl::unexpected<Refusal> refused(std::string field, Reason reason, std::string message) {
    return tl::unexpected<Refusal>(Refusal{std::move(field), reason, std::move(message)});
}

tl::unexpected<Refusal> invalid(std::string field, std::string message) {
    return refused(std::move(field), Reason::invalid_field, std::move(message));
}

struct Edits {
    std::vector<table::EditSpec>& out;
    std::string field;  // of the modifier

    Done append(EditKind kind, const std::string& at, std::string_view name, std::string value) {
        const std::string place = field + at;
        const model::Complaint name_complaint = model::check_editable_header(name);
        if (!name_complaint.empty()) {
            return invalid(place, in_quotes(name) + " " + std::string(name_complaint));
        }
        const model::Complaint value_complaint = model::check_header_value(value);
        if (!value_complaint.empty()) {
            return invalid(place, in_quotes(value) + " " + std::string(value_complaint));
        }
        if (name.size() > limits::kFieldNameBytes || value.size() > limits::kFieldValueBytes) {
            return invalid(place, "is longer than a header may be");
        }
        out.push_back({kind, lower_case(name), std::move(value)});
        return {};
    }

    Done append_all(
        EditKind kind, std::string_view list, const std::vector<model::HeaderValue>& headers
    ) {
        for (size_t i = 0; i < headers.size(); ++i) {
            const std::string at = "." + std::string(list) + "[" + std::to_string(i) + "]";
            if (Done done = append(kind, at, headers[i].name, headers[i].value); !done) return done;
        }
        return {};
    }
};

Done add_edits(
    std::vector<table::EditSpec>& out, const model::HeaderModifier& modifier, std::string field
) {
    Edits edits{out, std::move(field)};
    if (Done done = edits.append_all(EditKind::set, "set", modifier.set); !done) return done;
    if (Done done = edits.append_all(EditKind::add, "add", modifier.add); !done) return done;
    for (size_t i = 0; i < modifier.remove.size(); ++i) {
        const std::string at = ".remove[" + std::to_string(i) + "]";
        if (Done done = edits.append(EditKind::remove, at, modifier.remove[i], ""); !done) {
            return done;
        }
    }
    return {};
}

// A new path is sent as it is written, so it needs the same canonical form as a matched one.
Done set_path(
    RewriteKind& kind, std::string& path, const model::PathModifier& modifier, const std::string& at
) {
    if (modifier.replace_full_path.has_value() == modifier.replace_prefix_match.has_value()) {
        return invalid(at, "must have exactly one of replaceFullPath and replacePrefixMatch");
    }
    const bool is_full = modifier.replace_full_path.has_value();
    const std::string& text =
        is_full ? *modifier.replace_full_path : *modifier.replace_prefix_match;
    kind = is_full ? RewriteKind::full : RewriteKind::prefix;
    path.clear();
    if (!is_full && text.empty()) return {};
    auto canonical = canonical_rule_path(text);
    if (!canonical) {
        const char* const member = is_full ? ".replaceFullPath" : ".replacePrefixMatch";
        return invalid(at + member, in_quotes(text) + " " + canonical.error());
    }
    path = is_full ? std::move(*canonical) : as_prefix(*canonical);
    return {};
}

Done set_hostname(std::string& out, const std::string& hostname, const std::string& field) {
    auto host = canonical_host(hostname);
    if (!host) return invalid(field, in_quotes(hostname) + " " + host.error());
    if (host->starts_with('*')) {
        return invalid(field, in_quotes(hostname) + " must name one host, without a wildcard");
    }
    out = std::move(*host);
    return {};
}

Done set_rewrite(table::RuleSpec& spec, const model::UrlRewrite& rewrite, const std::string& at) {
    if (spec.rewrite_kind != RewriteKind::none || !spec.rewrite_host.empty()) {
        return invalid(at, "is the second rewrite of this rule: keep one");
    }
    if (Done done = set_hostname(spec.rewrite_host, rewrite.hostname, at + ".hostname"); !done) {
        return done;
    }
    if (!rewrite.path) return {};
    return set_path(spec.rewrite_kind, spec.rewrite_path, *rewrite.path, at + ".path");
}

Done set_redirect(
    table::RuleSpec& spec, const model::RequestRedirect& redirect, const std::string& at
) {
    if (spec.redirect) return invalid(at, "is the second redirect of this rule: keep one");
    constexpr std::array<int32_t, 5> kStatuses{301, 302, 303, 307, 308};
    const int32_t status = redirect.status_code;
    if (std::find(kStatuses.begin(), kStatuses.end(), status) == kStatuses.end()) {
        return invalid(
            at + ".statusCode",
            std::to_string(status) + " is not a redirect: use 301, 302, 303, 307 or 308"
        );
    }
    const std::string& scheme = redirect.scheme;
    if (!scheme.empty() && scheme != "http" && scheme != "https") {
        return invalid(at + ".scheme", in_quotes(scheme) + " must be http or https");
    }
    const int32_t port = redirect.port.value_or(0);
    if (redirect.port && (port < 1 || port > 65535)) {
        return invalid(at + ".port", std::to_string(port) + " must be from 1 to 65535");
    }
    table::RedirectSpec out{.status = static_cast<uint16_t>(status), .scheme = scheme};
    out.port = static_cast<uint16_t>(port);
    if (Done done = set_hostname(out.host, redirect.hostname, at + ".hostname"); !done) {
        return done;
    }
    if (redirect.path) {
        if (Done done = set_path(out.path_kind, out.path, *redirect.path, at + ".path"); !done) {
            return done;
        }
    }
    spec.redirect = std::move(out);
    return {};
}

Done set_filter(table::RuleSpec& spec, const model::RouteFilter& filter, const std::string& at) {
    switch (filter.type) {
        case model::FilterType::request_header_modifier:
            if (!filter.request_header_modifier) break;
            return add_edits(
                spec.request_edits, *filter.request_header_modifier, at + ".requestHeaderModifier"
            );
        case model::FilterType::response_header_modifier:
            if (!filter.response_header_modifier) break;
            return add_edits(
                spec.response_edits,
                *filter.response_header_modifier,
                at + ".responseHeaderModifier"
            );
        case model::FilterType::url_rewrite:
            if (!filter.url_rewrite) break;
            return set_rewrite(spec, *filter.url_rewrite, at + ".urlRewrite");
        case model::FilterType::request_redirect:
            if (!filter.request_redirect) break;
            return set_redirect(spec, *filter.request_redirect, at + ".requestRedirect");
    }
    return invalid(at, "lacks the member that its type names");
}

}  // namespace

tl::expected<void, Refusal> set_filters(
    table::RuleSpec& spec, const std::vector<model::RouteFilter>& filters, const std::string& field
) {
    for (size_t i = 0; i < filters.size(); ++i) {
        const std::string at = field + ".filters[" + std::to_string(i) + "]";
        if (Done done = set_filter(spec, filters[i], at); !done) return done;
    }
    const bool rewrites = spec.rewrite_kind != RewriteKind::none || !spec.rewrite_host.empty();
    if (spec.redirect && rewrites) {
        return invalid(field + ".filters", "a redirect is answered here: remove the rewrite");
    }
    const size_t edits = spec.request_edits.size() + spec.response_edits.size();
    if (edits > limits::kEditsPerRule) {
        return refused(
            field + ".filters",
            Reason::too_many_objects,
            "have " + std::to_string(edits) + " header changes: at most " +
                std::to_string(limits::kEditsPerRule) + " are allowed"
        );
    }
    return {};
}

bool needs_prefix(const table::RuleSpec& spec) {
    if (spec.rewrite_kind == RewriteKind::prefix) return true;
    return spec.redirect && spec.redirect->path_kind == RewriteKind::prefix;
}

}  // namespace sluice::compile
