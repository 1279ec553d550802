// The simulator's counters, and their text under the names that vLLM uses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::modelsim {

class Histogram {
public:
    static constexpr std::array kBoundsMs = {
        1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000, 20000, 40000
    };

    void observe_ns(int64_t value_ns);
    void append(std::string& out, std::string_view name, std::string_view labels) const;

private:
    std::array<uint64_t, kBoundsMs.size() + 1> counts_{};  // the last one: beyond all bounds
    int64_t sum_ns_ = 0;
};

struct Metrics {
    static constexpr uint32_t kBlockTokens = 16;
    static constexpr uint32_t kBlocks = 8192;

    uint64_t requests = 0;     // whole requests of any kind, faulty ones too
    uint64_t cancelled = 0;    // the client left before its answer was complete
    uint64_t faults = 0;       // answers spoilt on demand
    uint64_t connections = 0;  // accepted
    uint64_t prompt_tokens = 0;
    uint64_t generation_tokens = 0;
    uint64_t finished_stop = 0;
    uint64_t finished_length = 0;
    uint64_t held_tokens = 0;  // tokens of running generations: fills the KV cache
    Histogram first_token;
    Histogram inter_token;
    Histogram queue_time;
    Histogram whole_request;
};

struct Load {
    size_t running = 0;
    size_t waiting = 0;
};

std::string metrics_text(const Metrics& metrics, Load load, std::string_view model);

}  // namespace sluice::modelsim
