// One answer in the making: what the connection asks for bytes until it is done.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace sluice::modelsim {

class Answer {
public:
    static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

    struct Progress {
        enum class State : uint8_t {
            more,  // call again once what was appended is sent
            wait,  // nothing before wake_at_ns (kNever: until the connection is woken)
            done
        };
        State state;
        int64_t wake_at_ns = kNever;
    };

    // Destroyed before it is done = the client went away.
    virtual ~Answer() = default;

    // Appends what is due now, at most about kHeldBytes.
    virtual Progress produce(std::string& out, int64_t now_ns) = 0;
};

}  // namespace sluice::modelsim
