// The log ring: whole records in order, full, cut, woken once, hostile bytes, two threads.
#include "proxy/live/log_ring.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::kSmall;
using test::Live;

LogTexts texts_of(std::initializer_list<std::string_view> from) {
    LogTexts texts;
    std::copy(from.begin(), from.end(), texts.begin());
    return texts;
}

TEST(LogRing, a_record_comes_out_as_it_went_in) {
    Live live;
    LogWriter writer(live.mapping, 1);
    LogReader reader(live.mapping, 1);
    LogFacts facts{.status = 200, .reason = 3, .start_ns = 12345, .counter_slot = 7, .tries = 2};
    facts.trace_id[15] = 9;
    const auto texts = texts_of({"id", "", "host", "GET", "/path", "h0", "", "h2"});
    bool wake = true;
    ASSERT_TRUE(writer.append(facts, texts, wake));
    EXPECT_FALSE(wake);
    LogFacts out;
    LogTexts seen;
    ASSERT_TRUE(reader.next(out, seen));
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.reason, 3);
    EXPECT_EQ(out.start_ns, 12345);
    EXPECT_EQ(out.counter_slot, 7u);
    EXPECT_EQ(out.tries, 2u);
    EXPECT_EQ(out.trace_id, facts.trace_id);
    EXPECT_EQ(out.size % 8, 0u);
    EXPECT_EQ(seen, texts);
    EXPECT_FALSE(reader.next(out, seen));
    EXPECT_EQ(live.mapping.worker(1).log_written.load(), 1u);
    LogFacts none;
    EXPECT_FALSE(LogReader(live.mapping, 0).next(none, seen)) << "a ring per worker";
}

TEST(LogRing, a_full_ring_drops_and_counts_until_room_is_given_back) {
    Live live;
    LogWriter writer(live.mapping, 0);
    LogReader reader(live.mapping, 0);
    const std::string path(500, 'p');
    const auto texts = texts_of({"", "", "", "", path});
    bool wake = false;
    uint64_t written = 0;
    while (writer.append({}, texts, wake)) ++written;
    EXPECT_EQ(written, kSmall.log_ring_bytes / 640);
    EXPECT_EQ(live.mapping.worker(0).log_dropped.load(), 1u);
    LogFacts out;
    LogTexts seen;
    ASSERT_TRUE(reader.next(out, seen));
    EXPECT_FALSE(writer.append({}, texts, wake)) << "its views still live";
    reader.release();
    EXPECT_TRUE(writer.append({}, texts, wake));
    EXPECT_FALSE(writer.append({}, texts, wake));
    EXPECT_EQ(live.mapping.worker(0).log_dropped.load(), 3u);
}

TEST(LogRing, wakes_once_for_each_time_that_a_quarter_is_crossed) {
    Live live;
    LogWriter writer(live.mapping, 0);
    LogReader reader(live.mapping, 0);
    LogFacts out;
    LogTexts seen;
    for (int round = 0; round < 5; ++round) {
        uint64_t fill = 0;
        bool wake = false;
        while (writer.append({}, {}, wake)) {
            const uint64_t after = fill + sizeof(LogFacts);
            const uint64_t quarter = kSmall.log_ring_bytes / 4;
            ASSERT_EQ(wake, fill < quarter && after >= quarter) << fill;
            fill = after;
        }
        EXPECT_FALSE(wake);
        while (reader.next(out, seen)) {
        }
        reader.release();
    }
}

