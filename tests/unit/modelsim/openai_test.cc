// OpenAI's and KServe's bodies: what is read out of them, what is refused and in which words, what
// is written.
#include "modelsim/openai.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "modelsim/render.h"
#include "modelsim/settings.h"

namespace sluice::modelsim {
namespace {

tl::expected<GenerationRequest, ApiError> chat(std::string_view body) {
    return BodyParser().generation(Api::chat, body);
}

std::string with(std::string_view more) {
    return R"({"model":"m","messages":[{"role":"user","content":"one two three"}])" +
           std::string(more) + "}";
}

TEST(ChatBody, DefaultsAndOptions) {
    const auto plain = chat(with(""));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->model, "m");
    EXPECT_EQ(plain->prompt_tokens, 3U);
    EXPECT_EQ(plain->tokens, 32U);
    EXPECT_FALSE(plain->cut);
    EXPECT_FALSE(plain->stream);
    const auto full =
        chat(with(R"(,"stream":true,"stream_options":{"include_usage":true},"max_tokens":5)"));
    ASSERT_TRUE(full);
    EXPECT_TRUE(full->stream);
    EXPECT_TRUE(full->include_usage);
    EXPECT_EQ(full->tokens, 5U);
    EXPECT_TRUE(full->cut);
}

TEST(ChatBody, LengthFollowsTheLimitOnlyWhenTheEndIsIgnored) {
    EXPECT_EQ(chat(with(R"(,"max_tokens":500)"))->tokens, 32U);
    EXPECT_FALSE(chat(with(R"(,"max_tokens":500)"))->cut);
    EXPECT_EQ(chat(with(R"(,"max_tokens":500,"ignore_eos":true)"))->tokens, 500U);
    EXPECT_EQ(chat(with(R"(,"max_completion_tokens":2,"max_tokens":9)"))->tokens, 2U);
    EXPECT_EQ(chat(with(R"(,"max_tokens":null)"))->tokens, 32U);
}

TEST(ChatBody, LimitAndLimitPlusOne) {
    const std::string limit = std::to_string(kMaxTokens);
    const std::string beyond = std::to_string(kMaxTokens + 1);
    EXPECT_TRUE(chat(with(",\"max_tokens\":" + limit)));
    EXPECT_FALSE(chat(with(",\"max_tokens\":" + beyond)));
    EXPECT_FALSE(chat(with(",\"max_tokens\":0")));
    EXPECT_FALSE(chat(with(",\"max_tokens\":-1")));
}

TEST(ChatBody, PartsAndNullContentCount) {
    const auto parts = chat(
        R"({"model":"m","messages":[{"role":"assistant","content":null},
            {"role":"user","content":[{"type":"text","text":"a b"},{"type":"image_url"}]}]})"
    );
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->prompt_tokens, 2U);
}

TEST(ChatBody, RefusalsNameTheField) {
    const auto param = [](std::string_view body) {
        const auto parsed = chat(body);
        return parsed ? std::string("accepted") : parsed.error().param;
    };
    EXPECT_EQ(param("{"), "");
    EXPECT_EQ(param("[]"), "");
    EXPECT_EQ(param(""), "");
    EXPECT_EQ(param(R"({"messages":[{"role":"user","content":"x"}]})"), "model");
    EXPECT_EQ(param(R"({"model":7,"messages":[{"role":"user","content":"x"}]})"), "model");
    EXPECT_EQ(param(R"({"model":"m"})"), "messages");
    EXPECT_EQ(param(R"({"model":"m","messages":[]})"), "messages");
    EXPECT_EQ(param(R"({"model":"m","messages":[{"content":"x"}]})"), "messages");
    EXPECT_EQ(param(R"({"model":"m","messages":[{"role":"user","content":5}]})"), "messages");
    EXPECT_EQ(param(with(R"(,"stream":"yes")")), "stream");
    EXPECT_EQ(param(with(R"(,"stream_options":1)")), "stream_options");
    EXPECT_EQ(param(with(R"(,"n":2)")), "n");
    EXPECT_EQ(param(with(R"(,"max_tokens":"5")")), "max_tokens");
}

