// Fairness: who has moved its share waits here until all other events of the loop turn are handled,
// because its readiness bits are still up and waiting for them would not suspend.
#pragma once

#include <vector>

#include "proxy/net/ready.h"

namespace sluice::net {

class Turns {
public:
    Turns() { waiting_.reserve(64); }
    // The waiter gets kTurn once, however often it asks. It may be resumed for another reason
    // before; then the bit is only noise. The waiter's memory must outlive the turn.
    void later(Waiter& waiter) {
        if (waiter.has_turn_) return;
        waiter.has_turn_ = true;
        waiting_.push_back(&waiter);
    }
    bool empty() const { return waiting_.empty(); }
    void run() {
        running_.swap(waiting_);
        for (Waiter* waiter : running_) {
            waiter->has_turn_ = false;
            waiter->raised(kTurn);
        }
        running_.clear();
    }

private:
    std::vector<Waiter*> waiting_;
    std::vector<Waiter*> running_;
};

}  // namespace sluice::net
