// The words of a 404, their bounds, and what they must not tell.
#include "proxy/route/near_miss.h"

#include <chrono>
#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/route/fixture.h"

namespace sluice::route {
namespace {

using table::PathKind;
using table::PredicateKind;

std::string say(const table::RoutesSpec& spec, const Request& request, size_t capacity = 512) {
    const Table table(spec);
    std::string out(capacity + 8, '#');
    const size_t length = near_miss(table.view, request.head, out.data(), capacity);
    EXPECT_LE(length, capacity);
    EXPECT_EQ(out.substr(capacity), "########") << "wrote behind its room";
    return out.substr(0, length);
}

table::RoutesSpec models_api() {
    table::RoutesSpec spec;
    table::HostSpec host{"llm.example.com", {}};
    add_match(
        spec, host, PathKind::exact, "/v1/chat/completions", {{PredicateKind::method, "", "POST"}}
    );
    add_match(spec, host, PathKind::exact, "/v1/models");
    add_match(spec, host, PathKind::prefix, "/v2/models");
    add_match(
        spec, host, PathKind::exact, "/secret", {{PredicateKind::header_exact, "x-key", "hunter2"}}
    );
    add_match(spec, host, PathKind::exact, "/both", {{PredicateKind::method, "", "POST"}});
    add_match(spec, host, PathKind::exact, "/both", {{PredicateKind::query_exact, "mode", "beta"}});
    spec.hosts.push_back(host);
    return spec;
}

TEST(NearMiss, an_unknown_host_is_named_and_no_other) {
    EXPECT_EQ(
        say(models_api(), Request("llm.example.org", "/v1/models")),
        "no route has host llm.example.org"
    );
    EXPECT_EQ(
        say(models_api(), Request("", "/")),
        "the request names no host, and no route takes any host"
    );
}

TEST(NearMiss, a_mistyped_path_names_the_closest) {
    const std::pair<const char*, const char*> cases[] = {
        {"/v1/chat/completion", "/v1/chat/completions"},
        {"/v1/chat/completionss", "/v1/chat/completions"},
        {"/v1/chat/completions/", "/v1/chat/completions"},
        {"/v1/chat/compeltions", "/v1/chat/completions"},
        {"/v1/model", "/v1/models"},
        {"/v1/embeddings", "/v1/models"},
        {"/v2/model", "/v2/models"},
        {"/v1/models/llama", "/v1/models"},
        {"/secre", "/secret"},
    };
    for (const auto& [asked, wanted] : cases) {
        EXPECT_EQ(
            say(models_api(), Request("llm.example.com", asked)),
            "no route of this host has path " + std::string(asked) + "; the closest is " + wanted
        );
    }
}

TEST(NearMiss, a_path_that_resembles_nothing_names_nothing) {
    for (const char* path : {"/", "/wp-admin/setup.php", "/zzz", "*"}) {
        EXPECT_EQ(
            say(models_api(), Request("llm.example.com", path)),
            "no route of this host has path " + std::string(path)
        );
    }
}

TEST(NearMiss, a_known_path_with_another_method) {
    EXPECT_EQ(
        say(models_api(), Request("llm.example.com", "/v1/chat/completions", "GET")),
        "path /v1/chat/completions is known here, but not with method GET"
    );
}

TEST(NearMiss, conditions_are_mentioned_but_never_told) {
    for (const char* path : {"/secret", "/both"}) {
        const std::string text = say(models_api(), Request("llm.example.com", path, "GET"));
        EXPECT_EQ(
            text,
            "path " + std::string(path) +
                " is known here, but not with these headers or query parameters"
        );
        for (const char* hidden : {"x-key", "hunter2", "mode", "beta", "POST", "rule"}) {
            EXPECT_EQ(text.find(hidden), std::string::npos) << hidden;
        }
    }
}

TEST(NearMiss, conditions_of_a_prefix_above_the_path) {
    table::RoutesSpec spec;
    table::HostSpec host{"*.example.com", {}};
    add_match(spec, host, PathKind::prefix, "/api", {{PredicateKind::method, "", "PUT"}});
    spec.hosts.push_back(host);
    EXPECT_EQ(
        say(spec, Request("a.example.com", "/api/x", "GET")),
        "path /api/x is known here, but not with method GET"
    );
}

TEST(NearMiss, the_most_specific_host_gives_the_hint) {
    table::RoutesSpec spec;
    table::HostSpec exact{"a.example.com", {}};
    table::HostSpec any{"", {}};
    add_match(spec, exact, PathKind::exact, "/inner/one");
    add_match(spec, any, PathKind::exact, "/outer/one");
    spec.hosts = {exact, any};
    EXPECT_NE(
        say(spec, Request("a.example.com", "/inner/on")).find("/inner/one"), std::string::npos
    );
    const std::string other = say(spec, Request("b.example.com", "/outer/on"));
    EXPECT_NE(other.find("/outer/one"), std::string::npos);
    EXPECT_EQ(
        say(spec, Request("b.example.com", "/inner/on")).find("/inner/one"), std::string::npos
    ) << "paths of another host stay its own";
}

TEST(NearMiss, a_host_of_regexes_only) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    add_match(spec, host, PathKind::regex, "/v[0-9]+");
    spec.hosts.push_back(host);
    EXPECT_EQ(say(spec, Request("a.test", "/vx")), "no route of this host has path /vx");
}

TEST(NearMiss, fits_any_room) {
    const Request request("llm.example.com", "/v1/chat/completion");
    const std::string whole = say(models_api(), request);
    for (size_t capacity = 0; capacity <= whole.size() + 1; ++capacity) {
        EXPECT_EQ(say(models_api(), request, capacity), whole.substr(0, capacity));
    }
}

TEST(NearMiss, long_names_leave_room_for_the_rest) {
    const std::string path = "/v1/models/" + std::string(limits::kTargetBytes, 'x');
    const std::string text = say(models_api(), Request("llm.example.com", path));
    EXPECT_NE(text.find("...; the closest is /v1/models"), std::string::npos) << text;
    EXPECT_LT(text.size(), 300u);
    const std::string method(5000, 'M');
    EXPECT_LT(
        say(models_api(), Request("llm.example.com", "/v1/chat/completions", method)).size(), 300u
    );
    EXPECT_LT(say(models_api(), Request(std::string(5000, 'h'), "/")).size(), 300u);
}

TEST(NearMiss, no_byte_of_the_client_breaks_the_text) {
    std::string path = "/v1/";
    for (int c = 0; c < 256; ++c) path += static_cast<char>(c);
    for (const auto& text :
         {say(models_api(), Request("llm.example.com", path)),
          say(models_api(), Request("llm.example.com", "/v1/chat/completions", "G\"\r\n")),
          say(models_api(), Request("a\r\nset-cookie: b\\", "/"))}) {
        for (const char c : text) {
            EXPECT_TRUE(c >= 0x20 && c < 0x7f && c != '"' && c != '\\') << static_cast<int>(c);
        }
    }
}

TEST(NearMiss, a_difference_in_case_is_said) {
    const std::pair<const char*, const char*> cases[] = {
        {"/V1/models", "/v1/models"},
        {"/V1/Chat/Completions", "/v1/chat/completions"},
        {"/v1/Models", "/v1/models"},
        {"/V2/models/llama/infer", "/v2/models"},
    };
    for (const auto& [asked, wanted] : cases) {
        EXPECT_EQ(
            say(models_api(), Request("llm.example.com", asked)),
            "no route of this host has path " + std::string(asked) + "; the closest is " + wanted +
                " (upper and lower case differ)"
        );
    }
}

TEST(NearMiss, of_two_that_differ_in_case_the_longer_is_named) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    for (const char* path : {"/v1", "/v1/chat", "/v1/chatter"}) {
        add_match(spec, host, PathKind::prefix, path);
    }
    spec.hosts.push_back(host);
    const std::string text = say(spec, Request("a.test", "/V1/chat/x"));
    EXPECT_NE(text.find("is /v1/chat (upper"), std::string::npos) << text;
}

