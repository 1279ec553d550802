// The shared mapping, byte for byte (design 10.5): a header, a directory of regions, the regions.
// No pointers; every value that another process may have written is clamped by who reads it. Times
// are CLOCK_MONOTONIC nanoseconds. Single-writer words are relaxed atomics: readers may see a
// number that is a moment old, never a torn one. Made once, before the first worker; sizes never
// change. Untouched pages cost nothing, so regions are as large as the limits allow; a read touches
// a page as well, so nobody walks a region past what is in use.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sluice::live {

using Slot = uint32_t;
inline constexpr Slot kNoSlot = 0xffffffffu;
// What finds no slot of its own shares this one; people see it as "other".
inline constexpr Slot kOtherSlot = 0;
// Counter slot of requests that no rule matched.
inline constexpr Slot kUnroutedSlot = 1;

using Word = std::atomic<uint32_t>;
using Count = std::atomic<uint64_t>;
static_assert(Word::is_always_lock_free && Count::is_always_lock_free);

struct Identity {
    uint64_t high = 0;
    uint64_t low = 0;
    bool operator==(const Identity&) const = default;
};

enum class RegionKind : uint32_t {
    pod = 1,        // PodRecord: written by the supervisor
    workers,        // WorkerRecord by worker index
    load_slots,     // SlotRecord: who owns a load slot; written by the steward
    loads,          // Word[load slots] by worker: requests in flight
    failures,       // Count[load slots] by worker: tries that failed
    counter_slots,  // SlotRecord: who owns a counter slot; written by the steward
    counters,       // Counter[counter slots] by worker
    counter_loads,  // Word[counter slots] by worker: requests in flight
    buckets,        // Bucket: claimed by workers with compare-and-swap
    journal,        // JournalRecord[] by worker: open exchanges
    lost,           // LostRing: exchanges that died with their worker, for the log
    log_rings,      // LogRing by worker
    probe_results,  // empty until probes exist
    prefix_index,   // empty until prefix-aware balancing exists
    kEnd,
};
inline constexpr size_t kRegions = static_cast<size_t>(RegionKind::kEnd) - 1;

struct Region {
    uint64_t offset = 0;  // bytes from the start of the mapping
    uint64_t stride = 0;  // bytes of one entry; per-worker entries are whole pages
    uint64_t count = 0;   // entries
};

// How many of what; the supervisor takes them from table/limits.h.
struct Sizes {
    uint32_t workers = 1;
    uint32_t load_slots = 0;
    uint32_t counter_slots = 0;
    uint32_t buckets = 0;
    uint32_t journal_records = 0;  // of one worker
    uint32_t lost_records = 0;
    uint32_t log_ring_bytes = 0;  // of one worker; a power of two
};

struct Header {
    uint64_t magic;
    uint64_t layout;                       // layout_hash() of the build that made it
    uint64_t bytes;                        // of the whole mapping
    Sizes sizes;                           // the directory follows from them
    std::array<Region, kRegions> regions;  // by RegionKind - 1
};

inline constexpr size_t kPressureSteps = 6;  // of the overload ladder, "none" included
inline constexpr size_t kReasonCells = 128;  // at least as many as there are reasons

// One page per worker. The worker writes the first part, the supervisor the second.
struct WorkerRecord {
    Word pid;
    Word current;  // 1 + index of the journal record whose exchange is being moved; 0 = none
    Count started_ns;
    Count beat;                             // grows at least every 250 ms while the loop turns
    Count generation;                       // newest that new requests use
    Word mapped;                            // generations of routes mapped now …
    Word mapped_most;                       // … and at most since start
    Word connections;                       // of clients, open now
    Word upstreams;                         // connections to endpoints, open now
    Count accepted;                         // client connections
    Count dialed;                           // connections to endpoints
    Count log_written;                      // records into the ring
    Count log_dropped;                      // records that found it full
    std::array<Count, kReasonCells> ended;  // connections, not requests, by Reason
    Count memory;                           // bytes of its own, at the last look
    Count memory_limit;                     // its share of the pod's; 0 = none
    Word pressure;                          // step of the overload ladder it stands on; 0 = none
    std::array<Count, kPressureSteps> pressure_steps;  // times that each was entered

    alignas(64) Count starts;
    Count deaths;
    Count stuck;      // times declared stuck
    Count lost;       // exchanges that died with it
    Word adopted_by;  // 1 + index of the sibling that accepts on its sockets; 0 = itself
    Word running;     // 1: alive, heard from, and takes new requests by a table
};
static_assert(sizeof(WorkerRecord) <= 4096);

// Of the pod; the supervisor writes it, the steward shows it, and keeps its own counts here so that
// the next steward goes on from them.
struct PodRecord {
    Count started_ns;
    Word supervisor_pid;
    Word steward_pid;
    Word workers;
    Word draining;
    Word controller;      // 1: connected
    Word steward_starts;  // since the pod began
    Count generation;     // good: what every worker gets
    Count published;      // generations taken from controllers
    Count refused;
    Count late;
    Count good_since_ns;
    Count running_since_ns;  // when all live workers ran `generation`; 0 = not yet
    std::array<Count, kReasonCells> refusals;  // of generations, by Reason

