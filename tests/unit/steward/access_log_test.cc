// The log's thread between real rings and real files and pipes.
#include "proxy/steward/access_log.h"

#include <algorithm>
#include <csignal>
#include <ctime>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "proxy/live/journal.h"
#include "proxy/live/log_ring.h"
#include "proxy/live/slots.h"
#include "table/channel.h"
#include "table/reason.h"
#include "tests/unit/files/directory.h"

namespace sluice::steward {
namespace {

using nlohmann::json;
using table::Descriptor;

constexpr int64_t kLong = 30'000;  // a patience that is never used up
constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint32_t kWorkers = 3;
constexpr live::Slot kReservedSlots = 2;

int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

template <typename Condition>
bool until(Condition&& condition) {
    const int64_t end = now_ns() + kLong * kNsPerMs;
    while (!condition()) {
        if (now_ns() > end) return false;
        ::poll(nullptr, 0, 1);
    }
    return true;
}

live::Mapping make_mapping() {
    live::Sizes sizes;
    sizes.workers = kWorkers;
    sizes.load_slots = 8;
    sizes.counter_slots = 8;
    sizes.buckets = 8;
    sizes.journal_records = 16;
    sizes.lost_records = 64;
    sizes.log_ring_bytes = 1U << 16;
    int fd = -1;
    auto mapping = live::Mapping::create(sizes, fd);
    EXPECT_TRUE(mapping) << mapping.error();
    ::close(fd);
    return std::move(*mapping);
}

class Log : public testing::Test {
protected:
    Log() {
        std::signal(SIGPIPE, SIG_IGN);
        for (uint32_t i = 0; i < kWorkers; ++i) writers_.emplace_back(mapping_, i);
    }
    std::string path() const { return directory_.at("log"); }
    std::unique_ptr<AccessLog> open(const std::string& sink) {
        LogSettings settings;
        settings.sink = sink;
        settings.headers = {"x-team"};
        return std::make_unique<AccessLog>(settings, mapping_, wake_.get());
    }
    std::unique_ptr<AccessLog> open_file() { return open("file:" + path()); }
    // False: the ring is full.
    bool append(uint32_t worker, const std::string& id, live::Slot slot = live::kUnroutedSlot) {
        live::LogFacts facts;
        facts.start_ns = now_ns();
        facts.status = 200;
        facts.counter_slot = slot;
        facts.worker = static_cast<uint16_t>(worker);
        live::LogTexts texts;
        texts[static_cast<size_t>(live::LogText::request_id)] = id;
        texts[static_cast<size_t>(live::LogText::headers)] = "blue";
        bool wake = false;
        const bool appended = writers_[worker].append(facts, texts, wake);
        if (wake) ::eventfd_write(wake_.get(), 1);
        return appended;
    }
    // As a worker would, if it could wait.
    void append_surely(uint32_t worker, const std::string& id) {
        ASSERT_TRUE(until([&] { return append(worker, id); }));
    }
    std::vector<json> lines(const std::string& file) const {
        std::vector<json> found;
        std::ifstream stream(file);
        for (std::string line; std::getline(stream, line);) found.push_back(json::parse(line));
        return found;
    }
    std::vector<std::string> ids(const std::string& file) const {
        std::vector<std::string> found;
        for (const json& line : lines(file)) found.push_back(line.value("request_id", "?"));
        return found;
    }

    files::Directory directory_;
    live::Mapping mapping_ = make_mapping();
    Descriptor wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::vector<live::LogWriter> writers_;
};

TEST_F(Log, EveryRecordOfEveryWorkerOnceAndInOrder) {
    const auto log = open_file();
    constexpr int kRecords = 3'000;  // several times what the rings hold
    for (int i = 0; i < kRecords; ++i) {
        for (uint32_t w = 0; w < kWorkers; ++w) append_surely(w, std::to_string(i));
    }
    log->stop(kLong);
    std::vector<int> next(kWorkers, 0);
    for (const json& line : lines(path())) {
        int& expected = next[line["worker"].get<size_t>()];
        ASSERT_EQ(line["request_id"], std::to_string(expected++));
        ASSERT_EQ(line["headers"], json({{"x-team", "blue"}}));
    }
    EXPECT_EQ(next, std::vector<int>(kWorkers, kRecords));
    EXPECT_EQ(log->tally().written, kRecords * uint64_t{kWorkers});
    EXPECT_EQ(log->tally().refused, 0U);
    EXPECT_EQ(log->tally().bytes, std::filesystem::file_size(path()));
}

TEST_F(Log, TheTimeIsTheWallsWhenTheRequestBegan) {
    const auto log = open_file();
    timespec before{};
    ::clock_gettime(CLOCK_REALTIME, &before);
    append(0, "a");
    log->stop(kLong);
    timespec after{};
    ::clock_gettime(CLOCK_REALTIME, &after);
    const auto text = [](time_t second) {
        char out[32];
        tm parts{};
        ::gmtime_r(&second, &parts);
        std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%S", &parts);
        return std::string(out);
    };
    const std::string time = lines(path()).at(0)["time"];
    // The two clocks are read one after the other: a millisecond is theirs.
    EXPECT_GE(time, text(before.tv_sec - (before.tv_nsec < kNsPerMs ? 1 : 0)));
    EXPECT_LE(time.substr(0, 19), text(after.tv_sec));
}

TEST_F(Log, SlotsBecomeTheNamesOfRuleAndBackend) {
    live::SlotTable slots(mapping_.counter_slots(), kReservedSlots);
    const std::vector<live::SlotName> names{{{1, 2}, "rule-a", "backend-b"}};
    const live::Slot slot = slots.bind(names, 1, now_ns()).at(0);
    const auto log = open_file();
    append(0, "routed", slot);
    append(0, "unrouted", live::kUnroutedSlot);
    append(0, "other", live::kOtherSlot);
    append(0, "nonsense", 7'000'000);
    log->stop(kLong);
    const auto found = lines(path());
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0]["rule"], "rule-a");
    EXPECT_EQ(found[0]["backend"], "backend-b");
    EXPECT_FALSE(found[1].contains("rule") || found[1].contains("backend"));
    for (const json& line : {found[2], found[3]}) {
        EXPECT_EQ(line["rule"], "other");
        EXPECT_EQ(line["backend"], "other");
    }
}

