// OpenAI's and KServe's answers as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "modelsim/openai.h"

namespace sluice::modelsim {

struct Identity {  // what all answers of one generation repeat
    Api api = Api::chat;
    std::string id;
    std::string model;
    std::string pod;
    int64_t created_s = 0;
};

std::string generation_body(const Identity& identity, const GenerationRequest& request);

// One server-sent event each, "data: …\n\n", appended.
void append_role_event(std::string& out, const Identity& identity, bool null_usage);
void append_word_event(
    std::string& out, const Identity& identity, std::string_view word, bool null_usage
);
void append_finish_event(std::string& out, const Identity& identity, bool cut, bool null_usage);
void append_usage_event(
    std::string& out, const Identity& identity, const GenerationRequest& request
);
inline constexpr std::string_view kDoneEvent = "data: [DONE]\n\n";

std::string embeddings_body(const EmbeddingRequest& request);
std::string infer_body(const InferRequest& request, std::string_view model);

}  // namespace sluice::modelsim
