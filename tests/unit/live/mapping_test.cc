// The mapping: sizes through a descriptor, regions that do not overlap, sparse pages, hostile
// headers.
#include "proxy/live/mapping.h"

#include <cstring>
#include <random>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "table/limits.h"
#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::kSmall;
using test::Live;

int64_t resident(int fd) {
    struct stat status{};
    EXPECT_EQ(::fstat(fd, &status), 0);
    return int64_t{status.st_blocks} * 512;
}

void expect_same(const Sizes& left, const Sizes& right) {
    EXPECT_EQ(left.workers, right.workers);
    EXPECT_EQ(left.load_slots, right.load_slots);
    EXPECT_EQ(left.counter_slots, right.counter_slots);
    EXPECT_EQ(left.buckets, right.buckets);
    EXPECT_EQ(left.journal_records, right.journal_records);
    EXPECT_EQ(left.lost_records, right.lost_records);
    EXPECT_EQ(left.log_ring_bytes, right.log_ring_bytes);
}

// A memfd of `bytes` bytes with `header` at its start, sealed or not.
int forged(const Header& header, uint64_t bytes, int seals) {
    const int fd = ::memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    EXPECT_EQ(::ftruncate(fd, static_cast<off_t>(bytes)), 0);
    EXPECT_EQ(::pwrite(fd, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    EXPECT_EQ(::fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

Header header_of(int fd) {
    Header header{};
    EXPECT_EQ(::pread(fd, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
    return header;
}

std::string refused(const Header& header, uint64_t bytes, int seals) {
    const int fd = forged(header, bytes, seals);
    const auto mapping = Mapping::attach(fd);
    ::close(fd);
    return mapping ? "" : mapping.error();
}

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW;

TEST(LiveMapping, an_attached_mapping_shows_the_same_bytes_and_sizes) {
    Live live;
    auto other = Mapping::attach(live.fd);
    ASSERT_TRUE(other) << other.error();
    expect_same(other->sizes(), kSmall);
    live.mapping.loads(2)[39].store(7);
    live.mapping.log_bytes(1)[kSmall.log_ring_bytes + kLogSlackBytes - 1] = std::byte{9};
    EXPECT_EQ(other->loads(2)[39].load(), 7u);
    EXPECT_EQ(other->log_bytes(1)[kSmall.log_ring_bytes + kLogSlackBytes - 1], std::byte{9});
}

TEST(LiveMapping, is_sealed_against_every_change_of_size) {
    Live live;
    const int seals = ::fcntl(live.fd, F_GET_SEALS);
    EXPECT_EQ(seals & (kSeals | F_SEAL_SEAL), kSeals | F_SEAL_SEAL);
    EXPECT_EQ(seals & F_SEAL_WRITE, 0);
    EXPECT_NE(::ftruncate(live.fd, 4096), 0);
}

TEST(LiveMapping, moves) {
    Live live;
    live.mapping.pod().workers.store(3);
    Mapping moved = std::move(live.mapping);
    EXPECT_EQ(moved.pod().workers.load(), 3u);
    live.mapping = std::move(moved);
    EXPECT_EQ(live.mapping.pod().workers.load(), 3u);
}

// Every byte of every entry is filled with its own mark, then all are read back.
TEST(LiveMapping, no_two_entries_overlap) {
    Live live;
    std::vector<std::span<std::byte>> entries;
    const auto add = [&](auto& one) {
        entries.push_back(std::as_writable_bytes(std::span(&one, 1)));
    };
    const auto add_all = [&](auto all) { entries.push_back(std::as_writable_bytes(all)); };
    const Mapping& mapping = live.mapping;
    add(mapping.pod());
    add(mapping.lost_ring());
    for (uint32_t w = 0; w < kSmall.workers; ++w) {
        add(mapping.worker(w));
        add(mapping.log_ring(w));
        add_all(mapping.loads(w));
        add_all(mapping.failures(w));
        add_all(mapping.counters(w));
        add_all(mapping.counter_loads(w));
        add_all(mapping.journal(w));
        add_all(std::span(mapping.log_bytes(w), kSmall.log_ring_bytes + kLogSlackBytes));
    }
    add_all(mapping.load_slots());
    add_all(mapping.counter_slots());
    add_all(mapping.buckets());
    add_all(mapping.lost());
    for (size_t i = 0; i < entries.size(); ++i) {
        std::memset(entries[i].data(), static_cast<int>(i + 1), entries[i].size());
    }
    for (size_t i = 0; i < entries.size(); ++i) {
        for (const std::byte each : entries[i]) ASSERT_EQ(each, static_cast<std::byte>(i + 1));
    }
    EXPECT_TRUE(Mapping::attach(live.fd)) << "the header is nobody's entry";
}

TEST(LiveMapping, clear_zeroes_one_workers_entry_and_gives_its_pages_back) {
    Live live;
    for (uint32_t w = 0; w < kSmall.workers; ++w) {
        for (Word& word : live.mapping.loads(w)) word.store(5);
    }
    const int64_t before = resident(live.fd);
    live.mapping.clear(RegionKind::loads, 1);
    EXPECT_LT(resident(live.fd), before);
    for (Word& word : live.mapping.loads(0)) EXPECT_EQ(word.load(), 5u);
    for (Word& word : live.mapping.loads(1)) EXPECT_EQ(word.load(), 0u);
    for (Word& word : live.mapping.loads(2)) EXPECT_EQ(word.load(), 5u);
}

TEST(LiveMapping, a_mapping_as_large_as_the_limits_costs_what_is_touched) {
    const Live live(Sizes{
        .workers = limits::kWorkers,
        .load_slots = limits::kLoadSlots,
        .counter_slots = limits::kCounterSlots,
        .buckets = limits::kBuckets,
        .journal_records = limits::kExchanges,
        .lost_records = limits::kLostExchanges,
        .log_ring_bytes = limits::kLogRingBytes,
    });
    ASSERT_TRUE(Mapping::attach(live.fd));
    EXPECT_LT(resident(live.fd), 1 << 20);
    for (uint32_t w = 0; w < limits::kWorkers; ++w) live.mapping.loads(w)[0].store(1);
    EXPECT_LT(resident(live.fd), 1 << 20);
}

TEST(LiveMapping, sizes_that_cannot_work_are_refused) {
    int fd = -1;
    const auto refusal = [&](auto change) {
        Sizes sizes = kSmall;
        change(sizes);
        const auto mapping = Mapping::create(sizes, fd);
        return mapping ? "" : mapping.error();
    };
    EXPECT_NE(refusal([](Sizes& s) { s.workers = 0; }), "");
    EXPECT_NE(refusal([](Sizes& s) { s.workers = 65'536; }), "");
    EXPECT_NE(refusal([](Sizes& s) { s.load_slots = 0; }), "");
    EXPECT_NE(refusal([](Sizes& s) { s.counter_slots = 1; }), "");
    EXPECT_NE(refusal([](Sizes& s) { s.log_ring_bytes = 8191; }), "");
    EXPECT_EQ(fd, -1);
}

TEST(LiveMapping, what_is_no_mapping_of_this_build_is_refused_with_its_reason) {
    Live live;
    const Header right = header_of(live.fd);
    ASSERT_EQ(refused(right, right.bytes, kSeals), "");
    EXPECT_EQ(
        refused(right, right.bytes, F_SEAL_SHRINK), "a descriptor that is no memfd of fixed size"
    );
    EXPECT_EQ(refused(right, 4096, kSeals), "live state of another size than its header says");
    Header wrong = right;
    ++wrong.magic;
    EXPECT_EQ(refused(wrong, right.bytes, kSeals), "not a mapping of live state");
    wrong = right;
    ++wrong.layout;
    EXPECT_EQ(refused(wrong, right.bytes, kSeals), "live state of another build");
    wrong = right;
    wrong.regions[3].stride += 4096;
    EXPECT_EQ(refused(wrong, right.bytes, kSeals), "live state with a region out of place");
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    EXPECT_FALSE(Mapping::attach(ends[0]));
    ::close(ends[0]);
    ::close(ends[1]);
    EXPECT_FALSE(Mapping::attach(-1));
    const int small = ::memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ASSERT_EQ(::fcntl(small, F_ADD_SEALS, kSeals), 0);
    EXPECT_FALSE(Mapping::attach(small));
    ::close(small);
}

// Touches the ends of all that an accepted mapping hands out; a page outside would fault.
void touch(const Mapping& mapping) {
    const auto ends = [](auto all) {
        const auto bytes = std::as_writable_bytes(all);
        if (!bytes.empty()) bytes.front() = bytes.back() = std::byte{1};
    };
    const uint32_t last = mapping.sizes().workers - 1;
    ends(mapping.loads(last));
    ends(mapping.failures(last));
    ends(mapping.counters(last));
    ends(mapping.counter_loads(last));
    ends(mapping.journal(last));
    ends(mapping.load_slots());
    ends(mapping.counter_slots());
    ends(mapping.buckets());
    ends(mapping.lost());
    mapping.log_bytes(last)[mapping.sizes().log_ring_bytes + kLogSlackBytes - 1] = std::byte{1};
}

TEST(LiveMapping, thousands_of_broken_headers_are_refused_or_harmless) {
    Live live;
    const Header right = header_of(live.fd);
    std::mt19937_64 random(1);
    int accepted = 0;
    const int fd = forged(right, right.bytes, kSeals);
    for (int round = 0; round < 20'000; ++round) {
        Header header = right;
        auto* const bytes = reinterpret_cast<unsigned char*>(&header);
        for (uint64_t edits = 1 + random() % 3; edits > 0; --edits) {
            // Magic and layout stay: everything behind them is what is under test.
            const size_t at = 16 + random() % (sizeof header - 16);
            bytes[at] = static_cast<unsigned char>(random() % 2 == 0 ? random() : bytes[at] + 1);
        }
        ASSERT_EQ(::pwrite(fd, &header, sizeof header, 0), static_cast<ssize_t>(sizeof header));
        const auto mapping = Mapping::attach(fd);
        if (!mapping) continue;
        ++accepted;
        touch(*mapping);
    }
    ::close(fd);
    EXPECT_LT(accepted, 4'000) << "most edits must be seen";
}

}  // namespace
}  // namespace sluice::live
