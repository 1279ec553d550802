// OpenAI's request bodies, read once into plain structs; what a real server would refuse is refused
// in its words.
#include "modelsim/openai.h"

#include <algorithm>
#include <simdjson.h>

#include "modelsim/settings.h"
#include "modelsim/words.h"

namespace sluice::modelsim {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;
template <typename T>
using Result = tl::expected<T, ApiError>;

constexpr uint32_t kNaturalTokens = 32;  // an answer that nothing limits
constexpr uint32_t kDimensions = 16;

tl::unexpected<ApiError> refuse(std::string message, std::string param = "") {
    return tl::unexpected<ApiError>(
        ApiError{.message = std::move(message), .param = std::move(param)}
    );
}

// A field that may be absent or null; anything but T is refused.
template <typename T>
Result<T> optional_field(const object& from, std::string_view name, T otherwise) {
    element found;
    if (from[name].get(found) != simdjson::SUCCESS || found.is_null()) return otherwise;
    T value{};
    if (found.get(value) != simdjson::SUCCESS) {
        return refuse("'" + std::string(name) + "' has the wrong type.", std::string(name));
    }
    return value;
}

Result<std::string> required_model(const object& body) {
    std::string_view model;
    if (body["model"].get(model) != simdjson::SUCCESS || model.empty()) {
        return refuse("you must provide a model parameter", "model");
    }
    return std::string(model);
}

struct Text {  // what a prompt adds up to
    uint32_t tokens = 0;
    uint64_t seed = kSeed;

    void add(std::string_view text) {
        tokens += count_tokens(text);
        seed = mix(seed, text);
    }
};

// A string, a list of strings, a list of token numbers, or a list of such lists.
bool add_prompt(const element& prompt, Text& text, int depth = 0) {
    std::string_view string;
    if (prompt.get(string) == simdjson::SUCCESS) {
        text.add(string);
        return true;
    }
    uint64_t token = 0;
    if (depth > 0 && prompt.get(token) == simdjson::SUCCESS) {
        ++text.tokens;
        text.seed =
            mix(text.seed, std::string_view(reinterpret_cast<const char*>(&token), sizeof token));
        return true;
    }
    array items;
    if (depth > 1 || prompt.get(items) != simdjson::SUCCESS || items.size() == 0) return false;
    for (const element item : items) {
        if (!add_prompt(item, text, depth + 1)) return false;
    }
    return true;
}

// A message's content: a string, null (a tool call), or parts of which the text ones count.
bool add_content(const element& content, Text& text) {
    std::string_view string;
    if (content.is_null()) return true;
    if (content.get(string) == simdjson::SUCCESS) {
        text.add(string);
        return true;
    }
    array parts;
    if (content.get(parts) != simdjson::SUCCESS) return false;
    for (const element part : parts) {
        if (part["text"].get(string) == simdjson::SUCCESS) text.add(string);
    }
    return true;
}

Result<Text> chat_text(const object& body) {
    array messages;
    if (body["messages"].get(messages) != simdjson::SUCCESS || messages.size() == 0) {
        return refuse("'messages' must be a list with at least one message.", "messages");
    }
    Text text;
    for (const element message : messages) {
        std::string_view role;
        if (message["role"].get(role) != simdjson::SUCCESS) {
            return refuse("every message needs a role.", "messages");
        }
        element content;
        const bool has_content = message["content"].get(content) == simdjson::SUCCESS;
        if (has_content && !add_content(content, text)) {
            return refuse("a message's content must be a string or a list of parts.", "messages");
        }
    }
    return text;
}

Result<Text> completion_text(const object& body) {
    Text text;
    element prompt;
    if (body["prompt"].get(prompt) != simdjson::SUCCESS || !add_prompt(prompt, text)) {
        return refuse("'prompt' must be a string or a list.", "prompt");
    }
    return text;
}

Result<uint64_t> token_limit(const object& body) {
    for (const std::string_view name : {"max_completion_tokens", "max_tokens"}) {
        const auto limit = optional_field<uint64_t>(body, name, 0);
        if (!limit) return tl::unexpected<ApiError>(limit.error());
        element found;
        const bool given = body[name].get(found) == simdjson::SUCCESS && !found.is_null();
        if (!given) continue;
        if (*limit == 0 || *limit > kMaxTokens) {
            return refuse(
                "'" + std::string(name) + "' must be 1 to " + std::to_string(kMaxTokens) + ".",
                std::string(name)
            );
        }
        return *limit;
    }
    return 0;  // not given
}

Result<bool> include_usage(const object& body) {
    element options;
    if (body["stream_options"].get(options) != simdjson::SUCCESS || options.is_null()) return false;
    object fields;
    if (options.get(fields) != simdjson::SUCCESS) {
        return refuse("'stream_options' must be an object.", "stream_options");
    }
    return optional_field(fields, "include_usage", false);
}

// How long the answer gets: the limit when the body says ignore_eos (as vLLM's benches do), else at
// most natural.
void set_length(GenerationRequest& out, uint64_t limit, bool ignore_eos) {
    const uint64_t wanted = ignore_eos && limit > 0 ? limit : kNaturalTokens;
    const uint64_t allowed = limit > 0 ? limit : wanted;
    out.tokens = static_cast<uint32_t>(std::min(wanted, allowed));
    out.cut = limit > 0 && limit <= wanted;
}

}  // namespace

