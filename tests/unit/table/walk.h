// Follows every reference of a verified segment, as a worker would: what verify() let through must
// be safe to read. Returns a sum of all that was read, so that no read can be left out.
#pragma once

#include <cstdint>
#include <string_view>

#include "table/limits.h"
#include "table/view.h"

namespace sluice::table {

class Walk {
public:
    static uint64_t over(const RoutesView& view) {
        Walk walk;
        for (const Host& host : view.hosts()) walk.read(view, host);
        for (const Rule& rule : view.rules()) walk.read(view, rule);
        for (const Backend& backend : view.backends()) walk.read(view.text(backend.name));
        for (const Regex& regex : view.regexes()) walk.read(view.text(regex.pattern));
        for (const Conduct& conduct : view.conducts()) walk.read(view, conduct);
        if (view.any_host() != nullptr) walk.sum_ += view.any_host()->hash;
        return walk.sum_;
    }
    static uint64_t over(const EndpointsView& view) {
        Walk walk;
        for (const EndpointSet& set : view.sets()) {
            for (const Endpoint& endpoint : view.find(set.backend)) {
                walk.read(view.text(endpoint.name));
                walk.sum_ += endpoint.port + view.endpoints()[view.index(endpoint)].address[15];
            }
        }
        return walk.sum_;
    }

private:
    void read(std::string_view text) {
        for (const char c : text) sum_ = sum_ * 31 + static_cast<uint8_t>(c);
    }

    void read(const RoutesView& view, const Host& host) {
        read(view.name(host));
        if (view.find_exact(view.name(host)) != &host) sum_ += 1;
        for (const Path& path : view.paths_of(host)) read(view, host, path);
        for (const uint32_t i : view.path_order_of(host)) {
            read(view.text(view.paths_of(host)[i]));
        }
        view.any_match_by_regex(host, [&](const Match& match) {
            sum_ += view.regexes()[view.regex_of(match)].digest;
            read(view, match);
            return false;
        });
    }

    void read(const RoutesView& view, const Host& host, const Path& path) {
        read(view.text(path));
        if (view.find_path(host, path.hash, view.text(path)) != &path) sum_ += 1;
        for (const PathKind kind : {PathKind::exact, PathKind::prefix}) {
            view.any_match(path, kind, [&](const Match& match) {
                read(view, match);
                return false;
            });
        }
    }

    void read(const RoutesView& view, const Match& match) {
        sum_ += view.rules()[match.rule].key_low;
        for (const Predicate& predicate : view.predicates_of(match)) {
            read(view.text(predicate.name));
            read(view.text(predicate.value));
            if (predicate.regex != kNone) sum_ += view.regexes()[predicate.regex].digest;
        }
    }

    void read(const RoutesView& view, const Rule& rule) {
        read(view.name(rule));
        sum_ += view.conduct_of(rule).connect_ms;
        for (const Split& split : view.splits_of(rule)) {
            if (split.backend != kNone) sum_ += view.backends()[split.backend].key;
            read(reason_text(static_cast<Reason>(split.reason)));
        }
    }

    void read(const RoutesView& view, const Conduct& conduct) {
        for (const Text text : {conduct.rewrite_path, conduct.rewrite_host}) {
            read(view.text(text));
        }
        for (const Range range : {conduct.request_edits, conduct.response_edits}) {
            for (const Edit& edit : view.edits().subspan(range.first, range.count)) {
                read(view.text(edit.name));
                read(view.text(edit.value));
            }
        }
        if (conduct.redirect == kNone) return;
        const Redirect& redirect = view.redirects()[conduct.redirect];
        for (const Text text : {redirect.scheme, redirect.host, redirect.path}) {
            read(view.text(text));
        }
    }

    uint64_t sum_ = 0;
};

}  // namespace sluice::table
