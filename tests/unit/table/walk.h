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
        read(view.text(host.name));
        if (view.find_exact(view.text(host.name)) != &host) sum_ += 1;
        if (host.root != kNone) read_tree(view, host.root);
        read(view, host.regexes);
    }

    // Without a stack: nodes of one tree follow one another.
    void read_tree(const RoutesView& view, uint32_t root) {
        size_t end = size_t{root} + 1;
        for (size_t i = root; i < end; ++i) {
            const Node& node = view.nodes()[i];
            read(view.text(node.label));
            sum_ += view.node_bytes()[i];
            read(view, node.exact);
            read(view, node.prefix);
            if (node.children.count != 0) end = size_t{node.children.first} + node.children.count;
        }
    }

    void read(const RoutesView& view, Range matches) {
        for (const Match& match : view.matches().subspan(matches.first, matches.count)) {
            sum_ += view.rules()[match.rule].key_low;
            if (match.regex != kNone) sum_ += view.regexes()[match.regex].digest;
            const auto predicates =
                view.predicates().subspan(match.predicates, match.predicate_count);
            for (const Predicate& predicate : predicates) {
                read(view.text(predicate.name));
                read(view.text(predicate.value));
                if (predicate.regex != kNone) sum_ += view.regexes()[predicate.regex].digest;
            }
        }
    }

    void read(const RoutesView& view, const Rule& rule) {
        for (const Text text : {rule.name, rule.rewrite_path, rule.rewrite_host}) {
            read(view.text(text));
        }
        for (const Split& split : view.splits().subspan(rule.splits.first, rule.splits.count)) {
            if (split.backend != kNone) sum_ += view.backends()[split.backend].key;
            read(reason_text(static_cast<Reason>(split.reason)));
        }
        for (const Range range : {rule.request_edits, rule.response_edits}) {
            for (const Edit& edit : view.edits().subspan(range.first, range.count)) {
                read(view.text(edit.name));
                read(view.text(edit.value));
            }
        }
        if (rule.redirect == kNone) return;
        const Redirect& redirect = view.redirects()[rule.redirect];
        for (const Text text : {redirect.scheme, redirect.host, redirect.path}) {
            read(view.text(text));
        }
    }

    uint64_t sum_ = 0;
};

}  // namespace sluice::table