TEST(ChatBody, DeepDocumentsAreRefusedNotFollowed) {
    EXPECT_FALSE(chat(std::string(100'000, '[')));
}

TEST(CompletionBody, PromptsOfEveryShape) {
    BodyParser parser;
    const auto tokens = [&](std::string_view prompt) {
        const auto parsed = parser.generation(
            Api::completion, R"({"model":"m","prompt":)" + std::string(prompt) + "}"
        );
        return parsed ? static_cast<int>(parsed->prompt_tokens) : -1;
    };
    EXPECT_EQ(tokens(R"("a b")"), 2);
    EXPECT_EQ(tokens(R"(["a b","c"])"), 3);
    EXPECT_EQ(tokens("[1,2,3,4]"), 4);
    EXPECT_EQ(tokens("[[1,2],[3]]"), 3);
    EXPECT_EQ(tokens("5"), -1);
    EXPECT_EQ(tokens("[]"), -1);
    EXPECT_EQ(tokens("[[[1]]]"), -1);
    EXPECT_EQ(tokens("null"), -1);
}

TEST(EmbeddingBody, InputsAndLimits) {
    BodyParser parser;
    const auto inputs = [&](const std::string& rest) {
        const auto parsed = parser.embedding("{\"model\":\"m\"," + rest + "}");
        return parsed ? static_cast<int>(parsed->seeds.size()) : -1;
    };
    EXPECT_EQ(inputs(R"("input":"a")"), 1);
    EXPECT_EQ(inputs(R"("input":["a","b"])"), 2);
    EXPECT_EQ(inputs(R"("input":[1,2,3])"), 1) << "token numbers are one input";
    EXPECT_EQ(inputs(R"("input":[])"), -1);
    EXPECT_EQ(inputs(R"("inputs":"a")"), -1);
    EXPECT_EQ(inputs("\"input\":\"a\",\"dimensions\":" + std::to_string(kMaxDimensions)), 1);
    EXPECT_EQ(inputs("\"input\":\"a\",\"dimensions\":" + std::to_string(kMaxDimensions + 1)), -1);
    std::string many = "\"input\":[\"a\"";
    for (size_t i = 1; i < kMaxInputs; ++i) many += ",\"a\"";
    EXPECT_EQ(inputs(many + "]"), static_cast<int>(kMaxInputs));
    EXPECT_EQ(inputs(many + ",\"a\"]"), -1);
}

TEST(Embeddings, Base64CarriesTheSameNumbersAsText) {
    BodyParser parser;
    const auto request =
        parser.embedding(R"({"model":"m","input":"a","dimensions":2,"encoding_format":"base64"})");
    ASSERT_TRUE(request);
    const std::string body = embeddings_body(*request);
    const size_t at = body.find("\"embedding\":\"") + 13;
    EXPECT_EQ(body.find('"', at) - at, 12U) << "8 bytes in base64";
    EXPECT_EQ(body[at + 11], '=');
    EXPECT_EQ(embeddings_body(*request), body) << "deterministic";
}

TEST(Render, EveryAnswerIsJson) {
    simdjson::dom::parser json;
    const auto request = chat(with(",\"max_tokens\":3"));
    ASSERT_TRUE(request);
    Identity identity{.id = "chatcmpl-1", .model = "quote\"d \x01", .pod = "p", .created_s = 1};
    simdjson::dom::element root;
    ASSERT_EQ(json.parse(generation_body(identity, *request)).get(root), simdjson::SUCCESS);
    EXPECT_EQ(std::string_view(root["model"]), "quote\"d \x01");
    EXPECT_EQ(uint64_t(root["usage"]["total_tokens"]), 6U);
    EXPECT_EQ(std::string_view(root["choices"].at(0)["finish_reason"]), "length");

    std::string events;
    append_role_event(events, identity, true);
    append_word_event(events, identity, " word", true);
    append_finish_event(events, identity, false, true);
    append_usage_event(events, identity, *request);
    size_t count = 0;
    for (size_t at = 0; at < events.size(); ++count) {
        const size_t end = events.find("\n\n", at);
        ASSERT_EQ(events.substr(at, 6), "data: ");
        ASSERT_EQ(json.parse(events.substr(at + 6, end - at - 6)).get(root), simdjson::SUCCESS);
        at = end + 2;
    }
    EXPECT_EQ(count, 4U);
    EXPECT_EQ(uint64_t(root["usage"]["completion_tokens"]), 3U) << "usage comes last";
}

TEST(InferBody, AnswersOneNumberAnInput) {
    BodyParser parser;
    const auto request = parser.infer(R"({"id":"7","inputs":[{"name":"a"},{"name":"b"}]})");
    ASSERT_TRUE(request);
    EXPECT_NE(infer_body(*request, "m").find("\"shape\":[2]"), std::string::npos);
    EXPECT_FALSE(parser.infer(R"({"inputs":[]})"));
    EXPECT_FALSE(parser.infer(R"({})"));
}

}  // namespace
}  // namespace sluice::modelsim
