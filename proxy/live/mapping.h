// Making and attaching the shared mapping, and the typed way to each region. An attached mapping
// was checked as a whole (magic, layout, every region inside); afterwards an index is all that a
// caller must keep in range, with the counts given here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>

#include "proxy/live/layout.h"

namespace sluice::live {

// Move-only; unmaps.
class Mapping {
public:
    // A new one: a memfd sealed against shrinking, growing and more seals (never against writing).
    // `fd` is owned by the caller and may be inherited (untouched on error). Error: the sentence
    // for people.
    static tl::expected<Mapping, std::string> create(const Sizes& sizes, int& fd);
    static tl::expected<Mapping, std::string> attach(int fd);
    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    const Sizes& sizes() const { return sizes_; }
    PodRecord& pod() const;
    // REQUIRES for all below: worker < sizes().workers.
    WorkerRecord& worker(uint32_t worker) const;
    std::span<Word> loads(uint32_t worker) const;        // by load slot
    std::span<Count> failures(uint32_t worker) const;    // by load slot
    std::span<Counter> counters(uint32_t worker) const;  // by counter slot
    std::span<Word> counter_loads(uint32_t worker) const;
    std::span<JournalRecord> journal(uint32_t worker) const;
    // Zeroes the entry of one worker in a per-worker region and gives its pages back.
    void clear(RegionKind kind, uint32_t worker) const;
    LogRing& log_ring(uint32_t worker) const;
    std::byte* log_bytes(uint32_t worker) const;  // sizes().log_ring_bytes + kLogSlackBytes

    std::span<SlotRecord> load_slots() const;
    std::span<SlotRecord> counter_slots() const;
    std::span<Bucket> buckets() const;
    LostRing& lost_ring() const;
    std::span<LostRecord> lost() const;

private:
    static tl::expected<Mapping, std::string> map(int fd, size_t bytes);
    const Region& region(RegionKind kind) const;
    template <typename Entry>
    Entry* entry(RegionKind kind, uint64_t index) const;
    template <typename Entry>
    std::span<Entry> entries(RegionKind kind, uint64_t index, size_t count) const;

    std::byte* base_ = nullptr;
    size_t size_ = 0;
    Sizes sizes_;
    std::array<Region, kRegions> regions_{};  // our own: the shared directory may change
};

}  // namespace sluice::live
