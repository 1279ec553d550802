// What one line of the access log costs the steward: of an ordinary request, and of a hostile one.
#include "proxy/steward/log_line.h"

#include <benchmark/benchmark.h>
#include <string>

namespace sluice::steward {
namespace {

void line(benchmark::State& state, const std::string& path) {
    LogLine format({"user-agent"});
    live::LogFacts facts;
    facts.status = 200;
    facts.duration_ns = 1'234'567;
    facts.connect_ns = 1'000;
    facts.sent_ns = 5'000;
    facts.first_byte_ns = 1'000'000;
    facts.bytes_in = 432;
    facts.bytes_out = 18'734;
    facts.tries = 1;
    facts.trace_id = {1, 2, 3};
    facts.endpoint = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 200, 1};
    facts.endpoint_port = 8'000;
    const live::LogTexts texts{
        "0f8fad5bd9cb469fa16570867728950e",
        "192.0.2.7",
        "models.example.com",
        "POST",
        path,
        "curl/8.1"
    };
    const LineNames names{"ModelRoute/demo/chat/default", "Service/demo/llama/http", {}};
    std::string room(kLineBytes, '\0');
    int64_t bytes = 0;
    for (auto _ : state) {
        facts.start_ns += 20'000;
        bytes += format.ended(room.data(), facts, texts, names) - room.data();
    }
    state.SetBytesProcessed(bytes);
}

void ordinary(benchmark::State& state) {
    line(state, "/v1/chat/completions");
}
void hostile(benchmark::State& state) {
    line(state, std::string(400, '\xff'));
}

BENCHMARK(ordinary);
BENCHMARK(hostile);

}  // namespace
}  // namespace sluice::steward

BENCHMARK_MAIN();
