// The fixture of the exchange's tests: a world with one rule, and the end of whatever still waits.
#pragma once

#include <gtest/gtest.h>

#include "tests/unit/exchange/world.h"

namespace sluice::exchange::testing {

class ExchangeTest : public ::testing::Test {
protected:
    void install(size_t endpoints, table::RuleSpec rule = plain_rule()) {
        world_.install(one_rule(std::move(rule), endpoints));
    }
    // Whatever still waits is ended, so that no frame outlives the test.
    void finish(Running& running) {
        if (!running.over) running.client.go();
        EXPECT_TRUE(running.over);
    }

    World world_;
};

}  // namespace sluice::exchange::testing
