// A steward and a worker that do as the table's text says: the supervisor's tests run them in place
// of sluice-proxy. What they are told goes to the file that FAKE_LOG names, a line each.
//   routes "poison": the steward dies; "bad": it refuses; "hang": it does not answer
//   routes "stall": the worker does not answer; "cannot": it refuses; "deaf": it closes its
//   channel; "linger": it does not end when it is told to drain; "mute": it does not beat any more;
//   "mute-1", "crash-1": worker 1 does not beat, or dies; "busy": it has an exchange open
// A worker answers each connection with "index pid generation" and its five texts.
// A steward that is told "--restore TEXT" says that it found this in its copy; "--silent": it says
// nothing when it starts.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <poll.h>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/live/journal.h"
#include "proxy/live/mapping.h"
#include "table/channel.h"

namespace {

using namespace sluice::table;

constexpr int kChannel = 3;
constexpr int kLive = 4;
constexpr int kBeatMs = 10;
constexpr uint64_t kRestoredGeneration = 7;
constexpr uint64_t kRuleKey = 0xabcdef;

using Words = std::vector<std::string>;

struct Told {
    uint64_t generation = 0;
    std::string texts[kSegments];
};

void log_line(const std::string& line) {
    const char* const path = std::getenv("FAKE_LOG");
    if (path == nullptr) return;
    const Descriptor file(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    const std::string whole = line + "\n";
    if (::write(file.get(), whole.data(), whole.size()) < 0) std::abort();
}

std::optional<std::string> behind(const Words& words, const std::string& flag) {
    const auto found = std::find(words.begin(), words.end(), flag);
    if (found == words.end() || found + 1 == words.end()) return std::nullopt;
    return *(found + 1);
}

int number_behind(const Words& words, const std::string& flag) {
    const auto text = behind(words, flag);
    return text ? std::stoi(*text) : 0;
}

std::string text_in(int memory) {
    const auto mapping = Mapping::map(memory);
    if (!mapping) return "unmapped";
    return {reinterpret_cast<const char*>(mapping->bytes().data()), mapping->bytes().size()};
}

void take(Told& told, const Received& received) {
    told.generation = received.message.generation;
    size_t next = 0;
    for (size_t i = 0; i < kSegments; ++i) {
        if ((received.message.segments >> i & 1) == 0) continue;
        told.texts[i] = text_in(received.descriptors[next++].get());
    }
}

std::string numbers(const Message& message) {
    return std::to_string(message.generation) + " segments " + std::to_string(message.segments);
}

// A message and the texts that go with it.
class Parcel {
public:
    Parcel(MessageKind kind, uint64_t generation) {
        message.kind = kind;
        message.generation = generation;
    }
    void put(Segment segment, const std::string& text) {
        auto memory = seal("text", std::as_bytes(std::span(text.data(), text.size())));
        if (!memory) std::abort();
        message.segments |= bit_of(segment);
        message.digests[static_cast<size_t>(segment)] = std::hash<std::string>()(text) | 1;
        memories_.push_back(std::move(*memory));
    }
    void send() const {
        std::vector<int> descriptors;
        for (const Descriptor& memory : memories_) descriptors.push_back(memory.get());
        if (!sluice::table::send(kChannel, message, descriptors)) std::exit(0);
    }

    Message message;

private:
    std::vector<Descriptor> memories_;
};

void refuse(uint64_t generation, sluice::Reason reason) {
    Parcel answer(MessageKind::refused, generation);
    answer.message.reason = reason;
    answer.message.text = "the text says so";
    answer.send();
}

// What a steward says first.
void greet(const Words& words) {
    if (std::find(words.begin(), words.end(), "--silent") != words.end()) return;
    const auto text = behind(words, "--restore");
    Parcel first(
        text ? MessageKind::restored : MessageKind::heartbeat, text ? kRestoredGeneration : 0
    );
    if (text) {
        first.put(Segment::routes, *text);
        first.put(Segment::endpoints, "e-" + *text);
        first.put(Segment::rule_slots, "slots-of-" + *text);
        first.put(Segment::endpoint_slots, "slots-of-e-" + *text);
    }
    first.send();
}

void verify(Told& told, const Received& received) {
    log_line("steward publish " + numbers(received.message));
    take(told, received);
    if (told.texts[0] == "poison") ::raise(SIGKILL);
    if (told.texts[0] == "hang") return;
    if (told.texts[0] == "bad") return refuse(told.generation, sluice::Reason::table_bad_value);
    Parcel answer(MessageKind::running, told.generation);
    const uint8_t came = received.message.segments;
    if ((came & bit_of(Segment::routes)) != 0) {
        answer.put(Segment::rule_slots, "slots-of-" + told.texts[0]);
    }
    if ((came & bit_of(Segment::endpoints)) != 0) {
        answer.put(Segment::endpoint_slots, "slots-of-" + told.texts[1]);
    }
    answer.send();
}

int run_steward(const Words& words) {
    greet(words);
    Told told;
    for (;;) {
        pollfd readable{kChannel, POLLIN, 0};
        ::poll(&readable, 1, -1);
        const auto received = receive(kChannel);
        if (!received || received->closed) return 0;
        if (received->again) continue;
        if (received->message.kind == MessageKind::reopen) log_line("steward reopen");
        if (received->message.kind == MessageKind::publish) verify(told, *received);
    }
}

class Worker {
public:
    Worker(const Words& words, sluice::live::Mapping live)
        : index_(number_behind(words, "--index")),
          first_(number_behind(words, "--first-listener")),
          per_worker_(number_behind(words, "--listeners-per-worker")),
          live_(std::move(live)),
          journal_(live_, static_cast<uint32_t>(index_)) {
        polled_.push_back({kChannel, POLLIN, 0});
        accept_for(index_);
    }

    int run() {
        for (;;) {
            if (!is("mute")) ++live_.worker(static_cast<uint32_t>(index_)).beat;
            ::poll(polled_.data(), polled_.size(), kBeatMs);
            if (polled_[0].revents != 0 && !take_message()) return 0;
            for (size_t i = 1; i < polled_.size(); ++i) {
                if (polled_[i].revents != 0) serve(polled_[i].fd);
            }
        }
    }

private:
    // Whether the text asks this of all workers, or of this one.
    bool is(const std::string& text) const {
        return told_.texts[0] == text || told_.texts[0] == text + "-" + std::to_string(index_);
    }

    void accept_for(int worker) {
        for (int i = 0; i < per_worker_; ++i) {
            polled_.push_back({first_ + worker * per_worker_ + i, POLLIN, 0});
        }
    }

    void leave(int worker) {
        const int first = first_ + worker * per_worker_;
        std::erase_if(polled_, [&](const pollfd& each) {
            return each.fd >= first && each.fd < first + per_worker_;
        });
    }

    bool take_message() {
        const auto received = receive(kChannel);
        if (!received || received->closed) return false;
        if (received->again) return true;
        const Message& message = received->message;
        const std::string self = "worker " + std::to_string(index_);
        if (message.kind == MessageKind::drain) return drain();
        if (message.kind == MessageKind::adopt) {
            log_line(self + " adopt " + std::to_string(message.worker));
            accept_for(message.worker);
        } else if (message.kind == MessageKind::release) {
            log_line(self + " release " + std::to_string(message.worker));
            leave(message.worker);
        } else if (message.kind == MessageKind::publish) {
            log_line(self + " publish " + numbers(message));
            take_table(*received);
        }
        return true;
    }

    void take_table(const Received& received) {
        take(told_, received);
        if (is("stall")) return;
        if (is("crash")) ::raise(SIGKILL);
        if (is("busy")) open_exchange();
        if (is("deaf")) {
            ::close(kChannel);
            polled_[0].fd = -1;
            return;
        }
        if (is("cannot")) return refuse(told_.generation, sluice::Reason::internal);
        Parcel answer(MessageKind::running, told_.generation);
        answer.message.worker = static_cast<uint16_t>(index_);
        answer.send();
    }

    void open_exchange() {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        const auto index = journal_.open(now.tv_sec * 1'000'000'000 + now.tv_nsec);
        journal_.route(index, sluice::live::kUnroutedSlot, kRuleKey);
        journal_.enter(index);
    }

    bool drain() {
        log_line("worker " + std::to_string(index_) + " drain");
        for (size_t i = 1; i < polled_.size(); ++i) polled_[i].fd = -1;
        for (int i = 0; ::fcntl(first_ + i, F_GETFD) >= 0; ++i) ::close(first_ + i);
        return is("linger");
    }

    void serve(int listener) {
        const Descriptor client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        std::string line = std::to_string(index_) + " " + std::to_string(::getpid()) + " " +
                           std::to_string(told_.generation);
        for (const std::string& text : told_.texts) line += " " + (text.empty() ? "-" : text);
        ::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL);
    }

    int index_;
    int first_;
    int per_worker_;
    Told told_;
    sluice::live::Mapping live_;
    sluice::live::Journal journal_;
    std::vector<pollfd> polled_;
};

}  // namespace

// The words of a hidden role, as proxy/main.cc takes them.
int main(int argc, char** argv) {
    const Words words(argv + 1, argv + argc);
    std::string line = "start";
    for (const std::string& word : words) line += " " + word;
    log_line(line);
    if (words.empty()) return 2;
    if (words[0] == "steward") return run_steward(words);
    auto live = sluice::live::Mapping::attach(kLive);
    if (words[0] != "worker" || !live) return 2;
    return Worker(words, std::move(*live)).run();
}
