// The arithmetic of the hold-off.
#include "controller/store/holdoff.h"

#include <algorithm>

namespace sluice::store {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kLeast = 5 * kMillisecond;
constexpr int64_t kMost = 100 * kMillisecond;
constexpr int64_t kFactor = 10;  // the work takes at most a tenth of one core

}  // namespace

void Holdoff::changed(int64_t now) {
    if (!dirty_) since_ = now;
    dirty_ = true;
    last_ = now;
}

void Holdoff::done(int64_t started, int64_t cpu_ns) {
    covered(started);
    const int64_t cost = std::clamp<int64_t>(cpu_ns, 0, kMost);
    pause_ = std::clamp(cost * kFactor, kLeast, kMost);
    not_before_ = started + pause_;
}

void Holdoff::covered(int64_t started) {
    if (last_ <= started) dirty_ = false;
    // A change during the work was not seen by it and waits for the next.
    else
        since_ = last_;
}

std::optional<int64_t> Holdoff::due() const {
    if (!dirty_) return std::nullopt;
    return std::max(since_, not_before_);
}

}  // namespace sluice::store
