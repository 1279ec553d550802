// The bodies of local answers.
#include "proxy/exchange/reply.h"

#include <array>
#include <charconv>

#include "proxy/exchange/error.h"
#include "proxy/http/write.h"
#include "table/limits.h"

namespace sluice::exchange {

namespace {

constexpr size_t kBodyBytes = limits::kInlineBodyBytes;
constexpr size_t kSecondsBytes = 3;  // a uint8_t in words

constexpr std::array<std::string_view, 9> kAiPaths{
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/models",
    "/v1/responses",
    "/v1/messages",
    "/v1/rerank",
    "/v1/audio",
    "/v2/models",
};

void put_escaped(http::HeadWriter& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (c == '"' || c == '\\') {
            const std::array<char, 2> escaped{'\\', c};
            out.put({escaped.data(), escaped.size()});
        } else if (byte < 0x20 || byte >= 0x7f) {
            const std::array<char, 6> escaped{
                '\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]
            };
            out.put({escaped.data(), escaped.size()});
        } else {
            out.put({&c, 1});
        }
    }
}

void put_openai(http::HeadWriter& out, const Refusal& refusal, uint16_t status) {
    out.put(R"({"error":{"message":")");
    put_escaped(out, refusal.detail);
    out.put(R"(","type":")");
    out.put(openai_type_of(status));
    out.put(R"(","param":null,"code":")");
    out.put(reason_text(refusal.reason));
    out.put(R"("}})");
}

void put_problem(http::HeadWriter& out, const Refusal& refusal, uint16_t status) {
    out.put(R"({"type":"about:blank","title":")");
    out.put(phrase_of(status));
    out.put(R"(","status":)");
    out.put_number(status);
    out.put(R"(,"detail":")");
    put_escaped(out, refusal.detail);
    out.put(R"(","code":")");
    out.put(reason_text(refusal.reason));
    out.put(R"("})");
}

// `seconds`: room for the text of retry-after, until the head is staged.
void fill_head(
    http::ResponseHead& head,
    const Refusal& refusal,
    uint16_t status,
    std::array<char, kSecondsBytes>& seconds
) {
    head.status = status;
    head.phrase = phrase_of(status);
    head.minor = 1;
    head.fields.clear();
    head.fields.add(
        "content-type",
        refusal.ai ? "application/json" : "application/problem+json",
        http::FieldId::content_type
    );
    head.fields.add("x-sluice-reason", reason_text(refusal.reason), http::FieldId::other);
    if (!refusal.request_id.empty()) {
        head.fields.add("x-request-id", refusal.request_id, http::FieldId::x_request_id);
    }
    if (!refusal.location.empty()) {
        head.fields.add("location", refusal.location, http::FieldId::other);
    }
    // Shed load comes back after the client's pause, not at once.
    if (status == 503) {
        char* const begin = seconds.data();
        const auto end =
            std::to_chars(begin, begin + seconds.size(), unsigned{refusal.retry_after_s});
        const std::string_view text(begin, static_cast<size_t>(end.ptr - begin));
        head.fields.add("retry-after", text, http::FieldId::retry_after);
    }
}

}  // namespace

bool is_ai_path(std::string_view path) {
    for (const std::string_view prefix : kAiPaths) {
        if (!path.starts_with(prefix)) continue;
        if (path.size() == prefix.size() || path[prefix.size()] == '/') return true;
    }
    return false;
}

bool stage_refusal(Downstream& client, const Refusal& refusal, http::ResponseHead& head) {
    Refusal full = refusal;
    const uint16_t status = refusal.status != 0 ? refusal.status : status_of(refusal.reason);
    if (full.detail.empty()) full.detail = message_of(refusal.reason);
    std::array<char, kBodyBytes> body;
    http::HeadWriter writer(body.data(), body.size());
    const bool redirect = !refusal.location.empty();
    if (!redirect && full.ai) put_openai(writer, full, status);
    if (!redirect && !full.ai) put_problem(writer, full, status);
    if (!writer.ok()) return false;
    std::array<char, kSecondsBytes> seconds;
    fill_head(head, full, status, seconds);
    if (redirect) head.fields.drop(http::FieldId::content_type);
    const http::BodyFraming framing{http::Framing::length, writer.size()};
    if (!client.stage_head(head, framing, refusal.close)) return false;
    std::string_view text = writer.text();
    // Small enough to be staged whole, so nothing of `body` is needed after this call.
    return client.try_write_body(text, true) != Io::closed && text.empty();
}

}  // namespace sluice::exchange
