// The block that `sluicectl run` prints.
#include "sluicectl/block.h"

#include <gtest/gtest.h>

#include "tests/unit/ctl/objects.h"

namespace sluice::ctl {
namespace {

TEST(Block, quickstart) {
    Objects objects;
    objects.service("llama-stable", "chat").service("llama-canary", "chat");
    objects.route("chat", {}, {{"llama-stable", 100}, {"llama-canary", 0}});
    objects.ingress("embed", "");
    EXPECT_EQ(
        start_block(objects.snapshot(), "127.0.0.1:8080", {"examples/quickstart"}),
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
    objects.route("chat", {"chat.example.com"}, {{"llama", 1}});
    const std::string block = start_block(objects.snapshot(), "127.0.0.1:1", {"a", "b"});
    EXPECT_NE(block.find(" -H 'host: chat.example.com' "), std::string::npos) << block;
    EXPECT_NE(block.find("hosts    chat.example.com\n"), std::string::npos);
    EXPECT_NE(block.find("routes   chat\n"), std::string::npos);
    EXPECT_NE(block.find("config   a, b "), std::string::npos);
    EXPECT_NE(block.find(R"("model":"llama")"), std::string::npos);
}

TEST(Block, nothing_yet) {
    const std::string block = start_block({}, "127.0.0.1:1", {"empty"});
    EXPECT_NE(block.find("routes   none yet\n"), std::string::npos) << block;
    EXPECT_NE(block.find("hosts    none yet\n"), std::string::npos);
    EXPECT_NE(block.find("try      curl -i http://127.0.0.1:1/\n"), std::string::npos);
}

TEST(Block, six_are_named_and_the_rest_counted) {
    Objects six;
    Objects seven;
    for (int i = 0; i < 7; ++i) {
        const std::string name = "web" + std::to_string(i);
        if (i < 6) six.ingress(name, name);
        seven.ingress(name, name);
    }
    EXPECT_EQ(start_block(six.snapshot(), "g", {}).find("more"), std::string::npos);
    const std::string block = start_block(seven.snapshot(), "g", {});
    EXPECT_NE(block.find("web5 and 1 more\n"), std::string::npos) << block;
    EXPECT_EQ(block.find("web6"), std::string::npos);
}

TEST(Block, a_name_cannot_leave_its_quotes) {
    Objects objects;
    objects.route("chat", {"x'; rm -rf ~; '"}, {{"llama", 1}});
    const std::string block = start_block(objects.snapshot(), "g", {});
    EXPECT_NE(block.find(R"('host: x'\''; rm -rf ~; '\''')"), std::string::npos) << block;
}

TEST(Block, the_wildcard_is_dialled_by_loopback) {
    EXPECT_EQ(dialable("0.0.0.0:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("[::]:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("127.0.0.1:80"), "127.0.0.1:80");
    EXPECT_EQ(dialable("[::1]:80"), "[::1]:80");
}

}  // namespace
}  // namespace sluice::ctl