TEST(NearMiss, short_paths_resemble_nothing) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    for (const char* path : {"/z", "/api"}) add_match(spec, host, PathKind::exact, path);
    spec.hosts.push_back(host);
    const auto hints = [&spec](const char* path) {
        return say(spec, Request("a.test", path)).find("closest") != std::string::npos;
    };
    EXPECT_FALSE(hints("/abc"));
    EXPECT_FALSE(hints("/y"));
    EXPECT_FALSE(hints("/xyz"));
    EXPECT_TRUE(hints("/apo")) << "one edit of four bytes";
    EXPECT_FALSE(hints("/ixo")) << "two are too many";
}

TEST(NearMiss, three_edits_are_close_and_four_are_not) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    add_match(spec, host, PathKind::exact, "/warehouse-inventory");
    spec.hosts.push_back(host);
    EXPECT_NE(
        say(spec, Request("a.test", "/xyzarehouse-inventory")).find("closest"), std::string::npos
    );
    EXPECT_EQ(
        say(spec, Request("a.test", "/wxyzrehouse-inventories")).find("closest"), std::string::npos
    );
}

// The quickest of some rounds, so that a busy machine does not count.
std::chrono::nanoseconds time_on_host_of(int paths) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    for (int i = 0; i < paths; ++i) {
        add_match(spec, host, PathKind::exact, "/catalogue/item-" + std::to_string(i));
    }
    spec.hosts.push_back(host);
    const Table table(spec);
    const Request request("a.test", "/catalogue/item-x17");
    std::chrono::nanoseconds best = std::chrono::hours(1);
    for (int i = 0; i < 30; ++i) {
        char out[512];
        const auto start = std::chrono::steady_clock::now();
        EXPECT_GT(near_miss(table.view, request.head, out, sizeof out), 0u);
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - start);
    }
    return best;
}

// Only a thousand nodes are looked at, so a flood of 404s costs the same on a host with very many
// paths.
TEST(NearMiss, work_is_bounded_on_a_wide_host) {
    EXPECT_LT(time_on_host_of(60'000), 6 * time_on_host_of(2000));
}

TEST(NearMiss, random_requests_never_leave_the_room) {
    const auto spec = models_api();
    const Table table(spec);
    uint32_t state = 99;
    const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 16; };
    const std::string_view alphabet = "/v12chatmodelsions.%";
    for (int i = 0; i < 20'000; ++i) {
        std::string path = "/";
        for (size_t n = next() % 40; n > 0; --n) path += alphabet[next() % alphabet.size()];
        const Request request("llm.example.com", path);
        char out[64];
        ASSERT_LE(near_miss(table.view, request.head, out, sizeof out), sizeof out);
    }
}

}  // namespace
}  // namespace sluice::route
