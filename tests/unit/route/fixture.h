// Tables from specs and heads from plain text, for the tests of everything that reads a table on a
// request.
#pragma once

#include <deque>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/route/regexes.h"
#include "table/builder.h"
#include "table/spec.h"
#include "table/view.h"

namespace sluice::route {

// A verified table and the bytes under it. Stays where it was made: views borrow from it.
class Table {
public:
    explicit Table(const table::RoutesSpec& spec) {
        auto built = table::build_routes(spec);
        if (!built) {
            ADD_FAILURE() << "build: " << built.error().message;
            return;
        }
        bytes_ = std::move(*built);
        const auto verified = table::RoutesView::verify(bytes_);
        if (!verified) {
            ADD_FAILURE() << "verify: " << verified.error().message;
            return;
        }
        view = *verified;
    }
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    table::RoutesView view;

private:
    table::Bytes bytes_;
};

inline table::RuleSpec rule_named(std::string name) {
    table::RuleSpec rule{};
    rule.key = table::key128({name});
    rule.name = std::move(name);
    rule.splits = {{.weight = 1, .refuse = Reason::no_weight}};
    rule.connect_ms = 1000;
    rule.first_byte_ms = 60'000;
    rule.idle_ms = 60'000;
    rule.request_ms = 0;
    return rule;
}

// Adds a match with a rule of its own, named after its place, and returns the rule's index.
inline uint32_t add_match(
    table::RoutesSpec& spec,
    table::HostSpec& host,
    table::PathKind kind,
    std::string path,
    std::vector<table::PredicateSpec> predicates = {}
) {
    const auto rule = static_cast<uint32_t>(spec.rules.size());
    spec.rules.push_back(rule_named("rule-" + std::to_string(rule)));
    host.matches.push_back({kind, std::move(path), std::move(predicates), rule});
    return rule;
}

// A head that owns its texts.
class Request {
public:
    explicit Request(
        std::string_view host, std::string_view path, std::string_view method = "GET"
    ) {
        head.host = keep(host);
        head.authority = head.host;
        head.method = keep(method);
        head.path = keep(path);
        head.target = head.path;
    }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    Request& query(std::string_view text) {
        head.query = keep(text);
        head.has_query = true;
        head.target = keep(std::string(head.path) + "?" + std::string(text));
        return *this;
    }
    Request& field(std::string_view name, std::string_view value) {
        EXPECT_TRUE(head.fields.add(keep(name), keep(value)));
        return *this;
    }

    http::RequestHead head;

private:
    std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
    std::deque<std::string> texts_;
};

}  // namespace sluice::route
