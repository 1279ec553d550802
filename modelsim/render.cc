// OpenAI's and KServe's answers as text.
#include "modelsim/render.h"

#include <cstdio>
#include <cstring>

#include "modelsim/words.h"

namespace sluice::modelsim {
namespace {

void append_number(std::string& out, uint64_t value) {
    out += std::to_string(value);
}

void append_usage(std::string& out, const GenerationRequest& request) {
    out += "{\"prompt_tokens\":";
    append_number(out, request.prompt_tokens);
    out += ",\"completion_tokens\":";
    append_number(out, request.tokens);
    out += ",\"total_tokens\":";
    append_number(out, uint64_t{request.prompt_tokens} + request.tokens);
    out += '}';
}

// "{"id":…,"object":…,"created":…,"model":…,"system_fingerprint":…,"choices":["
void append_opening(std::string& out, const Identity& identity, std::string_view object) {
    out += "{\"id\":\"";
    out += identity.id;
    out += "\",\"object\":\"";
    out += object;
    out += "\",\"created\":";
    append_number(out, static_cast<uint64_t>(identity.created_s));
    out += ",\"model\":";
    append_json_string(out, identity.model);
    out += ",\"system_fingerprint\":";
    append_json_string(out, identity.pod);
    out += ",\"choices\":[";
}

void append_event_opening(std::string& out, const Identity& identity) {
    out += "data: ";
    append_opening(
        out, identity, identity.api == Api::chat ? "chat.completion.chunk" : "text_completion"
    );
}

void append_event_closing(std::string& out, bool null_usage) {
    out += null_usage ? "],\"usage\":null}\n\n" : "]}\n\n";
}

std::string_view finish_reason(bool cut) {
    return cut ? "\"length\"" : "\"stop\"";
}

void append_base64(std::string& out, std::string_view bytes) {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; ++k) {
            const bool inside = i + k < bytes.size();
            group = group << 8 | (inside ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        const size_t digits = std::min<size_t>(bytes.size() - i, 3) + 1;
        for (size_t k = 0; k < 4; ++k) {
            out += k < digits ? kAlphabet[group >> (18 - 6 * k) & 63] : '=';
        }
    }
}

// -1 … 1 in steps that print exactly.
float component(uint64_t seed, uint32_t index) {
    return static_cast<float>(scramble(seed + index) % 2001) / 1000.0F - 1.0F;
}

void append_vector(std::string& out, const EmbeddingRequest& request, uint64_t seed) {
    std::string raw;
    for (uint32_t i = 0; i < request.dimensions; ++i) {
        const float value = component(seed, i);
        char bytes[32];
        if (request.base64) {
            std::memcpy(bytes, &value, sizeof value);  // little-endian, as the clients read it
            raw.append(bytes, sizeof value);
        } else {
            std::snprintf(
                bytes, sizeof bytes, "%s%.6g", i == 0 ? "" : ",", static_cast<double>(value)
            );
            out += bytes;
        }
    }
    append_base64(out, raw);
}

}  // namespace

std::string generation_body(const Identity& identity, const GenerationRequest& request) {
    std::string text;
    for (uint32_t i = 0; i < request.tokens; ++i) text += word(request.seed, i);
    std::string out;
    if (identity.api == Api::chat) {
        append_opening(out, identity, "chat.completion");
        out += "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" + text + "\"}";
    } else {
        append_opening(out, identity, "text_completion");
        out += "{\"index\":0,\"text\":\"" + text + "\"";
    }
    out += ",\"logprobs\":null,\"finish_reason\":";
    out += finish_reason(request.cut);
    out += "}],\"usage\":";
    append_usage(out, request);
    out += '}';
    return out;
}

void append_role_event(std::string& out, const Identity& identity, bool null_usage) {
    if (identity.api != Api::chat) return;  // a text completion has no roles
    append_event_opening(out, identity);
    out +=
        "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
        "\"finish_reason\":null}";
    append_event_closing(out, null_usage);
}

void append_word_event(
    std::string& out, const Identity& identity, std::string_view word, bool null_usage
) {
    append_event_opening(out, identity);
    out += identity.api == Api::chat ? "{\"index\":0,\"delta\":{\"content\":\""
                                     : "{\"index\":0,\"text\":\"";
    out += word;
    out += identity.api == Api::chat ? "\"}" : "\"";
    out += ",\"logprobs\":null,\"finish_reason\":null}";
    append_event_closing(out, null_usage);
}

void append_finish_event(std::string& out, const Identity& identity, bool cut, bool null_usage) {
    append_event_opening(out, identity);
    out += identity.api == Api::chat ? "{\"index\":0,\"delta\":{}" : "{\"index\":0,\"text\":\"\"";
    out += ",\"logprobs\":null,\"finish_reason\":";
    out += finish_reason(cut);
    out += '}';
    append_event_closing(out, null_usage);
}

void append_usage_event(
    std::string& out, const Identity& identity, const GenerationRequest& request
) {
    append_event_opening(out, identity);
    out += "],\"usage\":";
    append_usage(out, request);
    out += "}\n\n";
}

std::string embeddings_body(const EmbeddingRequest& request) {
    std::string out = "{\"object\":\"list\",\"data\":[";
    for (size_t i = 0; i < request.seeds.size(); ++i) {
        if (i > 0) out += ',';
        out += "{\"object\":\"embedding\",\"index\":" + std::to_string(i) + ",\"embedding\":";
        out += request.base64 ? '"' : '[';
        append_vector(out, request, request.seeds[i]);
        out += request.base64 ? '"' : ']';
        out += '}';
    }
    const std::string tokens = std::to_string(request.prompt_tokens);
    out += "],\"model\":" + json_string(request.model) + ",\"usage\":{\"prompt_tokens\":" + tokens +
           ",\"total_tokens\":" + tokens + "}}";
    return out;
}

std::string infer_body(const InferRequest& request, std::string_view model) {
    std::string out = "{\"model_name\":" + json_string(model) + ",\"model_version\":\"1\"";
    if (!request.id.empty()) out += ",\"id\":" + json_string(request.id);
    out += ",\"outputs\":[{\"name\":\"output\",\"shape\":[" + std::to_string(request.inputs) +
           "],\"datatype\":\"INT64\",\"data\":[";
    for (size_t i = 0; i < request.inputs; ++i) {
        if (i > 0) out += ',';
        out += std::to_string(scramble(request.seed + i) % 1000);
    }
    return out + "]}]}";
}

}  // namespace sluice::modelsim