    alignas(64) Count log_written;  // lines of the access log that its sink took …
    Count log_refused;              // … and did not
    Count log_bytes;
    Count log_lost;  // lines about exchanges that died with a worker
};
static_assert(sizeof(PodRecord) <= 4096);

enum class SlotState : uint32_t { free, bound, retired };

// One (rule, backend), or one endpoint. Written by the steward only; `state` last. Slots are given
// from the front, so the records that were ever used stand before those that never were.
struct SlotRecord {
    std::atomic<SlotState> state;
    uint32_t first_length;
    uint32_t second_length;
    uint32_t used;  // 1: was given to an identity at some time
    Identity identity;
    uint64_t retired_generation;  // the first that does not name it
    uint64_t retired_ns;
    std::array<char, 312>
        text;  // names for people: rule, then backend; or endpoint's name, address
};
static_assert(sizeof(SlotRecord) == 360);

inline constexpr size_t kBuckets = 12;
// Upper bounds in nanoseconds, the last bucket has none. One choice for all histograms, from a
// cache's answer to a long generation.
inline constexpr std::array<int64_t, kBuckets - 1> kBounds{
    1'000'000,
    5'000'000,
    25'000'000,
    100'000'000,
    250'000'000,
    500'000'000,
    1'000'000'000,
    2'500'000'000,
    10'000'000'000,
    60'000'000'000,
    300'000'000'000,
};

// How requests of one (rule, backend) ended, by one worker. A cell is
//   bits 63..48: 1 + reason * 8 + class of the status (0 = no answer was sent), 47..0: how many.
// Cells fill from the front; the last one is for what finds no cell (tag kOtherOutcome).
// What an ordinary request counts stands in two cache lines: the first one, and that of its two
// buckets, which are mostly the same.
inline constexpr size_t kOutcomes = 16;
inline constexpr uint64_t kOtherOutcome = 0xffff;
struct Buckets {
    Count duration;    // head to end
    Count first_byte;  // head to the first response byte
};
struct alignas(64) Counter {
    Count duration_ns;  // sums
    Count first_byte_ns;
    Count bytes_in;   // request bodies
    Count bytes_out;  // response bodies
    std::array<Count, kOutcomes> outcomes;
    Count retries;
    std::array<Buckets, kBuckets> buckets;  // not cumulative
};
static_assert(sizeof(Counter) == 384);

// A limit's state (GCRA): free from `full_ns` on. Empty until limits exist.
struct Bucket {
    Count key_high;
    Count key_low;
    std::atomic<int64_t> full_ns;
    Count reserved;
};

enum class Phase : uint32_t { free, admitted, connecting, forwarding, relaying, answering };

// What must be undone when the worker dies with this exchange open. Written before the effect,
// `phase` last; cleared after it.
inline constexpr size_t kJournalBuckets = 4;
struct JournalRecord {
    std::atomic<Phase> phase;
    Slot counter_slot;
    Slot load_slot;  // kNoSlot: no endpoint is leased
    uint32_t tries;
    int64_t start_ns;
    uint64_t rule_key;                                   // low half of the rule's identity
    std::array<uint32_t, kJournalBuckets> bucket_slots;  // kNoSlot: none
    std::array<uint32_t, kJournalBuckets> amounts_us;    // of bucket time, to give back
};
static_assert(sizeof(JournalRecord) == 64);

// One exchange that died with its worker.
struct LostRecord {
    int64_t start_ns;
    int64_t died_ns;
    uint64_t rule_key;
    Slot counter_slot;
    Slot load_slot;
    uint16_t worker;
    uint8_t phase;
    uint8_t suspect;  // 1: the worker was moving this very exchange when it died
    uint32_t signal;
};

// The supervisor appends, the steward takes. What does not fit is counted only.
struct LostRing {
    Count head;              // records ever appended
    alignas(64) Count tail;  // records ever taken
    Count dropped;
    // LostRecord[count] follow at kLostRecordsAt
};
inline constexpr size_t kLostRecordsAt = 128;

// Bytes from one worker to the steward; see log_ring.h.
struct LogRing {
    Count head;              // bytes ever written
    alignas(64) Count tail;  // bytes ever taken
    // the ring follows at kLogBytesAt, and kLogSlackBytes behind it so that no record wraps
};
inline constexpr size_t kLogBytesAt = 128;
inline constexpr size_t kLogSlackBytes = 4096;

inline constexpr uint64_t kMagic = 0x6576696c65637573;  // "suceliv" and an e, little endian
// Of every size above; a mapping of another build is refused.
uint64_t layout_hash();

}  // namespace sluice::live
