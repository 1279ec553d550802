// The hash of the layout: FNV-1a over the size of every record and every constant that places one.
#include "proxy/live/layout.h"

#include "proxy/live/log_ring.h"

namespace sluice::live {
namespace {

constexpr uint64_t kParts[] = {
    kRegions,
    sizeof(Header),
    sizeof(Sizes),
    sizeof(PodRecord),
    kReasonCells,
    kPressureSteps,
    sizeof(WorkerRecord),
    sizeof(SlotRecord),
    sizeof(Word),
    sizeof(Count),
    sizeof(Counter),
    sizeof(Bucket),
    sizeof(JournalRecord),
    kJournalBuckets,
    sizeof(LostRing),
    sizeof(LostRecord),
    sizeof(LogRing),
    kLostRecordsAt,
    kLogBytesAt,
    kLogSlackBytes,
    sizeof(LogFacts),
    kLogTexts,
    kOutcomes,
    kBuckets,
    kOtherOutcome,
    kOtherSlot,
    kUnroutedSlot,
    offsetof(WorkerRecord, ended),
    offsetof(WorkerRecord, starts),
    offsetof(PodRecord, refusals),
    offsetof(SlotRecord, text),
    offsetof(Counter, buckets),
    offsetof(JournalRecord, amounts_us),
};

constexpr uint64_t fold(uint64_t hash, uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) {
        hash = (hash ^ ((value >> shift) & 0xff)) * 0x100000001b3ULL;
    }
    return hash;
}

}  // namespace

uint64_t layout_hash() {
    uint64_t hash = 0xcbf29ce484222325ULL;
    for (const uint64_t part : kParts) hash = fold(hash, part);
    for (const int64_t bound : kBounds) hash = fold(hash, static_cast<uint64_t>(bound));
    return hash;
}

}  // namespace sluice::live