struct BodyParser::Json {
    simdjson::dom::parser parser{kBodyBytes};

    Result<object> parse(std::string_view body) {
        object root;
        if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
            return refuse("We could not parse the JSON body of your request.");
        }
        return root;
    }
};

BodyParser::BodyParser() : json_(std::make_unique<Json>()) {}
BodyParser::~BodyParser() = default;

Result<GenerationRequest> BodyParser::generation(Api api, std::string_view body) {
    const auto root = json_->parse(body);
    if (!root) return tl::unexpected<ApiError>(root.error());
    const auto model = required_model(*root);
    if (!model) return tl::unexpected<ApiError>(model.error());
    const auto text = api == Api::chat ? chat_text(*root) : completion_text(*root);
    if (!text) return tl::unexpected<ApiError>(text.error());
    const auto limit = token_limit(*root);
    if (!limit) return tl::unexpected<ApiError>(limit.error());
    const auto usage = include_usage(*root);
    if (!usage) return tl::unexpected<ApiError>(usage.error());
    const auto stream = optional_field(*root, "stream", false);
    if (!stream) return tl::unexpected<ApiError>(stream.error());
    const auto ignore_eos = optional_field(*root, "ignore_eos", false);
    if (!ignore_eos) return tl::unexpected<ApiError>(ignore_eos.error());
    const auto choices = optional_field<uint64_t>(*root, "n", 1);
    if (!choices) return tl::unexpected<ApiError>(choices.error());
    if (*choices != 1) return refuse("this server generates one choice.", "n");

    GenerationRequest out;
    out.model = *model;
    out.stream = *stream;
    out.include_usage = *usage;
    out.prompt_tokens = text->tokens;
    out.seed = text->seed;
    set_length(out, *limit, *ignore_eos);
    return out;
}

Result<EmbeddingRequest> BodyParser::embedding(std::string_view body) {
    const auto root = json_->parse(body);
    if (!root) return tl::unexpected<ApiError>(root.error());
    const auto model = required_model(*root);
    if (!model) return tl::unexpected<ApiError>(model.error());
    const auto dimensions = optional_field<uint64_t>(*root, "dimensions", kDimensions);
    if (!dimensions) return tl::unexpected<ApiError>(dimensions.error());
    if (*dimensions == 0 || *dimensions > kMaxDimensions) {
        return refuse(
            "'dimensions' must be 1 to " + std::to_string(kMaxDimensions) + ".", "dimensions"
        );
    }
    const auto format = optional_field<std::string_view>(*root, "encoding_format", "float");
    if (!format) return tl::unexpected<ApiError>(format.error());

    EmbeddingRequest out{
        .model = *model, .seeds = {}, .dimensions = static_cast<uint32_t>(*dimensions)
    };
    out.base64 = *format == "base64";
    element input;
    if ((*root)["input"].get(input) != simdjson::SUCCESS)
        return refuse("'input' is required.", "input");
    array items;
    const bool is_list = input.get(items) == simdjson::SUCCESS;
    const bool of_tokens = is_list && items.size() > 0 && items.at(0).is_uint64();
    const size_t count = is_list && !of_tokens ? items.size() : 1;
    if (count == 0 || count > kMaxInputs) {
        return refuse("'input' must hold 1 to " + std::to_string(kMaxInputs) + " texts.", "input");
    }
    for (size_t i = 0; i < count; ++i) {
        Text text;
        const element one = is_list && !of_tokens ? items.at(i).value_unsafe() : input;
        if (!add_prompt(one, text)) return refuse("'input' must be a string or a list.", "input");
        out.seeds.push_back(text.seed);
        out.prompt_tokens += text.tokens;
    }
    return out;
}

Result<InferRequest> BodyParser::infer(std::string_view body) {
    const auto root = json_->parse(body);
    if (!root) return tl::unexpected<ApiError>(root.error());
    array inputs;
    if ((*root)["inputs"].get(inputs) != simdjson::SUCCESS || inputs.size() == 0) {
        return refuse("'inputs' must hold at least one tensor.", "inputs");
    }
    const auto id = optional_field<std::string_view>(*root, "id", "");
    if (!id) return tl::unexpected<ApiError>(id.error());
    return InferRequest{std::string(*id), mix(kSeed, body), inputs.size()};
}

Result<BodyParser::FaultOrder> BodyParser::fault_order(std::string_view body) {
    const auto root = json_->parse(body);
    if (!root) return tl::unexpected<ApiError>(root.error());
    const auto kind = optional_field<std::string_view>(*root, "kind", "none");
    if (!kind) return tl::unexpected<ApiError>(kind.error());
    const auto next = optional_field<uint64_t>(*root, "next", 1);
    if (!next) return tl::unexpected<ApiError>(next.error());
    return FaultOrder{std::string(*kind), *next};
}

uint32_t count_tokens(std::string_view text) {
    uint32_t tokens = 0;
    bool inside = false;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!blank && !inside) ++tokens;
        inside = !blank;
    }
    return tokens;
}

}  // namespace sluice::modelsim