TEST_F(Log, ExchangesThatDiedWithTheirWorkerAreLines) {
    live::SlotTable counters(mapping_.counter_slots(), kReservedSlots);
    live::SlotTable loads(mapping_.load_slots(), 1);
    const std::vector<live::SlotName> rule{{{1, 2}, "rule-a", "backend-b"}};
    const std::vector<live::SlotName> pod{{{3, 4}, "llama-0", "10.0.0.1:8000"}};
    const live::Slot counter = counters.bind(rule, 1, now_ns()).at(0);
    const live::Slot load = loads.bind(pod, 1, now_ns()).at(0);
    const int64_t start = now_ns();
    live::Journal journal(mapping_, 1);
    const auto first = journal.open(start);
    journal.route(first, counter, 2);
    journal.lease(first, load, 1);
    journal.phase(first, live::Phase::relaying);
    journal.open(start);
    journal.enter(first);
    live::bury(
        mapping_, 1, start + 5 * kNsPerMs, SIGKILL, static_cast<uint16_t>(Reason::worker_died)
    );

    const auto log = open_file();
    ASSERT_TRUE(until([&] { return log->tally().written == 2; }));
    EXPECT_EQ(log->tally().lost, 2U);
    log->stop(kLong);
    auto found = lines(path());
    ASSERT_EQ(found.size(), 2U);
    if (found[1].contains("rule")) std::swap(found[0], found[1]);
    EXPECT_EQ(found[0]["reason"], "worker_died");
    EXPECT_EQ(found[0]["rule"], "rule-a");
    EXPECT_EQ(found[0]["backend"], "backend-b");
    EXPECT_EQ(found[0]["endpoint"], "10.0.0.1:8000");
    EXPECT_EQ(found[0]["phase"], "relaying");
    EXPECT_EQ(found[0]["duration_ms"], 5.0);
    EXPECT_EQ(found[0]["worker"], 1);
    EXPECT_EQ(found[0]["signal"], SIGKILL);
    EXPECT_EQ(found[0]["suspect"], true);
    EXPECT_EQ(found[1]["phase"], "admitted");
    EXPECT_EQ(found[1]["suspect"], false);
    EXPECT_FALSE(found[1].contains("endpoint"));
}

TEST_F(Log, OffCountsTheLostAndWritesNothing) {
    live::Journal journal(mapping_, 0);
    journal.open(now_ns());
    live::bury(mapping_, 0, now_ns(), SIGKILL, static_cast<uint16_t>(Reason::worker_died));
    const auto log = open("off");
    EXPECT_TRUE(until([&] { return log->tally().lost == 1; }));
    log->stop(kLong);
    EXPECT_EQ(log->tally().written + log->tally().refused, 0U);
}

