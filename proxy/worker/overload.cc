// Readings, steps, and what is done at each.
#include "proxy/worker/overload.h"

#include <algorithm>
#include <array>
#include <malloc.h>
#include <string>

#include "proxy/notice/notice.h"
#include "proxy/worker/reclaim.h"

namespace sluice::worker {

namespace {

using exchange::Step;

constexpr int64_t kTellNs = 1'000'000'000;  // between two sentences of one worker
// A client that has just connected, or been answered, may have a request under way.
constexpr int64_t kIdleNs = 1'000'000'000;
constexpr size_t kIdleLeast = 64;  // closed in a look, if a quarter is fewer
constexpr size_t kIdlePart = 4;
constexpr size_t kForgets = 64;  // a part of what one held, at each look
constexpr size_t kLeastOfOne = size_t{32} << 10;
constexpr size_t kAgainBytes = size_t{1} << 20;  // of growth on the last step, until the next look

constexpr std::array<const char*, kSteps> kDeeds{
    "enough again",
    "keeps fewer buffers",
    "closes idle connections",
    "refuses new requests",
    "resets who holds most",
    "accepts nobody",
};

void set(live::Word& word, size_t value) {
    word.store(static_cast<uint32_t>(value), std::memory_order_relaxed);
}

void set(live::Count& count, uint64_t value) {
    count.store(value, std::memory_order_relaxed);
}

uint64_t plus(uint64_t base, int64_t change) {
    if (change < 0 && base < static_cast<uint64_t>(-change)) return 0;
    return base + static_cast<uint64_t>(change);
}

}  // namespace

Overload::Overload(const MemoryBudget& budget, const Parts& parts, uint32_t index)
    : budget_(budget), parts_(parts), index_(index), told_ns_(parts.services.now - kTellNs) {
    set(parts_.record.memory_limit, budget_.share);
    set(parts_.record.pressure, 0);
    look();
}

// ## Readings
void Overload::read() {
    own_ = parts_.memory.own();
    container_ = parts_.memory.container().value_or(0);
    blocks_then_ = parts_.blocks.bytes();
    // File pages count only where they would decide, and there they do not.
    if (share_of(container_, budget_.cgroup_limit) + limits::kStepSlackPermille >= kStepMarks[1]) {
        container_ -= std::min(container_, parts_.memory.reclaimable());
    }
    set(parts_.record.memory, own_);
}

uint64_t Overload::share() const {
    const int64_t grown =
        static_cast<int64_t>(parts_.blocks.bytes()) - static_cast<int64_t>(blocks_then_);
    // The siblings meet the same load: each counts for all of them until the next reading.
    const uint64_t pod = container_ == 0 ? 0 : plus(container_, grown * budget_.workers);
    return std::max(
        share_of(plus(own_, grown), budget_.share), share_of(pod, budget_.cgroup_limit)
    );
}

// Bytes that blocks may take beyond what they had at the last look until a mark is reached.
uint64_t Overload::room_below(uint64_t mark) const {
    const auto left = [mark](uint64_t used, uint64_t limit, uint64_t growing) {
        const uint64_t at = limit / 1000 * mark;
        return at > used ? (at - used) / growing : 0;
    };
    const uint64_t own = left(own_, budget_.share, 1);
    if (container_ == 0 || budget_.cgroup_limit == 0) return own;
    return std::min(own, left(container_, budget_.cgroup_limit, budget_.workers));
}

// Tells us of the growth that reaches the next step, so that a burst within one batch of events
// climbs as it happens.
void Overload::set_alarm() {
    const Step step = parts_.services.pressure.step;
    if (step == Step::stop) return parts_.blocks.watch(*this, parts_.blocks.bytes() + kAgainBytes);
    const uint64_t mark = kStepMarks[static_cast<size_t>(step) + 1];
    parts_.blocks.watch(*this, blocks_then_ + room_below(mark));
}

// Lets in as many as are likely to fit. What one holds is an average, and remembered for some
// ten seconds: the load that fills memory is the one that comes back.
void Overload::admit() {
    const size_t open = parts_.services.journal.open_count();
    const size_t now = parts_.blocks.held_bytes() / std::max<size_t>(open, 1);
    of_one_ = std::max({now, of_one_ - of_one_ / kForgets, kLeastOfOne});
    const uint64_t room = room_below(kStepMarks[static_cast<size_t>(Step::refuse)]);
    parts_.services.pressure.most_open = open + room / of_one_;
}

void Overload::blocks_grew() {
    go(climb(parts_.services.pressure.step, share()));
    set_alarm();
}

// ## Steps
void Overload::look() {
    due_ = false;
    if (budget_.share == 0) return;
    make_room();
    read();
    go(settle(parts_.services.pressure.step, share()));
    set_alarm();
    admit();
    tell();
}

void Overload::go(Step step) {
    exchange::Pressure& pressure = parts_.services.pressure;
    if (step == pressure.step) return;
    const int64_t now = parts_.services.now;
    if (!pressure.at(Step::refuse)) pressure.refusing_since_ns = now;
    for (auto each = static_cast<size_t>(pressure.step); each < static_cast<size_t>(step);) {
        live::Count& entered = parts_.record.pressure_steps[++each];
        set(entered, entered.load(std::memory_order_relaxed) + 1);
    }
    pressure.step = step;
    const bool tight = pressure.at(Step::shrink);
    parts_.blocks.set_frugal(tight);
    parts_.services.pipes.set_frugal(tight);
    parts_.pool.limit_idle(
        tight ? limits::kFrugalIdleUpstreams : limits::kIdleUpstreamsPerEndpoint
    );
    set(parts_.record.pressure, static_cast<size_t>(step));
}

// Before the reading, so that it shows what is left. The heap keeps freed memory unless it is told
// to give it back.
void Overload::make_room() {
    const exchange::Pressure& pressure = parts_.services.pressure;
    if (!pressure.at(Step::shrink)) return;
    if (pressure.at(Step::close)) {
        const size_t part = parts_.connections.open() / kIdlePart;
        const int64_t before = parts_.services.now - kIdleNs;
        close_idle(parts_.connections, before, std::max(part, kIdleLeast));
    }
    parts_.pool.shed();
    parts_.poller.reclaim();
    // Who asked for a turn may be over already, but is still named there.
    if (parts_.services.turns.empty()) parts_.connections.shed();
    parts_.services.frames_pool.shed();
    parts_.blocks.shed();
    ::malloc_trim(0);
}

void Overload::reclaim() {
    parts_.blocks.shed();
    reset_largest(parts_.connections, parts_.poller, [this] {
        parts_.blocks.shed();
        refresh_container();
        return share() < kStepMarks[static_cast<size_t>(Step::reclaim)];
    });
}

// What a reset gives back to the kernel, pipes and socket buffers, stands in no count of ours. What
// it gives back to the heap is not in the kernel's until the heap is trimmed.
void Overload::refresh_container() {
    if (container_ == 0) return;
    const uint64_t now = parts_.memory.container().value_or(0);
    const uint64_t used = now - std::min(now, parts_.memory.reclaimable());
    const int64_t grown =
        (static_cast<int64_t>(parts_.blocks.bytes()) - static_cast<int64_t>(blocks_then_)) *
        budget_.workers;
    container_ = std::min(container_, plus(used, -grown));
}

void Overload::tell() {
    const Step step = parts_.services.pressure.step;
    const int64_t now = parts_.services.now;
    if (step == told_ || now - told_ns_ < kTellNs) return;
    told_ = step;
    told_ns_ = now;
    notice::say(
        "worker " + std::to_string(index_) + ": memory at " + std::to_string(share() / 10) +
        " % of its limit: " + kDeeds[static_cast<size_t>(step)]
    );
}

}  // namespace sluice::worker
