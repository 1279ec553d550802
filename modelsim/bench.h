// Plain answers for benches: as cheap as they can be, so that a proxy is measured and not its
// origin.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "modelsim/answer.h"
#include "modelsim/http.h"

namespace sluice::modelsim {

// What the end of a path under /bench/ asks for; what stands before it is for a gateway's rules.
//   …/bytes/N      N bytes with a Content-Length
//   …/events/R/N   N server-sent events, R a second (N = 0: until the client goes)
//   …/echo-size    the size of the request's body
//   anything else  100 bytes of JSON
struct BenchOrder {
    enum class Kind : uint8_t { small, bytes, events, echo_size, bad } kind = Kind::small;
    uint64_t count = 0;       // bytes, or events
    uint64_t per_second = 0;  // events, at least one
};
BenchOrder bench_order(std::string_view path);

// Exactly 100 bytes of JSON that name the pod (a pod's name is cut to fit).
std::string small_body(std::string_view pod);

// N bytes with a Content-Length, in pieces as the reader takes them.
class BytesAnswer final : public Answer {
public:
    BytesAnswer(const Request& http, std::string_view pod, uint64_t size)
        : http_(http), pod_(pod), left_(size) {}
    Progress produce(std::string& out, int64_t now_ns) override;

private:
    const Request& http_;
    std::string_view pod_;
    uint64_t left_;
    bool started_ = false;
};

// Events at a steady rate, each a chunk and a write of its own, stamped as it leaves.
class EventsAnswer final : public Answer {
public:
    // `stream` is the number of the stream at this server: streams that begin together are spread
    // over the time between two events, as those of real models are.
    EventsAnswer(
        const Request& http, std::string_view pod, const BenchOrder& order, uint32_t stream
    );
    Progress produce(std::string& out, int64_t now_ns) override;

private:
    const Request& http_;
    std::string_view pod_;
    int64_t step_ns_;
    int64_t phase_ns_;
    uint64_t count_;
    uint64_t sent_ = 0;
    int64_t due_ns_ = 0;  // 0: the head has not left
    std::string event_;   // scratch
};

}  // namespace sluice::modelsim
