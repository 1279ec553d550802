// The log's thread: rings into lines, lines into batches, batches into the sink. Room in a ring is
// given back only once the sink had its say, so a steward that dies repeats lines and loses none.
#include "proxy/steward/access_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <limits>
#include <mutex>
#include <poll.h>
#include <thread>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "proxy/live/journal.h"
#include "proxy/live/log_ring.h"
#include "proxy/live/slots.h"
#include "proxy/notice/notice.h"
#include "proxy/steward/log_line.h"
#include "proxy/steward/log_sink.h"
#include "table/channel.h"

namespace sluice::steward {
namespace {

constexpr size_t kBatchBytes = size_t{64} * 1024;
constexpr int kRecordsPerTurn = 32;  // of one ring, before the next has its turn
constexpr int kLostPerBatch = 32;
constexpr int kBusyMs = 20;         // to the next look at the rings, when there were records …
constexpr int kIdleMs = 250;        // … and at most, when there are none
constexpr int64_t kSayMs = 10'000;  // between two sentences about the sink
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

int64_t now_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

int64_t now_ms() {
    return now_ns(CLOCK_MONOTONIC) / kNsPerMs;
}

// Tells people when the sink begins to refuse lines and when it takes them again.
class Report {
public:
    explicit Report(std::string flag) : flag_(std::move(flag)) {}
    void tell(const std::string& trouble, int64_t at_ms) {
        if (trouble == told_ || at_ms < next_ms_) return;
        const std::string what = trouble.empty()
                                     ? "lines are written again"
                                     : trouble + "; lines are lost and counted until then";
        notice::say("--access-log " + flag_ + ": " + what);
        told_ = trouble;
        next_ms_ = at_ms + kSayMs;
    }

private:
    std::string flag_;
    std::string told_;
    int64_t next_ms_ = 0;
};

SinkSpec spec_of(const std::string& flag) {
    auto spec = parse_sink(flag);
    if (spec) return std::move(*spec);
    notice::say(spec.error() + "; nothing is logged");
    return {};
}

// Everything that the thread works with. It outlives the AccessLog when the sink never returns.
class Writer {
public:
    Writer(const LogSettings& settings, const live::Mapping& mapping, int wake);
    void run();  // the thread's whole life
    void reopen();
    // False: it has not ended within the patience, and will not touch the mapping again.
    bool finish(int64_t patience_ms);
    const LogTally& tally() const { return tally_; }

private:
    bool round();
    bool batch();
    void fill();
    bool take_turn(live::LogReader& reader);
    void take_lost();
    void write();
    void reopen_if_asked();
    bool full() const { return used_ >= kBatchBytes; }
    char* end() { return buffer_.get() + used_; }
    void add_line(const char* line_end);
    void count(const Taken& taken);
    void keep_tally();
    LineNames names_of(live::Slot counter_slot) const;
    void fetch_names_ahead(live::Slot counter_slot) const;
    void wait(int timeout_ms);

    const live::Mapping& mapping_;
    int wake_;
    table::Descriptor call_;  // eventfd: reopen() and finish() say that there is news
    std::vector<live::LogReader> readers_;
    size_t turn_ = 0;  // whose turn it is
    LogLine line_;
    std::unique_ptr<char[]> buffer_;
    size_t used_ = 0;
    uint64_t lines_ = 0;
    uint64_t lost_taken_ = 0;  // of the lost ring, not yet released
    std::unique_ptr<LogSink> sink_;
    Report report_;
    LogTally tally_;
    std::atomic<bool> reopen_{false};
    std::atomic<int64_t> stop_at_ms_{kNever};

