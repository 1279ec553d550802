// Faults on demand: what a broken model server does, chosen by a header or for the next n requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::modelsim {

enum class FaultKind : uint8_t {
    none,
    error,         // an error answer; argument: its status (500)
    reset_before,  // RST before any byte of an answer
    reset_after,   // RST after the head and some of the body; argument: how many bytes (10)
    stall,         // no byte; argument: milliseconds until it goes on after all (0: never)
    stall_after,   // the head and some of the body, then nothing; argument: how many bytes (10)
    hang_up,       // a good answer, then a close that was not announced
    garbage,       // bytes that are not HTTP
    slow           // the whole answer at a trickle; argument: bytes a second (1)
};

struct Fault {
    FaultKind kind = FaultKind::none;
    uint32_t argument = 0;
};

std::string_view fault_name(FaultKind kind);  // "reset-before"

// "kind" or "kind:argument"; nothing when it is neither.
std::optional<Fault> parse_fault(std::string_view text);

// The fault that the next requests get.
class FaultPlan {
public:
    void set(Fault fault, uint64_t requests) {
        fault_ = fault;
        left_ = requests;
    }
    Fault take() {
        if (left_ == 0) return {};
        --left_;
        return fault_;
    }
    Fault fault() const { return fault_; }
    uint64_t left() const { return left_; }

private:
    Fault fault_;
    uint64_t left_ = 0;
};

// How many bytes of one answer may leave, and when more may.
class Valve {
public:
    void open() { fault_ = {}; }
    void start(Fault fault, int64_t now_ns);

    // Told where the answer's head ends, once it is known: "after" counts body bytes.
    void set_head_bytes(size_t bytes) { head_bytes_ = bytes; }
    size_t allowed(size_t pending, int64_t now_ns) const;
    void sent(size_t bytes) { sent_ += bytes; }
    bool cuts() const { return fault_.kind == FaultKind::reset_after; }  // once nothing is allowed
    int64_t opens_at_ns() const;  // Answer::kNever: never again

private:
    size_t budget(int64_t now_ns) const;

    Fault fault_;
    int64_t started_ns_ = 0;
    size_t head_bytes_ = 0;
    size_t sent_ = 0;
};

}  // namespace sluice::modelsim
