// What one simulated model server is told on its command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::modelsim {

struct Settings {
    std::string listen = "127.0.0.1:0";          // port 0: the kernel chooses
    std::string pod = "modelsim";                // named in every answer, so that tests can count
    std::vector<std::string> models = {"chat"};  // the first one labels the metrics
    uint32_t ttft_ms = 0;                        // queue left to first token
    uint32_t tokens_per_second = 0;              // 0: all tokens at once
    uint32_t concurrency = 256;                  // generations that run at once
    uint32_t queue_depth = 1024;                 // generations that wait for a place; beyond: 503
};

// Bounds of what a client may make the simulator hold.
inline constexpr size_t kHeadBytes = 32 * 1024;        // one request head
inline constexpr size_t kBodyBytes = 8 * 1024 * 1024;  // one body that is kept (JSON)
inline constexpr size_t kHeldBytes = 64 * 1024;        // unsent bytes before an answer pauses
inline constexpr size_t kConnections = 16 * 1024;      // beyond: not accepted until one ends
inline constexpr uint32_t kMaxTokens = 65536;          // tokens of one generation
inline constexpr size_t kMaxInputs = 2048;             // inputs of one embeddings request
inline constexpr uint32_t kMaxDimensions = 4096;       // of one embedding
inline constexpr uint64_t kMaxBenchBytes = uint64_t{1} << 34;  // GET /bench/…/bytes/N
inline constexpr uint64_t kMaxEventsPerSecond = 1'000'000;     // GET /bench/…/events/R/N

}  // namespace sluice::modelsim
