// The simulator over real sockets: streams, queue, faults, cancellation, limits.
#include <chrono>
#include <gtest/gtest.h>

#include "tests/unit/modelsim/running_server.h"

namespace sluice::modelsim {
namespace {

constexpr std::string_view kChat =
    R"({"model":"chat","messages":[{"role":"user","content":"hello there"}],"max_tokens":4)";

std::string chat(std::string_view more = "", std::string_view fields = "") {
    return post("/v1/chat/completions", std::string(kChat) + std::string(more) + "}", fields);
}

size_t count(std::string_view text, std::string_view what) {
    size_t found = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size()))
        ++found;
    return found;
}

int status(std::string_view answer) {
    return answer.size() < 12 ? 0 : std::stoi(std::string(answer.substr(9, 3)));
}

TEST(Server, AnswersAndNamesThePod) {
    const RunningServer server;
    const std::string answer = ask(server, chat());
    EXPECT_EQ(status(answer), 200);
    EXPECT_NE(answer.find("x-sim-pod: pod-a\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\"total_tokens\":6"), std::string::npos);
    EXPECT_EQ(
        ask(server, chat()).substr(answer.find("\"choices\"")),
        answer.substr(answer.find("\"choices\""))
    ) << "the same prompt gives the same words";
}

TEST(Server, StreamsRoleWordsFinishUsageDone) {
    const RunningServer server;
    const std::string answer =
        ask(server, chat(R"(,"stream":true,"stream_options":{"include_usage":true})"));
    EXPECT_NE(answer.find("content-type: text/event-stream"), std::string::npos);
    EXPECT_EQ(count(answer, "data: {"), 1U + 4 + 1 + 1);
    EXPECT_EQ(count(answer, "\"usage\":null"), 6U);
    EXPECT_LT(answer.find("\"finish_reason\":\"length\""), answer.find("\"total_tokens\":6"));
    EXPECT_TRUE(answer.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
}

TEST(Server, StreamsToAnOldClientUntilClose) {
    const RunningServer server;
    Client client(server);
    std::string request = chat(R"(,"stream":true)");
    request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
    client.send(request);
    const std::string answer = client.to_end();
    EXPECT_EQ(answer.find("transfer-encoding"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\n\ndata: [DONE]\n\n"));
}

TEST(Server, TokensComeAtTheRateAfterTheFirst) {
    Settings settings;
    settings.ttft_ms = 60;
    settings.tokens_per_second = 50;
    const RunningServer server(settings);
    const auto start = std::chrono::steady_clock::now();
    Client client(server);
    client.send(chat(R"(,"stream":true)"));
    client.until("\r\n\r\n");
    const auto first = std::chrono::steady_clock::now() - start;
    client.until("[DONE]");
    const auto all = std::chrono::steady_clock::now() - start;
    EXPECT_GE(first, std::chrono::milliseconds(59));
    EXPECT_GE(all, std::chrono::milliseconds(60 + 3 * 20 - 1));
    EXPECT_GE(metric(server, "vllm:time_to_first_token_seconds_sum"), 0.059);
}

TEST(Server, KeepsAliveAndTakesPipelinedRequestsInOrder) {
    const RunningServer server;
    Client client(server);
    client.send(get("/bench/a") + chat() + get("/health", "Connection: close\r\n"));
    const std::string all = client.to_end();
    EXPECT_EQ(count(all, "HTTP/1.1 200 OK"), 3U);
    EXPECT_LT(all.find("\"pad\""), all.find("chat.completion"));
    EXPECT_EQ(metric(server, "sim_requests_total"), 4) << "the look itself counts";
}

TEST(Server, SmallAnswersAreExactlyOneHundredBytes) {
    const RunningServer server;
    for (const std::string& request :
         {get("/bench/x/y"), post("/bench/x", std::string(5000, 'x'))}) {
        const std::string answer = ask(server, request);
        EXPECT_EQ(status(answer), 200);
        EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 100U);
    }
}

TEST(Server, GivesAndTakesBulk) {
    const RunningServer server;
    const std::string answer = ask(server, get("/bench/bytes/3000000"));
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 3'000'000U);
    const std::string big(9 * 1024 * 1024, 'x');  // more than a body that is kept may have
    EXPECT_NE(
        ask(server, post("/bench/echo-size", big)).find("{\"received\":9437184}"), std::string::npos
    );
    EXPECT_EQ(status(ask(server, get("/bench/bytes/x"))), 400);
}

TEST(Server, AsksForABodyThatWaitsToBeAsked) {
    const RunningServer server;
    Client client(server);
    client.send(
        "POST /bench/echo-size HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: "
        "100-continue\r\n\r\n"
    );
    EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc");
    EXPECT_NE(client.until("}").find("{\"received\":3}"), std::string::npos);
}

TEST(Server, ErrorsHaveOpenAisShape) {
    const RunningServer server;
    const std::string unknown =
        ask(server, post("/v1/completions", R"({"model":"nope","prompt":"x"})"));
    EXPECT_EQ(status(unknown), 404);
    EXPECT_NE(unknown.find(R"("param":"model","code":"model_not_found"}})"), std::string::npos);
    EXPECT_EQ(status(ask(server, post("/v1/chat/completions", "{"))), 400);
    EXPECT_EQ(status(ask(server, get("/nowhere"))), 404);
    EXPECT_EQ(status(ask(server, get("/v1/completions"))), 405);
    EXPECT_EQ(status(ask(server, get("/v1/models/nope"))), 404);
    EXPECT_EQ(status(ask(server, get("/v1/models/chat"))), 200);
    EXPECT_EQ(status(ask(server, "nonsense\r\n\r\n")), 400);
}

TEST(Server, ServesKserve) {
    const RunningServer server;
    EXPECT_EQ(
        status(ask(server, post("/v2/models/chat/infer", R"({"inputs":[{"name":"a"}]})"))), 200
    );
    EXPECT_EQ(
        status(ask(server, post("/v2/models/nope/infer", R"({"inputs":[{"name":"a"}]})"))), 404
    );
    EXPECT_EQ(status(ask(server, post("/v2/models/chat/other", "{}"))), 404);
    EXPECT_EQ(status(ask(server, get("/v2/models/chat/ready"))), 200);
}

TEST(Server, QueuesInOrderAndRefusesBeyond) {
    Settings settings;
    settings.concurrency = 1;
    settings.queue_depth = 1;
    settings.ttft_ms = 3'600'000;  // for ever, as far as this test goes
    const RunningServer server(settings);
    auto running = std::make_unique<Client>(server);
    running->send(chat());
    ASSERT_TRUE(becomes(server, "vllm:num_requests_running", 1));
    Client waiting(server);
    waiting.send(chat());
    ASSERT_TRUE(becomes(server, "vllm:num_requests_waiting", 1));
    EXPECT_GT(metric(server, "vllm:kv_cache_usage_perc"), 0);
    EXPECT_EQ(status(ask(server, chat())), 503);

    running.reset();  // leaving gives the place to the one that waits, and counts
    EXPECT_TRUE(becomes(server, "vllm:num_requests_waiting", 0));
    EXPECT_EQ(metric(server, "vllm:num_requests_running"), 1);
    EXPECT_EQ(metric(server, "sim_cancelled_total"), 1);
}

TEST(Server, AClientThatLeavesCancels) {
    Settings settings;
    settings.tokens_per_second = 1;
    const RunningServer server(settings);
    {
        Client client(server);
        client.send(chat(R"(,"stream":true)"));
        client.until("\n\n");
    }
    EXPECT_TRUE(becomes(server, "sim_cancelled_total", 1));
    {
        Client client(server
        );  // half closed after a whole request: gone too, as a model server's framework sees it
        client.send(chat());
        client.half_close();
        client.to_end();
    }
    EXPECT_TRUE(becomes(server, "sim_cancelled_total", 2));
    {
        Client client(server);  // in the middle of its body
        client.send("POST /bench/echo-size HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    }
    EXPECT_TRUE(becomes(server, "sim_cancelled_total", 3));
    EXPECT_TRUE(becomes(server, "vllm:num_requests_running", 0));
    EXPECT_EQ(metric(server, "vllm:kv_cache_usage_perc"), 0);
}

TEST(ServerFaults, ByHeader) {
    const RunningServer server;
    EXPECT_EQ(status(ask(server, get("/bench/x", "x-sim-fault: error:503\r\n"))), 503);
    EXPECT_EQ(status(ask(server, get("/bench/x", "x-sim-fault: nonsense\r\n"))), 400);
    EXPECT_EQ(
        ask(server, get("/bench/x", "x-sim-fault: garbage\r\n")).substr(0, 3), "\x16\x03\x01"
    );

    Client reset(server);
    reset.send(get("/bench/x", "x-sim-fault: reset-before\r\n"));
    EXPECT_EQ(reset.to_end(), "");
    EXPECT_EQ(reset.error, ECONNRESET);

    Client cut(server);
    cut.send(get("/bench/x", "x-sim-fault: reset-after:7\r\n"));
    const std::string part = cut.to_end();
    EXPECT_EQ(part.size() - part.find("\r\n\r\n") - 4, 7U);
    EXPECT_EQ(cut.error, ECONNRESET);
    EXPECT_EQ(metric(server, "sim_faults_total"), 4);
    EXPECT_EQ(metric(server, "sim_cancelled_total"), 0) << "a fault is not a cancellation";
}

TEST(ServerFaults, HangUpAnswersAndClosesUnannounced) {
    const RunningServer server;
    Client client(server);
    client.send(get("/bench/x", "x-sim-fault: hang-up\r\n"));
    const std::string answer = client.to_end();
    EXPECT_EQ(status(answer), 200);
    EXPECT_EQ(answer.find("connection: close"), std::string::npos);
    EXPECT_EQ(client.error, 0) << "an orderly close";
}

TEST(ServerFaults, StallHoldsAndSlowTrickles) {
    const RunningServer server;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(status(ask(server, get("/bench/x", "x-sim-fault: stall:80\r\n"))), 200);
    EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(79));
    {
        Client client(server);
        client.send(get("/bench/x", "x-sim-fault: slow\r\n"));
        EXPECT_EQ(client.receive(), "H") << "one byte, then one a second";
    }
    EXPECT_TRUE(becomes(server, "sim_cancelled_total", 1));
    {
        Client client(server);
        client.send(get("/bench/x", "x-sim-fault: stall-after:3\r\n"));
        EXPECT_TRUE(client.until("{\"p").ends_with("{\"p"));
    }
    EXPECT_TRUE(becomes(server, "sim_cancelled_total", 2));
}

TEST(ServerFaults, PlannedForTheNextRequests) {
    const RunningServer server;
    EXPECT_EQ(status(ask(server, post("/sim/faults", R"({"kind":"error","next":2})"))), 200);
    EXPECT_EQ(status(ask(server, get("/health"))), 200) << "health never fails on demand";
    EXPECT_EQ(status(ask(server, get("/bench/x"))), 500);
    EXPECT_EQ(status(ask(server, chat())), 500);
    EXPECT_EQ(status(ask(server, chat())), 200);
    EXPECT_EQ(status(ask(server, post("/sim/faults", R"({"kind":"what"})"))), 400);
}

TEST(ServerLimits, HeadAndBody) {
    const RunningServer server;
    const std::string empty = get("/bench/x", "X-Pad: \r\n");
    std::string limit = empty;
    limit.insert(limit.find("Pad: ") + 5, kHeadBytes - empty.size(), 'x');
    Client client(server);
    client.send(limit);
    EXPECT_EQ(status(client.until("}")), 200);
    client.send(limit.insert(limit.find("Pad: ") + 5, 1, 'x'));
    EXPECT_EQ(status(client.until("}")), 431);

    EXPECT_EQ(status(ask(server, post("/v1/completions", std::string(kBodyBytes, ' ')))), 400);
    EXPECT_EQ(status(ask(server, post("/v1/completions", std::string(kBodyBytes + 1, ' ')))), 413);
}

TEST(ServerAddress, BadOnesAreNamed) {
    Loop loop;
    for (const char* const bad : {"nowhere", "localhost:0", "127.0.0.1:x", "203.0.113.1:0"}) {
        Settings settings;
        settings.listen = bad;
        const auto opened = Server::open(settings, loop);
        ASSERT_FALSE(opened) << bad;
        EXPECT_NE(opened.error().find(bad), std::string::npos);
    }
    Settings v6;
    v6.listen = "[::1]:0";
    const auto opened = Server::open(v6, loop);
    if (opened) {
        EXPECT_TRUE((*opened)->address().starts_with("[::1]:"));
    }
}

}  // namespace
}  // namespace sluice::modelsim
