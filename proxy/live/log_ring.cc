// Records into and out of the ring. `head` and `tail` only grow; a place is their low bits.
#include "proxy/live/log_ring.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace sluice::live {
namespace {

static_assert(std::is_trivially_copyable_v<LogFacts> && sizeof(LogFacts) % 8 == 0);
constexpr uint64_t kAlign = 8;

constexpr uint64_t aligned(uint64_t bytes) {
    return (bytes + kAlign - 1) / kAlign * kAlign;
}

// The lengths that go into the record, and the size of the whole.
void measure(LogFacts& facts, const LogTexts& texts) {
    size_t room = kLogSlackBytes - sizeof(LogFacts);
    for (size_t i = 0; i < kLogTexts; ++i) {
        const size_t length = std::min(texts[i].size(), room);
        facts.lengths[i] = static_cast<uint16_t>(length);
        room -= length;
    }
    facts.size = static_cast<uint32_t>(aligned(kLogSlackBytes - room));
}

void add_one(Count& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Whether a record of `left` bytes at most can be this one.
bool sound(const LogFacts& facts, uint64_t left) {
    if (facts.size > std::min<uint64_t>(left, kLogSlackBytes)) return false;
    uint64_t used = sizeof(LogFacts);
    for (const uint16_t length : facts.lengths) used += length;
    return facts.size == aligned(used);
}

}  // namespace

// A worker goes on where its dead forerunner stopped.
LogWriter::LogWriter(const Mapping& mapping, uint32_t worker)
    : ring_(mapping.log_ring(worker)),
      bytes_(mapping.log_bytes(worker)),
      worker_(mapping.worker(worker)),
      size_(mapping.sizes().log_ring_bytes),
      head_(aligned(ring_.head.load(std::memory_order_relaxed))),
      seen_tail_(ring_.tail.load(std::memory_order_acquire)) {}

// Where a record of this size goes; nullptr: no room.
std::byte* LogWriter::room_for(uint32_t size, bool& wake) {
    wake = false;
    const uint64_t quarter = size_ / 4;
    // The reader's word is fetched only when what we remember of it could change the answer.
    if (head_ - seen_tail_ + size >= quarter) {
        seen_tail_ = ring_.tail.load(std::memory_order_acquire);
    }
    const uint64_t before = head_ - seen_tail_;
    if (before > size_ || size_ - before < size) {
        add_one(worker_.log_dropped);
        return nullptr;
    }
    wake = before < quarter && before + size >= quarter;
    return bytes_ + (head_ & (size_ - 1));
}

void LogWriter::commit(uint32_t size) {
    head_ += size;
    ring_.head.store(head_, std::memory_order_release);
    add_one(worker_.log_written);
}

bool LogWriter::append(const LogFacts& facts, const LogTexts& texts, bool& wake) {
    LogFacts record = facts;
    measure(record, texts);
    std::byte* to = room_for(record.size, wake);
    if (to == nullptr) return false;
    std::memcpy(to, &record, sizeof record);
    to += sizeof record;
    for (size_t i = 0; i < kLogTexts; ++i) {
        if (record.lengths[i] == 0) continue;
        std::memcpy(to, texts[i].data(), record.lengths[i]);
        to += record.lengths[i];
    }
    commit(record.size);
    return true;
}

bool LogWriter::append(
    const LogFacts& facts, std::string_view first, std::string_view rest, bool& wake
) {
    const auto size = static_cast<uint32_t>(aligned(sizeof facts + first.size() + rest.size()));
    std::byte* const to = room_for(size, wake);
    if (to == nullptr) return false;
    std::memcpy(to, &facts, sizeof facts);
    std::memcpy(to + offsetof(LogFacts, size), &size, sizeof size);
    std::memcpy(to + sizeof facts, first.data(), first.size());
    std::memcpy(to + sizeof facts + first.size(), rest.data(), rest.size());
    commit(size);
    return true;
}

LogReader::LogReader(const Mapping& mapping, uint32_t worker)
    : ring_(mapping.log_ring(worker)),
      bytes_(mapping.log_bytes(worker)),
      size_(mapping.sizes().log_ring_bytes),
      tail_(ring_.tail.load(std::memory_order_relaxed)) {}

bool LogReader::next(LogFacts& facts, LogTexts& texts) {
    const uint64_t head = ring_.head.load(std::memory_order_acquire);
    const uint64_t left = head - tail_;
    if (left == 0) return false;
    if (left > size_ || left < sizeof(LogFacts)) {
        tail_ = head;
        return false;
    }
    const std::byte* from = bytes_ + (tail_ & (size_ - 1));
    // Our own copy is what is checked: the writer may change its own.
    std::memcpy(&facts, from, sizeof facts);
    if (!sound(facts, left)) {
        tail_ = head;
        return false;
    }
    from += sizeof facts;
    for (size_t i = 0; i < kLogTexts; ++i) {
        texts[i] = {reinterpret_cast<const char*>(from), facts.lengths[i]};
        from += facts.lengths[i];
    }
    tail_ += facts.size;
    return true;
}

Slot LogReader::hint() const {
    if (ring_.head.load(std::memory_order_acquire) == tail_) return kNoSlot;
    Slot slot = kNoSlot;
    const std::byte* const record = bytes_ + (tail_ & (size_ - 1));
    std::memcpy(&slot, record + offsetof(LogFacts, counter_slot), sizeof slot);
    return slot;
}

void LogReader::release() {
    ring_.tail.store(tail_, std::memory_order_release);
}

}  // namespace sluice::live