    // Held by the thread whenever it touches the mapping or wake_, never while the sink writes.
    std::mutex mutex_;
    std::condition_variable news_;
    bool ended_ = false;
    bool abandoned_ = false;
};

Writer::Writer(const LogSettings& settings, const live::Mapping& mapping, int wake)
    : mapping_(mapping),
      wake_(wake),
      call_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      line_(settings.headers),
      buffer_(std::make_unique<char[]>(kBatchBytes + kLineBytes)),
      report_(settings.sink) {
    sink_ = make_sink(spec_of(settings.sink));
    readers_.reserve(mapping.sizes().workers);
    for (uint32_t i = 0; i < mapping.sizes().workers; ++i) readers_.emplace_back(mapping, i);
    const live::PodRecord& pod = mapping.pod();
    tally_.written = pod.log_written.load(std::memory_order_relaxed);
    tally_.refused = pod.log_refused.load(std::memory_order_relaxed);
    tally_.bytes = pod.log_bytes.load(std::memory_order_relaxed);
    tally_.lost = pod.log_lost.load(std::memory_order_relaxed);
}

void Writer::run() {
    // Signals are for the steward's loop; with SIGPIPE blocked a closed pipe is an error of write.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    sink_->open(now_ms());
    report_.tell(sink_->trouble(), now_ms());
    int pause_ms = kBusyMs;
    for (;;) {
        // Asked before the round: what stood in the rings when the stop came is written.
        const bool stopping = stop_at_ms_ != kNever;
        pause_ms = round() ? kBusyMs : std::min(2 * pause_ms, kIdleMs);
        if (stopping) break;
        wait(pause_ms);
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    news_.notify_all();
}

// Until all rings are empty. Whether there was anything.
bool Writer::round() {
    reopen_if_asked();
    bool any = false;
    while (batch()) {
        any = true;
        if (now_ms() >= stop_at_ms_) break;
    }
    return any;
}

bool Writer::batch() {
    const auto release = [this] {
        for (live::LogReader& reader : readers_) reader.release();
        live::release_lost(mapping_, lost_taken_);
        lost_taken_ = 0;
        keep_tally();
    };
    {
        const std::lock_guard lock(mutex_);
        if (abandoned_) return false;
        fill();
        if (lines_ == 0) release();  // of a ring that held nonsense, and is empty now
    }
    if (lines_ == 0) return false;
    write();
    const std::lock_guard lock(mutex_);
    if (abandoned_) return false;
    release();
    return true;
}

void Writer::fill() {
    line_.set_zero(now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC));
    take_lost();
    for (size_t quiet = 0; quiet < readers_.size() && !full();) {
        quiet = take_turn(readers_[turn_]) ? 0 : quiet + 1;
        turn_ = (turn_ + 1) % readers_.size();
    }
}

// Whether there was a record.
bool Writer::take_turn(live::LogReader& reader) {
    live::LogFacts facts;
    live::LogTexts texts;
    int taken = 0;
    while (taken < kRecordsPerTurn && !full() && reader.next(facts, texts)) {
        fetch_names_ahead(reader.hint());
        add_line(line_.ended(end(), facts, texts, names_of(facts.counter_slot)));
        ++taken;
    }
    return taken > 0;
}

void Writer::take_lost() {
    live::LostRecord lost;
    const auto endpoints = mapping_.load_slots();
    for (int i = 0; i < kLostPerBatch && !full(); ++i) {
        if (!live::next_lost(mapping_, lost_taken_, lost)) return;
        ++lost_taken_;
        LineNames names = names_of(lost.counter_slot);
        if (lost.load_slot != live::kOtherSlot && lost.load_slot < endpoints.size()) {
            names.endpoint = live::texts_of(endpoints[lost.load_slot]).second;
        }
        add_line(line_.lost(end(), lost, names));
        tally_.lost.fetch_add(1, std::memory_order_relaxed);
    }
}

LineNames Writer::names_of(live::Slot counter_slot) const {
    if (counter_slot == live::kUnroutedSlot) return {};
    const auto slots = mapping_.counter_slots();
    if (counter_slot == live::kOtherSlot || counter_slot >= slots.size()) {
        return {"other", "other", {}};
    }
    const live::SlotTexts texts = live::texts_of(slots[counter_slot]);
    return {texts.first, texts.second, {}};
}

// With many routes a slot's names are cold: waiting for them was a quarter of this thread's time.
void Writer::fetch_names_ahead(live::Slot counter_slot) const {
    const auto slots = mapping_.counter_slots();
    if (counter_slot >= slots.size()) return;
    const live::SlotRecord& slot = slots[counter_slot];
    __builtin_prefetch(&slot);
    __builtin_prefetch(slot.text.data() + 16);  // the names of an ordinary route end in this line
}

void Writer::add_line(const char* line_end) {
    used_ = static_cast<size_t>(line_end - buffer_.get());
    ++lines_;
}

void Writer::write() {
    reopen_if_asked();
    count(sink_->write({buffer_.get(), used_}, lines_, now_ms()));
    report_.tell(sink_->trouble(), now_ms());
    used_ = 0;
    lines_ = 0;
}

void Writer::reopen_if_asked() {
    if (!reopen_.exchange(false)) return;
    count(sink_->reopen(now_ms()));
    report_.tell(sink_->trouble(), now_ms());
}

void Writer::count(const Taken& taken) {
    tally_.written.fetch_add(taken.written, std::memory_order_relaxed);
    tally_.refused.fetch_add(taken.refused, std::memory_order_relaxed);
    tally_.bytes.fetch_add(taken.bytes, std::memory_order_relaxed);
}

// Where the next steward's log goes on counting.
void Writer::keep_tally() {
    live::PodRecord& pod = mapping_.pod();
    pod.log_written.store(tally_.written, std::memory_order_relaxed);
    pod.log_refused.store(tally_.refused, std::memory_order_relaxed);
    pod.log_bytes.store(tally_.bytes, std::memory_order_relaxed);
    pod.log_lost.store(tally_.lost, std::memory_order_relaxed);
}

void Writer::wait(int timeout_ms) {
    pollfd sources[]{{wake_, POLLIN, 0}, {call_.get(), POLLIN, 0}};
    if (::poll(sources, 2, timeout_ms) <= 0) return;
    const std::lock_guard lock(mutex_);
    if (abandoned_) return;
    for (const pollfd& source : sources) {
        uint64_t times = 0;
        if ((source.revents & POLLIN) == 0) continue;
        while (::read(source.fd, &times, sizeof times) < 0 && errno == EINTR) {
        }
    }
    if ((sources[0].revents & (POLLERR | POLLNVAL)) != 0) wake_ = -1;  // the timeout remains
}

void Writer::reopen() {
    reopen_ = true;
    ::eventfd_write(call_.get(), 1);
}

bool Writer::finish(int64_t patience_ms) {
    stop_at_ms_ = now_ms() + patience_ms;
    ::eventfd_write(call_.get(), 1);
    std::unique_lock lock(mutex_);
    news_.wait_for(lock, std::chrono::milliseconds(patience_ms), [this] { return ended_; });
    abandoned_ = !ended_;
    return ended_;
}

}  // namespace

class AccessLog::Thread {
public:
    Thread(const LogSettings& settings, const live::Mapping& mapping, int wake)
        : writer_(std::make_shared<Writer>(settings, mapping, wake)),
          thread_([writer = writer_] { writer->run(); }) {}

    Writer& writer() { return *writer_; }
    void stop(int64_t patience_ms) {
        if (!thread_.joinable()) return;
        if (writer_->finish(patience_ms)) {
            thread_.join();
        } else {
            thread_.detach();
        }
    }

private:
    std::shared_ptr<Writer> writer_;
    std::thread thread_;
};

AccessLog::AccessLog(const LogSettings& settings, const live::Mapping& mapping, int wake)
    : thread_(std::make_unique<Thread>(settings, mapping, wake)) {}

AccessLog::~AccessLog() {
    stop(0);
}

void AccessLog::reopen() {
    thread_->writer().reopen();
}

void AccessLog::stop(int64_t patience_ms) {
    thread_->stop(patience_ms);
}

const LogTally& AccessLog::tally() const {
    return thread_->writer().tally();
}

}  // namespace sluice::steward
