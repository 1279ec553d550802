// The server-sent event of benches, as text and back.
#include "modelsim/event.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr std::string_view kOpen = "data: {\"ns\":";
constexpr std::string_view kMiddle = ",\"n\":";
constexpr std::string_view kClose = ",\"pad\":\"";
constexpr std::string_view kEnd = "\"}\n\n";

template <typename Number>
bool take(std::string_view& text, std::string_view before, Number& value) {
    if (!text.starts_with(before)) return false;
    text.remove_prefix(before.size());
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return true;
}

}  // namespace

int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

void append_bench_event(std::string& out, const BenchEvent& event) {
    const size_t begin = out.size();
    char digits[24];
    out += kOpen;
    out.append(digits, std::to_chars(digits, digits + sizeof digits, event.sent_ns).ptr);
    out += kMiddle;
    out.append(digits, std::to_chars(digits, digits + sizeof digits, event.number).ptr);
    out += kClose;
    out.append(kEventBytes - kEnd.size() - (out.size() - begin), '.');
    out += kEnd;
}

std::optional<BenchEvent> take_bench_event(std::string_view& bytes) {
    const size_t begin = bytes.find(kOpen);
    if (begin == std::string_view::npos) {
        bytes.remove_prefix(bytes.size() - std::min(bytes.size(), kOpen.size() - 1));
        return std::nullopt;
    }
    bytes.remove_prefix(begin);
    if (bytes.size() < kEventBytes) return std::nullopt;
    std::string_view text = bytes.substr(0, kEventBytes);
    BenchEvent event;
    const bool good = take(text, kOpen, event.sent_ns) && take(text, kMiddle, event.number) &&
                      text.starts_with(kClose) && text.ends_with(kEnd);
    bytes.remove_prefix(good ? kEventBytes : kOpen.size());
    return good ? std::optional(event) : std::nullopt;
}

}  // namespace sluice::modelsim
