// Keys in a fixed order, each put only when its value says something.
#include "proxy/steward/log_line.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/net/address.h"
#include "table/reason.h"

namespace sluice::steward {
namespace {

constexpr int64_t kNsPerUs = 1'000;
constexpr uint64_t kUsPerMs = 1'000;
constexpr size_t kNumberBytes = 20;

// A literal's length is known where it is put, so that copying it is a few stores.
template <size_t kSize>
char* put(char* out, const char (&literal)[kSize]) {
    std::memcpy(out, literal, kSize - 1);
    return out + kSize - 1;
}

char* put_raw(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

template <typename Number>
char* put_number(char* out, Number value) {
    return std::to_chars(out, out + kNumberBytes, value).ptr;
}

// Milliseconds with three decimals; what is below 0 is nonsense and shown as 0.
char* put_ms(char* out, int64_t ns) {
    const auto us = static_cast<uint64_t>(std::max<int64_t>(ns, 0) / kNsPerUs);
    out = put_number(out, us / kUsPerMs);
    const auto rest = static_cast<unsigned>(us % kUsPerMs);
    *out++ = '.';
    *out++ = static_cast<char>('0' + rest / 100);
    *out++ = static_cast<char>('0' + rest / 10 % 10);
    *out++ = static_cast<char>('0' + rest % 10);
    return out;
}

// `key` comes with its quotes, colon and the quote that opens the value: ,"host":"
template <size_t kSize>
char* put_text(char* out, const char (&key)[kSize], std::string_view text) {
    if (text.empty()) return out;
    out = escape(put(out, key), text);
    *out++ = '"';
    return out;
}

std::string_view cut(std::string_view text, size_t& room) {
    const std::string_view kept = text.substr(0, room);
    room -= kept.size();
    return kept;
}

std::string_view cut_name(std::string_view text) {
    return text.substr(0, kSlotTextBytes);
}

char* put_trace(char* out, const std::array<uint8_t, 16>& id) {
    if (id == std::array<uint8_t, 16>{}) return out;
    constexpr char kHex[] = "0123456789abcdef";
    out = put(out, ",\"trace_id\":\"");
    for (const uint8_t byte : id) {
        *out++ = kHex[byte >> 4];
        *out++ = kHex[byte & 0xf];
    }
    *out++ = '"';
    return out;
}

// "10.0.0.1" or "[2001:db8::1]".
char* put_address(char* out, const net::Address& address) {
    if (address.is_v4()) {
        for (size_t i = 12; i < 16; ++i) {
            out = put_number(out, unsigned{address.bytes[i]});
            *out++ = '.';
        }
        return out - 1;
    }
    *out++ = '[';
    out += net::address_text(address, out);
    *out++ = ']';
    return out;
}

char* put_endpoint(char* out, const live::LogFacts& facts) {
    if (facts.endpoint == std::array<uint8_t, 16>{}) return out;
    out = put_address(put(out, ",\"endpoint\":\""), {facts.endpoint, facts.endpoint_port});
    *out++ = ':';
    out = put_number(out, facts.endpoint_port);
    *out++ = '"';
    return out;
}

char* put_phases(char* out, const live::LogFacts& facts) {
    out = put_ms(put(out, ",\"duration_ms\":"), facts.duration_ns);
    if (facts.connect_ns >= 0) out = put_ms(put(out, ",\"connect_ms\":"), facts.connect_ns);
    if (facts.sent_ns >= 0) out = put_ms(put(out, ",\"sent_ms\":"), facts.sent_ns);
    if (facts.first_byte_ns < 0) return out;
    return put_ms(put(out, ",\"first_byte_ms\":"), facts.first_byte_ns);
}

char* put_counts(char* out, const live::LogFacts& facts) {
    out = put_number(put(out, ",\"bytes_in\":"), facts.bytes_in);
    out = put_number(put(out, ",\"bytes_out\":"), facts.bytes_out);
    out = put_number(put(out, ",\"tries\":"), facts.tries);
    return put_number(put(out, ",\"worker\":"), facts.worker);
}

char* put_reason(char* out, Reason reason) {
    out = put_raw(put(out, ",\"reason\":\""), reason_text(reason));
    *out++ = '"';
    return out;
}

std::string_view phase_text(uint8_t phase) {
    switch (static_cast<live::Phase>(phase)) {
        case live::Phase::free:
            break;
        case live::Phase::admitted:
            return "admitted";
        case live::Phase::connecting:
            return "connecting";
        case live::Phase::forwarding:
            return "forwarding";
        case live::Phase::relaying:
            return "relaying";
        case live::Phase::answering:
            return "answering";
    }
    return {};
}

// Total on times that a dying worker may have left.
int64_t span_ns(int64_t from, int64_t to) {
    int64_t span = 0;
    return __builtin_sub_overflow(to, from, &span) ? 0 : span;
}

int64_t wall_ns(int64_t zero, int64_t monotonic) {
    int64_t sum = 0;
    return __builtin_add_overflow(zero, monotonic, &sum) ? 0 : sum;
}

}  // namespace

LogLine::LogLine(const std::vector<std::string>& headers) {
    const size_t count = std::min(headers.size(), headers_.size());
    std::array<char, kEscapedBytes * limits::kFieldNameBytes + kEscapeSlackBytes> name{};
    for (size_t i = 0; i < count; ++i) {
        const auto named = headers.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(headers.begin(), named, *named) != named) continue;
        const std::string_view kept = std::string_view(*named).substr(0, limits::kFieldNameBytes);
        headers_[i] = '"' + std::string(name.data(), escape(name.data(), kept)) + "\":\"";
    }
}

char* LogLine::ended(
    char* out, const live::LogFacts& facts, const live::LogTexts& texts, const LineNames& names
) {
    size_t room = kRecordTextBytes;
    const auto text = [&](live::LogText which) {
        return cut(texts[static_cast<size_t>(which)], room);
    };
    out = time_.put(put(out, "{\"time\":\""), wall_ns(zero_ns_, facts.start_ns));
    *out++ = '"';
    out = put_text(out, ",\"request_id\":\"", text(live::LogText::request_id));
    out = put_trace(out, facts.trace_id);
    out = put_text(out, ",\"caller\":\"", text(live::LogText::caller));
    out = put_text(out, ",\"host\":\"", text(live::LogText::host));
    out = put_text(out, ",\"rule\":\"", cut_name(names.rule));
    out = put_text(out, ",\"backend\":\"", cut_name(names.backend));
    out = put_endpoint(out, facts);
    out = put_text(out, ",\"method\":\"", text(live::LogText::method));
    out = put_text(out, ",\"path\":\"", text(live::LogText::path));
    if (facts.status != 0) out = put_number(put(out, ",\"status\":"), facts.status);
    out = put_reason(out, static_cast<Reason>(facts.reason));
    out = put_counts(put_phases(out, facts), facts);
    return put(put_headers(out, texts, room), "}\n");
}

char* LogLine::put_headers(char* out, const live::LogTexts& texts, size_t& room) const {
    bool any = false;
    for (size_t i = 0; i < headers_.size(); ++i) {
        const std::string_view value =
            cut(texts[static_cast<size_t>(live::LogText::headers) + i], room);
        if (value.empty() || headers_[i].empty()) continue;
        out = any ? put(out, ",") : put(out, ",\"headers\":{");
        out = escape(put_raw(out, headers_[i]), value);
        *out++ = '"';
        any = true;
    }
    if (any) *out++ = '}';
    return out;
}

char* LogLine::lost(char* out, const live::LostRecord& record, const LineNames& names) {
    out = time_.put(put(out, "{\"time\":\""), wall_ns(zero_ns_, record.start_ns));
    *out++ = '"';
    out = put_text(out, ",\"rule\":\"", cut_name(names.rule));
    out = put_text(out, ",\"backend\":\"", cut_name(names.backend));
    out = put_text(out, ",\"endpoint\":\"", cut_name(names.endpoint));
    out = put_reason(out, Reason::worker_died);
    out = put_ms(put(out, ",\"duration_ms\":"), span_ns(record.start_ns, record.died_ns));
    out = put_number(put(out, ",\"worker\":"), record.worker);
    out = put_text(out, ",\"phase\":\"", phase_text(record.phase));
    out = put_number(put(out, ",\"signal\":"), record.signal);
    if (record.suspect != 0) return put(out, ",\"suspect\":true}\n");
    return put(out, ",\"suspect\":false}\n");
}

}  // namespace sluice::steward