TEST(LogRing, texts_that_are_too_long_are_cut) {
    Live live;
    LogWriter writer(live.mapping, 0);
    LogReader reader(live.mapping, 0);
    const std::string huge(100'000, 'x');
    bool wake = false;
    ASSERT_TRUE(writer.append({}, texts_of({"id", "caller", huge, "GET"}), wake));
    ASSERT_TRUE(writer.append({}, texts_of({"next"}), wake));
    LogFacts out;
    LogTexts seen;
    ASSERT_TRUE(reader.next(out, seen));
    EXPECT_EQ(out.size, kLogSlackBytes);
    EXPECT_EQ(seen[1], "caller");
    EXPECT_EQ(seen[2].size(), kLogSlackBytes - sizeof(LogFacts) - 8);
    EXPECT_EQ(seen[3], "");
    ASSERT_TRUE(reader.next(out, seen));
    EXPECT_EQ(seen[0], "next");
}

TEST(LogRing, a_mapping_without_rings_drops_everything) {
    Sizes sizes = kSmall;
    sizes.log_ring_bytes = 0;
    Live live(sizes);
    bool wake = false;
    EXPECT_FALSE(LogWriter(live.mapping, 0).append({}, {}, wake));
    LogFacts out;
    LogTexts seen;
    EXPECT_FALSE(LogReader(live.mapping, 0).next(out, seen));
}

TEST(LogRing, the_next_writer_and_reader_go_on_where_one_died) {
    Live live;
    bool wake = false;
    LogFacts out;
    LogTexts seen;
    for (int round = 0; round < 200; ++round) {
        const std::string text = "round " + std::to_string(round);
        ASSERT_TRUE(LogWriter(live.mapping, 0).append({}, texts_of({text}), wake));
        LogReader reader(live.mapping, 0);
        ASSERT_TRUE(reader.next(out, seen));
        EXPECT_EQ(seen[0], text);
        reader.release();
    }
}

// Whatever the ring holds: views lie inside, and the reader comes to an end.
TEST(LogRing, random_bytes_are_skipped_or_read_inside_the_ring) {
    Live live;
    std::mt19937_64 random(7);
    std::byte* const bytes = live.mapping.log_bytes(0);
    const size_t all = kSmall.log_ring_bytes + kLogSlackBytes;
    const char* const first = reinterpret_cast<const char*>(bytes);
    uint64_t read = 0;
    for (int round = 0; round < 20'000; ++round) {
        for (size_t i = 0; i < 64; ++i) {
            const uint64_t value = random() % 3 == 0 ? random() : random() % 4096;
            std::memcpy(bytes + random() % (all - 8), &value, sizeof value);
        }
        // Every so often a record that is right but for a few bytes of its lengths.
        const uint64_t tail = random() % 5 == 0 ? random() : random() % 100'000 / 8 * 8;
        LogFacts facts{.size = sizeof(LogFacts) + 16};
        facts.lengths[random() % kLogTexts] = static_cast<uint16_t>(9 + random() % 8);
        std::memcpy(bytes + (tail & (kSmall.log_ring_bytes - 1)), &facts, sizeof facts);
        LogRing& ring = live.mapping.log_ring(0);
        ring.tail.store(tail);
        ring.head.store(random() % 4 == 0 ? random() : tail + random() % 9000);
        LogReader reader(live.mapping, 0);
        LogFacts out;
        LogTexts seen;
        uint64_t records = 0;
        while (reader.next(out, seen)) {
            ASSERT_LT(++records, kSmall.log_ring_bytes / sizeof(LogFacts) + 1);
            for (const std::string_view text : seen) {
                ASSERT_GE(text.data(), first);
                ASSERT_LE(text.data() + text.size(), first + all);
            }
        }
        read += records;
        reader.release();
        ASSERT_EQ(ring.tail.load(), ring.head.load()) << "all is skipped";
    }
    EXPECT_GT(read, 1'000u) << "the sound records among them are read";
}

TEST(LogRing, a_writer_recovers_from_words_that_make_no_sense) {
    Live live;
    LogRing& ring = live.mapping.log_ring(0);
    ring.head.store(13);
    ring.tail.store(1'000'000);
    bool wake = false;
    LogWriter writer(live.mapping, 0);
    EXPECT_FALSE(writer.append({}, {}, wake));
    LogReader reader(live.mapping, 0);
    LogFacts out;
    LogTexts seen;
    EXPECT_FALSE(reader.next(out, seen));
    reader.release();
    EXPECT_TRUE(writer.append({}, {}, wake));
    while (!reader.next(out, seen)) {
        reader.release();
        ASSERT_TRUE(writer.append({}, {}, wake));
    }
    EXPECT_EQ(out.size, sizeof(LogFacts));
}

// What the text of record `number` is, so that the reader can tell.
std::string text_of(uint64_t number) {
    return std::string(number * 7 % 190, static_cast<char>('a' + number % 26));
}

TEST(LogRing, a_million_records_between_two_threads_arrive_whole_or_are_counted) {
    Sizes sizes = kSmall;
    sizes.log_ring_bytes = 1 << 16;
    Live live(sizes);
    constexpr uint64_t kRecords = 1'000'000;
    std::atomic<bool> done = false;
    std::vector<std::string> wanted;
    for (uint64_t i = 0; i < 190 * 26; ++i) wanted.push_back(text_of(i));
    std::thread writing([&] {
        LogWriter writer(live.mapping, 0);
        bool wake = false;
        for (uint64_t i = 0; i < kRecords; ++i) {
            const LogFacts facts{.start_ns = static_cast<int64_t>(i)};
            LogTexts texts;
            texts[4] = wanted[i % wanted.size()];
            writer.append(facts, texts, wake);
        }
        done.store(true);
    });
    LogReader reader(live.mapping, 0);
    LogFacts out;
    LogTexts seen;
    uint64_t arrived = 0;
    int64_t last = -1;
    bool right = true;
    while (true) {
        const bool ended = done.load();
        while (reader.next(out, seen)) {
            ++arrived;
            right = right && out.start_ns > last &&
                    seen[4] == wanted[static_cast<uint64_t>(out.start_ns) % wanted.size()];
            last = out.start_ns;
            if (arrived % 16 == 0) reader.release();
        }
        reader.release();
        if (ended) break;
    }
    writing.join();
    EXPECT_TRUE(right);
    EXPECT_GT(arrived, 100u);
    EXPECT_EQ(arrived, live.mapping.worker(0).log_written.load());
    EXPECT_EQ(arrived + live.mapping.worker(0).log_dropped.load(), kRecords);
}

}  // namespace
}  // namespace sluice::live
