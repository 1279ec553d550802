// The overload ladder as arithmetic: a share of memory in, a step out. A step is entered at once
// and left only well below where it was entered, so that a load at the edge does not flap.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/exchange/pressure.h"
#include "proxy/live/layout.h"
#include "table/limits.h"

namespace sluice::worker {

inline constexpr size_t kSteps = static_cast<size_t>(exchange::Step::kCount);
static_assert(kSteps == live::kPressureSteps);
// Per mille of the memory limit at which a step begins; the first stands for Step::none.
inline constexpr std::array<uint32_t, kSteps> kStepMarks{
    0,
    limits::kShrinkPermille,
    limits::kClosePermille,
    limits::kRefusePermille,
    limits::kReclaimPermille,
    limits::kStopPermille,
};

// `share`: per mille of the limit in use, any value. Never lower than `current`.
exchange::Step climb(exchange::Step current, uint64_t share);
// The same, but goes down as well: as many steps as the share is clear of.
exchange::Step settle(exchange::Step current, uint64_t share);

// used / limit in per mille; 0 when there is no limit.
uint64_t share_of(uint64_t used, uint64_t limit);

}  // namespace sluice::worker
