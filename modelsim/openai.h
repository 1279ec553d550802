// OpenAI's request bodies, read once into plain structs; what a real server would refuse is refused
// in its words.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "modelsim/json.h"

namespace sluice::modelsim {

enum class Api : uint8_t { chat, completion };

struct GenerationRequest {
    std::string model;
    bool stream = false;
    bool include_usage = false;
    uint32_t prompt_tokens = 0;
    uint32_t tokens = 0;  // how many will be generated
    bool cut = false;     // by max_tokens: finish_reason "length"
    uint64_t seed = 0;    // of the words: the same prompt gives the same answer
};

struct EmbeddingRequest {
    std::string model;
    std::vector<uint64_t> seeds;  // one an input
    uint32_t dimensions = 0;
    uint32_t prompt_tokens = 0;
    bool base64 = false;
};

struct InferRequest {  // KServe v2
    std::string id;
    uint64_t seed = 0;
    size_t inputs = 0;
};

class BodyParser {
public:
    BodyParser();
    ~BodyParser();

    tl::expected<GenerationRequest, ApiError> generation(Api api, std::string_view body);
    tl::expected<EmbeddingRequest, ApiError> embedding(std::string_view body);
    tl::expected<InferRequest, ApiError> infer(std::string_view body);

    struct FaultOrder {
        std::string kind;
        uint64_t next = 1;
    };
    tl::expected<FaultOrder, ApiError> fault_order(std::string_view body);

private:
    struct Json;
    std::unique_ptr<Json> json_;
};

// Tokens of this simulator: runs of anything but blanks.
uint32_t count_tokens(std::string_view text);

}  // namespace sluice::modelsim