TEST_F(Log, AFullDiskIsCountedAndRingsGoOn) {
    testing::internal::CaptureStderr();
    const auto log = open("file:/dev/full");
    for (int i = 0; i < 2'000; ++i) append_surely(0, "x");
    log->stop(kLong);
    EXPECT_EQ(log->tally().refused, 2'000U);
    EXPECT_EQ(log->tally().written, 0U);
    EXPECT_EQ(mapping_.worker(0).log_written, 2'000U);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(
        said.find("--access-log file:/dev/full: No space left on device: make room"),
        std::string::npos
    ) << said;
    EXPECT_EQ(std::ranges::count(said, '\n'), 1) << "once, not for each batch";
}

TEST_F(Log, CountsGoOnInTheNextSteward) {
    const std::string path = "file:" + directory_.at("log");
    for (uint64_t lives = 1; lives <= 2; ++lives) {
        const auto log = open(path);
        append_surely(0, "a");
        append_surely(1, "b");
        log->stop(kLong);
        EXPECT_EQ(log->tally().written, 2 * lives);
        EXPECT_GT(log->tally().bytes, 0U);
    }
}

TEST_F(Log, ASinkThatCannotBeOpenedIsSaidOnceAndCounted) {
    testing::internal::CaptureStderr();
    const auto log = open("file:" + directory_.at("absent/log"));
    append(0, "a");
    log->stop(kLong);
    EXPECT_EQ(log->tally().refused, 1U);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("create its directory"), std::string::npos) << said;
    EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST_F(Log, ASpellingThatNobodyKnowsIsSaid) {
    testing::internal::CaptureStderr();
    open("stderr")->stop(kLong);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_NE(said.find("--access-log stderr: choose off, stdout"), std::string::npos) << said;
}

TEST_F(Log, ReopenAfterARename) {
    const auto log = open_file();
    append(0, "a");
    ASSERT_TRUE(until([&] { return log->tally().written == 1; }));
    directory_.rename("log", "log.1");
    log->reopen();
    EXPECT_TRUE(until([&] { return std::filesystem::exists(path()); }))
        << "without waiting for a line";
    append(0, "b");
    log->stop(kLong);
    EXPECT_EQ(ids(path() + ".1"), std::vector<std::string>{"a"});
    EXPECT_EQ(ids(path()), std::vector<std::string>{"b"});
}

TEST_F(Log, TheWorkersCallIsHeard) {
    const auto log = open_file();
    for (int i = 0; i < 5; ++i) {
        ::eventfd_write(wake_.get(), 1);
        pollfd heard{wake_.get(), POLLIN, 0};
        EXPECT_TRUE(until([&] { return ::poll(&heard, 1, 0) == 0; }));
    }
}

TEST_F(Log, NonsenseInOneRingHoldsUpNobody) {
    mapping_.log_ring(1).head.store(1'000'000'007);
    const auto log = open_file();
    append(0, "a");
    append(2, "b");
    EXPECT_TRUE(until([&] { return log->tally().written == 2; }));
    EXPECT_TRUE(until([&] { return mapping_.log_ring(1).tail == 1'000'000'007; }));
}

// A pipe whose reader does not read, as the log's standard output.
class Blocked : public Log {
protected:
    Blocked() {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        reader_ = Descriptor(ends[0]);
        const Descriptor writer(ends[1]);
        const Descriptor kept(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
        std::fflush(stdout);
        ::dup2(writer.get(), STDOUT_FILENO);
        log_ = open("stdout");
        ::dup2(kept.get(), STDOUT_FILENO);
    }
    void fill_rings() {
        // Pipe, batch and rings are full when no ring takes a record for as long as a round lasts.
        for (uint32_t w = 0; w < kWorkers; ++w) {
            ASSERT_TRUE(until([&] {
                while (append(w, std::to_string(appended_++))) {
                }
                return mapping_.worker(w).log_dropped > 100;
            }));
        }
    }
    std::string read_to_end() const {
        std::string bytes;
        std::vector<char> piece(1 << 16);
        for (;;) {
            const ssize_t got = ::read(reader_.get(), piece.data(), piece.size());
            if (got <= 0) return bytes;
            bytes.append(piece.data(), static_cast<size_t>(got));
        }
    }

    Descriptor reader_;
    std::unique_ptr<AccessLog> log_;
    int appended_ = 0;
};

TEST_F(Blocked, StopReturnsWithinThePatience) {
    fill_rings();
    const int64_t before = now_ns();
    log_->stop(100);
    const int64_t took_ms = (now_ns() - before) / kNsPerMs;
    EXPECT_GE(took_ms, 99);
    EXPECT_LT(took_ms, 5'000);
}

TEST_F(Blocked, StopWithoutPatienceInTheDestructor) {
    fill_rings();
    const int64_t before = now_ns();
    log_.reset();
    EXPECT_LT((now_ns() - before) / kNsPerMs, 5'000);
}

TEST_F(Blocked, AThreadLeftBehindDoesNotTouchTheMappingAgain) {
    fill_rings();
    log_.reset();
    mapping_ = live::Mapping();
    // Its write returns now, and the thread ends: the pipe has no writer left.
    const std::string taken = read_to_end();
    EXPECT_GT(taken.size(), 0U);
    EXPECT_EQ(taken.back(), '\n');
}

TEST_F(Blocked, WhatTheSinkDidNotTakeIsTheNextStewards) {
    fill_rings();
    log_.reset();  // as a steward that was killed: nothing more is given back
    std::vector<std::string> expected;
    for (uint32_t w = 0; w < kWorkers; ++w) {
        live::LogReader reader(mapping_, w);
        live::LogFacts facts;
        live::LogTexts texts;
        while (reader.next(facts, texts)) expected.emplace_back(texts[0]);
    }
    EXPECT_GT(expected.size(), 100U);
    const auto next = open_file();
    next->stop(kLong);
    std::vector<std::string> written = ids(path());
    std::ranges::sort(written);
    std::ranges::sort(expected);
    EXPECT_EQ(written, expected);
    read_to_end();
}

}  // namespace
}  // namespace sluice::steward
