// Marks and their hysteresis.
#include "proxy/worker/ladder.h"

#include <algorithm>

namespace sluice::worker {

namespace {

using exchange::Step;

uint32_t mark_of(Step step) {
    return kStepMarks[static_cast<size_t>(step)];
}

Step below(Step step) {
    return static_cast<Step>(static_cast<uint8_t>(step) - 1);
}

}  // namespace

Step climb(Step current, uint64_t share) {
    Step step = Step::stop;
    while (step != Step::none && share < mark_of(step)) step = below(step);
    return std::max(step, current);
}

Step settle(Step current, uint64_t share) {
    Step step = climb(current, share);
    while (step != Step::none && share + limits::kStepSlackPermille < mark_of(step)) {
        step = below(step);
    }
    return step;
}

uint64_t share_of(uint64_t used, uint64_t limit) {
    constexpr uint64_t kWhole = 1000;
    return limit == 0 ? 0 : used * kWhole / limit;
}

}  // namespace sluice::worker
