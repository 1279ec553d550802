// Access log records from a worker to the steward: a ring of bytes with one writer and one reader.
// Never blocks: a record that finds no room is dropped and counted. A record never wraps: the ring
// has slack behind its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/live/mapping.h"

namespace sluice::live {

inline constexpr size_t kLogHeaders = 8;  // allow-listed request headers

// Which text stands where behind the fixed part, in this order.
enum class LogText : uint8_t { request_id, caller, host, method, path, headers, kCount };
inline constexpr size_t kLogTexts = static_cast<size_t>(LogText::kCount) - 1 + kLogHeaders;

// The fixed part of one record; texts follow without separators, then padding to 8 bytes. A whole
// record is kLogSlackBytes at most: append() cuts what does not fit, from the last text on.
struct LogFacts {
    uint32_t size = 0;  // of the whole record; a multiple of 8; written by append()
    uint16_t status = 0;
    uint16_t reason = 0;
    int64_t start_ns = 0;  // CLOCK_MONOTONIC
    int64_t duration_ns = 0;
    int64_t connect_ns = -1;     // head to a usable upstream connection; -1 = never
    int64_t sent_ns = -1;        // head to the request's last byte upstream
    int64_t first_byte_ns = -1;  // head to the first response byte
    uint64_t bytes_in = 0;       // request body
    uint64_t bytes_out = 0;      // response body
    Slot counter_slot = kUnroutedSlot;
    uint32_t tries = 0;
    std::array<uint8_t, 16> trace_id{};
    std::array<uint8_t, 16> endpoint{};  // address; all zero = none
    uint16_t endpoint_port = 0;
    uint16_t worker = 0;
    std::array<uint16_t, kLogTexts> lengths{};
};

using LogTexts = std::array<std::string_view, kLogTexts>;

class LogWriter {
public:
    LogWriter(const Mapping& mapping, uint32_t worker);
    // False: no room, dropped and counted. `wake` becomes true when the ring has just become a
    // quarter full, so the reader should be told.
    bool append(const LogFacts& facts, const LogTexts& texts, bool& wake);

    // The same for a caller that keeps all texts but the first in one piece, in their order.
    // REQUIRES: facts.lengths says what stands there, and the whole fits a record.
    bool append(const LogFacts& facts, std::string_view first, std::string_view rest, bool& wake);

private:
    std::byte* room_for(uint32_t size, bool& wake);
    void commit(uint32_t size);

    LogRing& ring_;
    std::byte* bytes_;
    WorkerRecord& worker_;
    uint64_t size_;
    uint64_t head_;
    uint64_t seen_tail_;  // cached
};

class LogReader {
public:
    LogReader(const Mapping& mapping, uint32_t worker);
    // The next record; views live until release(). False: none, or the ring holds nonsense, which
    // is skipped as a whole.
    bool next(LogFacts& facts, LogTexts& texts);
    // The counter slot of the record after, unchecked: good enough to fetch early what belongs to
    // it. kNoSlot: there is none yet.
    Slot hint() const;
    // Gives the room of everything that next() returned back to the writer.
    void release();

private:
    LogRing& ring_;
    const std::byte* bytes_;
    uint64_t size_;
    uint64_t tail_;
};

}  // namespace sluice::live
