// The server-sent event of benches: one size, and its time of sending inside, so that whoever reads
// the stream on the same machine knows how long the event was on its way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::modelsim {

inline constexpr size_t kEventBytes = 120;  // "data: {…}\n\n", about a token of a chat answer

struct BenchEvent {
    int64_t sent_ns = 0;  // CLOCK_MONOTONIC of the sender
    uint64_t number = 0;  // 0 for the first of its stream, then by one
};

int64_t monotonic_ns();

void append_bench_event(std::string& out, const BenchEvent& event);

// Takes the first whole event off `bytes`, with whatever stands before it (chunk sizes, line ends).
// Nothing when no whole event is there yet; `bytes` then begins no later than where one may begin.
std::optional<BenchEvent> take_bench_event(std::string_view& bytes);

}  // namespace sluice::modelsim
