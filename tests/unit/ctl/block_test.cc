// The block that `sluicectl run` prints.
#include "sluicectl/block.h"

#include <gtest/gtest.h>

#include "tests/unit/ctl/objects.h"

namespace sluice::ctl {
namespace {

std::string block_of(
    const Objects& objects,
    const std::string& gateway = "g",
    const std::vector<std::string>& paths = {}
) {
    const auto compiled = compile::compile(objects.snapshot(), {});
    return start_block(objects.snapshot(), compiled, gateway, paths);
}

std::string try_line_of(const Objects& objects) {
    const std::string block = block_of(objects);
    const size_t start = block.find("try      ") + 9;
    return block.substr(start, block.find('\n', start) - start);
}

TEST(Block, quickstart) {
    Objects objects;
    objects.service("llama-stable", "chat").service("llama-canary", "chat");
    objects.route("chat", {}, {{"llama-stable", 100}, {"llama-canary", 0}});
    objects.ingress("embed", "");
    EXPECT_EQ(
        block_of(objects, "127.0.0.1:8080", {"examples/quickstart"}),
        "gateway  http://127.0.0.1:8080\n"
        "routes   chat (llama-stable 100 / llama-canary 0), embed\n"
        "hosts    any\n"
        "config   examples/quickstart  (edit it, it is live)\n"
        "try      curl -N http://127.0.0.1:8080/v1/chat/completions "
        "-H 'content-type: application/json' "
        R"(-d '{"model":"chat","stream":true,"messages":[{"role":"user","content":"Hello"}]}')"
        "\nstop     Ctrl-C\n"
    );
}

TEST(Block, a_host_is_part_of_the_line_to_paste) {
    Objects objects;
    objects.service("llama").route("chat", {"chat.example.com"}, {{"llama", 1}});
    const std::string block = block_of(objects, "127.0.0.1:1", {"a", "b"});
    EXPECT_NE(block.find(" -H 'host: chat.example.com' "), std::string::npos) << block;
    EXPECT_NE(block.find("hosts    chat.example.com\n"), std::string::npos);
    EXPECT_NE(block.find("routes   chat\n"), std::string::npos);
    EXPECT_NE(block.find("config   a, b "), std::string::npos);
    EXPECT_NE(block.find(R"("model":"llama")"), std::string::npos);
}

TEST(Block, nothing_yet) {
    const std::string block = block_of({}, "127.0.0.1:1", {"empty"});
    EXPECT_NE(block.find("routes   none yet\n"), std::string::npos) << block;
    EXPECT_NE(block.find("hosts    none yet\n"), std::string::npos);
    EXPECT_EQ(block.find("curl"), std::string::npos) << "nothing would answer it";
}

TEST(Block, six_are_named_and_the_rest_counted) {
    Objects six;
    Objects seven;
    for (int i = 0; i < 7; ++i) {
        const std::string name = "web" + std::to_string(i);
        if (i < 6) six.ingress(name, name);
        seven.ingress(name, name);
    }
    EXPECT_EQ(block_of(six).find("more"), std::string::npos);
    const std::string block = block_of(seven);
    EXPECT_NE(block.find("web5 and 1 more\n"), std::string::npos) << block;
    EXPECT_EQ(block.find("web6"), std::string::npos);
}

TEST(Block, what_was_refused_is_not_named) {
    Objects objects;
    objects.service("llama").service("web");
    objects.route("good", {"good.example.com"}, {{"llama", 1}});
    objects.route("bad", {"bad_host!"}, {{"llama", 1}});
    objects.ingress("site", "site.example.com").ingress("worse", "*.*.example.com");
    const std::string block = block_of(objects);
    EXPECT_NE(block.find("routes   good, site\n"), std::string::npos) << block;
    EXPECT_NE(block.find("hosts    good.example.com, site.example.com\n"), std::string::npos)
        << block;
}

TEST(Block, a_route_that_takes_no_chat_gets_a_request_that_it_takes) {
    Objects objects;
    objects.service("llama").route("predict", {}, {{"llama", 1}}, "/v2/models");
    EXPECT_EQ(try_line_of(objects), "curl -i http://g/v2/models");
}

TEST(Block, a_chat_path_that_an_ingress_takes_is_not_sold_as_a_stream) {
    Objects objects;
    objects.service("llama").service("web");
    objects.route("chat", {}, {{"llama", 1}}).ingress("web", "", "/v1/chat/completions");
    EXPECT_EQ(try_line_of(objects).substr(0, 9), "curl -i h");
}

TEST(Block, a_route_whose_service_is_missing_is_not_tried) {
    Objects objects;
    objects.route("chat", {}, {{"nowhere", 1}});
    EXPECT_EQ(try_line_of(objects).find("curl"), std::string::npos);
    objects.service("web").ingress("web", "shop.example.com");
    EXPECT_EQ(try_line_of(objects), "curl -i http://g/web -H 'host: shop.example.com'");
}

TEST(Block, a_wildcard_host_is_tried_with_a_name_that_it_takes) {
    Objects objects;
    objects.service("web").ingress("web", "*.example.com");
    EXPECT_EQ(try_line_of(objects), "curl -i http://g/web -H 'host: any.example.com'");
}

// Names from manifests stand in a line that people paste into a shell.
TEST(Block, a_name_cannot_leave_its_quotes) {
    Objects objects;
    objects.service("llama", "x'; rm -rf ~; '").route("chat", {}, {{"llama", 1}});
    const std::string line = try_line_of(objects);
    EXPECT_NE(line.find(R"("model":"x'\''; rm -rf ~; '\''",)"), std::string::npos) << line;
}

TEST(Block, a_path_with_a_meaning_to_a_shell_is_not_tried) {
    Objects objects;
    objects.service("web").ingress("web", "", "/a;reboot").ingress("zoo", "", "/b");
    EXPECT_EQ(try_line_of(objects), "curl -i http://g/b");
}

TEST(Block, the_wildcard_is_dialled_by_loopback) {
    EXPECT_EQ(dialable("0.0.0.0:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("[::]:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("127.0.0.1:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("[::1]:80"), "[::1]:80");
}

}  // namespace
}  // namespace sluice::ctl
