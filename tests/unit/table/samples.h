// Specs that use every feature of a table, and a table whose bytes a test may change.
#pragma once

#include <gtest/gtest.h>
#include <span>
#include <string>
#include <utility>

#include "table/builder.h"
#include "table/spec.h"
#include "table/view.h"

namespace sluice::table {

inline RuleSpec sample_rule(const std::string& name, uint32_t backend) {
    RuleSpec rule{};
    rule.key = key128({"ModelRoute", "demo", name});
    rule.name = "ModelRoute/demo/" + name;
    rule.splits = {{.weight = 1, .backend = backend}};
    rule.connect_ms = 1000;
    rule.first_byte_ms = 60'000;
    rule.idle_ms = 60'001;
    rule.request_ms = 0;
    return rule;
}

inline BackendSpec sample_backend(const std::string& service) {
    return {backend_key("Service", "demo", service, "http"), "Service/demo/" + service + "/http"};
}

inline RuleSpec rich_rule() {
    RuleSpec rule = sample_rule("rich", 0);
    rule.splits = {
        {.weight = 90, .backend = 0},
        {.weight = 9, .backend = 1},
        {.weight = 1, .refuse = Reason::backend_not_found}
    };
    rule.policy = BalancePolicy::round_robin;
    rule.ai = true;
    rule.rewrite_kind = RewriteKind::prefix;
    rule.rewrite_path = "/internal";
    rule.rewrite_host = "backend.example";
    rule.request_edits = {
        {EditKind::set, "x-one", "1"},
        {EditKind::add, "x-two", ""},
        {EditKind::remove, "x-three", ""}
    };
    rule.response_edits = {{EditKind::set, "x-served-by", "sluice\tat work"}};
    rule.request_ms = 5000;
    return rule;
}

inline RuleSpec redirect_rule() {
    RuleSpec rule = sample_rule("moved", 0);
    rule.splits.clear();
    rule.redirect = RedirectSpec{
        .status = 308,
        .scheme = "https",
        .host = "new.example",
        .port = 8443,
        .path_kind = RewriteKind::full,
        .path = "/moved"
    };
    return rule;
}

// Rules: 0 rich, 1 redirect, 2 plain. Three hosts: exact, wildcard, any.
inline RoutesSpec sample_routes() {
    using enum PathKind;
    using enum PredicateKind;
    RoutesSpec spec;
    spec.backends = {sample_backend("llama"), sample_backend("mistral")};
    spec.rules = {rich_rule(), redirect_rule(), sample_rule("plain", 1)};
    HostSpec chat{"chat.example", {}};
    chat.matches = {
        {exact, "/v1/chat", {{method, "", "POST"}, {header_exact, "x-model", "llama"}}, 0},
        {exact,
         "/v1/chat",
         {{query_exact, "mode", "a b"}, {header_regex, "x-tier", "gold|silver"}},
         1},
        {exact, "/v1/chat", {}, 2},
        {prefix, "/v1/chat", {}, 2},
        {prefix, "/v1", {}, 0},
        {exact, "/v1/models", {}, 1},
        {prefix, "", {}, 2},
        {regex, "/v[0-9]+/.*", {}, 1},
        {regex, "gold|silver", {{query_regex, "q", "gold|silver"}}, 0},
    };
    HostSpec wildcard{"*.example", {{prefix, "/a", {}, 0}, {prefix, "/a/b", {}, 1}}};
    HostSpec any{"", {{prefix, "", {}, 2}}};
    spec.hosts = {chat, wildcard, any};
    return spec;
}

inline EndpointSpec sample_endpoint(uint8_t last, uint16_t port) {
    EndpointSpec endpoint{};
    endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, last};
    endpoint.port = port;
    endpoint.name = "pod-" + std::to_string(last);
    endpoint.identity = key128({endpoint.name, std::to_string(port)});
    return endpoint;
}

inline EndpointsSpec sample_endpoints() {
    EndpointsSpec spec;
    const auto key = [](const char* name) { return sample_backend(name).key; };
    spec.sets.push_back({key("llama"), {sample_endpoint(1, 8000), sample_endpoint(2, 8000)}});
    spec.sets.push_back({key("mistral"), {sample_endpoint(3, 9000)}});
    spec.sets.push_back({key("asleep"), {}});
    return spec;
}

// What `build` makes of `spec`; an empty segment and a failure when it refuses.
template <class Spec>
Bytes built(tl::expected<Bytes, BuildError> (*build)(const Spec&), const Spec& spec) {
    auto bytes = build(spec);
    if (bytes) return *std::move(bytes);
    ADD_FAILURE() << bytes.error().message;
    return {};
}
inline Bytes built(const RoutesSpec& spec) {
    return built(build_routes, spec);
}
inline Bytes built(const EndpointsSpec& spec) {
    return built(build_endpoints, spec);
}

// A segment that was sound when it was made. Its structs may be changed in place.
template <class View>
class Changeable {
public:
    explicit Changeable(Bytes bytes) : bytes_(std::move(bytes)), view_(*View::attach(bytes_)) {}
    Changeable(const Changeable&) = delete;
    Changeable& operator=(const Changeable&) = delete;

    const View& view() const { return view_; }
    // The bytes are ours and not constant, so a view's element may be written through.
    template <class Entry>
    Entry& at(std::span<const Entry> entries, size_t index) {
        EXPECT_LT(index, entries.size());
        return const_cast<Entry&>(entries[index]);
    }
    char& byte(Text place, size_t index) { return const_cast<char&>(view_.text(place)[index]); }
    tl::expected<View, Refusal> verify() const { return View::verify(bytes_); }

private:
    Bytes bytes_;
    View view_;
};

}  // namespace sluice::table
