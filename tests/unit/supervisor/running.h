// A pod that runs its first generation, and what its controller expects to hear.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/supervisor/pod.h"

namespace sluice::supervisor {

using table::Message;
using table::MessageKind;

inline Settings with(void (*change)(Settings&)) {
    Settings settings;
    change(settings);
    return settings;
}

inline void expect_message(const Message& message, MessageKind kind, uint64_t generation) {
    EXPECT_EQ(static_cast<int>(message.kind), static_cast<int>(kind));
    EXPECT_EQ(message.generation, generation);
}

inline void expect_refused(const Message& message, uint64_t generation, Reason reason) {
    expect_message(message, MessageKind::refused, generation);
    EXPECT_EQ(reason_text(message.reason), reason_text(reason));
}

// Greeted, and generation 1 = "one" "e1" runs.
class Running : public testing::Test {
protected:
    explicit Running(Settings settings = {}) : pod_(std::move(settings)), controller_(pod_) {}
    void SetUp() override {
        expect_message(controller_.next(), MessageKind::hello, 0);
        controller_.publish(1, "one", "e1");
        Message answer = controller_.next();
        // Processes that start on a busy machine may be late by the shortened clocks.
        if (answer.kind == MessageKind::late) answer = controller_.next();
        expect_message(answer, MessageKind::running, 1);
    }
    void expect_served(uint64_t generation, const char* routes, const char* endpoints) {
        const auto served = pod_.ask();
        ASSERT_TRUE(served);
        EXPECT_EQ(served->generation, generation);
        EXPECT_EQ(served->routes, routes);
        EXPECT_EQ(served->endpoints, endpoints);
    }

    Pod pod_;
    Controller controller_;
};

}  // namespace sluice::supervisor
