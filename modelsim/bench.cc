// Plain answers for benches: as cheap as they can be, so that a proxy is measured and not its
// origin.
#include "modelsim/bench.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "modelsim/event.h"
#include "modelsim/json.h"
#include "modelsim/settings.h"

namespace sluice::modelsim {
namespace {

using Kind = BenchOrder::Kind;
using State = Answer::Progress::State;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr uint32_t kGolden = 2'654'435'769;  // 2^32 / golden ratio: multiples of it lie evenly

// Takes "/segment" off the end of a path.
std::string_view last_segment(std::string_view& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view segment = path.substr(slash + 1);
    path = path.substr(0, slash);
    return segment;
}

std::optional<uint64_t> number(std::string_view digits) {
    uint64_t value = 0;
    const char* const last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value);
    if (error != std::errc{} || end != last) return std::nullopt;
    return value;
}

BenchOrder sized(Kind kind, std::optional<uint64_t> count, uint64_t most) {
    if (!count || *count > most) return {Kind::bad};
    return {kind, *count};
}

}  // namespace

BenchOrder bench_order(std::string_view path) {
    const std::string_view last = last_segment(path);
    if (last == "echo-size") return {Kind::echo_size};
    const std::string_view before = last_segment(path);
    if (before == "bytes") return sized(Kind::bytes, number(last), kMaxBenchBytes);
    if (last_segment(path) != "events") return {Kind::small};
    const auto per_second = number(before);
    if (!per_second || *per_second == 0 || *per_second > kMaxEventsPerSecond) return {Kind::bad};
    BenchOrder order = sized(Kind::events, number(last), kMaxBenchBytes);
    order.per_second = *per_second;
    return order;
}

std::string small_body(std::string_view pod) {
    constexpr size_t kSize = 100;
    constexpr std::string_view kMiddle = ",\"pad\":\"";
    constexpr std::string_view kClose = "\"}\n";
    std::string body = "{\"pod\":" + json_string(pod.substr(0, 40));
    body += kMiddle;
    body.append(kSize - std::min(kSize, body.size() + kClose.size()), '.');
    body += kClose;
    return body;
}

Answer::Progress BytesAnswer::produce(std::string& out, int64_t /*now_ns*/) {
    if (!started_) {
        started_ = true;
        const std::string length = "content-length: " + std::to_string(left_) + "\r\n\r\n";
        append_head(out, http_, {.type = "application/octet-stream", .pod = pod_});
        out += length;
        if (http_.method == "HEAD") left_ = 0;
    }
    const auto size = static_cast<size_t>(std::min<uint64_t>(left_, kHeldBytes));
    out.append(size, 'x');
    left_ -= size;
    return {left_ == 0 ? State::done : State::more};
}

EventsAnswer::EventsAnswer(
    const Request& http, std::string_view pod, const BenchOrder& order, uint32_t stream
)
    : http_(http),
      pod_(pod),
      step_ns_(kNsPerSecond / static_cast<int64_t>(order.per_second)),
      phase_ns_(static_cast<int64_t>(uint64_t{stream * kGolden} * uint64_t(step_ns_) >> 32)),
      count_(order.count) {}

Answer::Progress EventsAnswer::produce(std::string& out, int64_t now_ns) {
    if (due_ns_ == 0) {
        append_stream_head(out, http_, {.type = "text/event-stream", .pod = pod_});
        due_ns_ = now_ns + phase_ns_;
        return {http_.method == "HEAD" ? State::done : State::more};
    }
    if (now_ns < due_ns_) return {State::wait, due_ns_};
    // The turn's clock is as old as the events that were sent before in this turn.
    event_.clear();
    append_bench_event(event_, {monotonic_ns(), sent_});
    append_chunk(out, http_, event_);
    due_ns_ += step_ns_;
    if (++sent_ != count_) return {State::more};
    append_last_chunk(out, http_);
    return {State::done};
}

}  // namespace sluice::modelsim
