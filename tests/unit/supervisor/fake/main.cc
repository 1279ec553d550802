// A steward and a worker that do as the table's text says: the supervisor's tests run them in place
// of sluice-proxy. What they are told goes to the file that FAKE_LOG names, a line each.
//   routes "poison": the steward dies; "bad": it refuses; "hang": it does not answer
//   routes "stall": the worker does not answer; "cannot": it refuses; "deaf": it closes its
//   channel; "linger": it does not end when it is told to drain
// A worker answers each connection with "index pid generation routes endpoints".
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "table/channel.h"

namespace {

using namespace sluice::table;

constexpr int kChannel = 3;
constexpr int kFirstListener = 4;

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

void answer(uint64_t generation, sluice::Reason reason, uint16_t index) {
    Message message;
    message.kind = reason == sluice::Reason::ok ? MessageKind::running : MessageKind::refused;
    message.generation = generation;
    message.reason = reason;
    message.worker = index;
    message.text = reason == sluice::Reason::ok ? "" : "the text says so";
    if (!send(kChannel, message)) std::exit(0);
}

std::string numbers(const Message& message) {
    return std::to_string(message.generation) + " segments " + std::to_string(message.segments);
}

int run_steward() {
    Told told;
    for (;;) {
        pollfd readable{kChannel, POLLIN, 0};
        ::poll(&readable, 1, -1);
        const auto received = receive(kChannel);
        if (!received || received->closed) return 0;
        if (received->again || received->message.kind != MessageKind::publish) continue;
        log_line("steward publish " + numbers(received->message));
        take(told, *received);
        if (told.texts[0] == "poison") ::raise(SIGKILL);
        if (told.texts[0] == "hang") continue;
        const bool bad = told.texts[0] == "bad";
        const auto reason = bad ? sluice::Reason::table_bad_value : sluice::Reason::ok;
        answer(told.generation, reason, 0);
    }
}

class Worker {
public:
    Worker(uint16_t index, int listeners) : index_(index) {
        polled_.push_back({kChannel, POLLIN, 0});
        for (int i = 0; i < listeners; ++i) polled_.push_back({kFirstListener + i, POLLIN, 0});
    }

    int run() {
        for (;;) {
            ::poll(polled_.data(), polled_.size(), -1);
            if (polled_[0].revents != 0 && !take_message()) return 0;
            for (size_t i = 1; i < polled_.size(); ++i) {
                if (polled_[i].revents != 0) serve(polled_[i].fd);
            }
        }
    }

private:
    bool take_message() {
        const auto received = receive(kChannel);
        if (!received || received->closed) return false;
        if (received->again) return true;
        if (received->message.kind == MessageKind::drain) return drain();
        take(told_, *received);
        log_line("worker " + std::to_string(index_) + " publish " + numbers(received->message));
        if (told_.texts[0] == "stall") return true;
        if (told_.texts[0] == "deaf") {
            ::close(kChannel);
            polled_[0].fd = -1;
            return true;
        }
        const bool cannot = told_.texts[0] == "cannot";
        const auto reason = cannot ? sluice::Reason::internal : sluice::Reason::ok;
        answer(told_.generation, reason, index_);
        return true;
    }

    bool drain() {
        log_line("worker " + std::to_string(index_) + " drain");
        for (size_t i = 1; i < polled_.size(); ++i) {
            ::close(polled_[i].fd);
            polled_[i].fd = -1;
        }
        return told_.texts[0] == "linger";
    }

    void serve(int listener) {
        const Descriptor client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        const std::string line = std::to_string(index_) + " " + std::to_string(::getpid()) + " " +
                                 std::to_string(told_.generation) + " " + told_.texts[0] + " " +
                                 told_.texts[1];
        ::send(client.get(), line.data(), line.size(), MSG_NOSIGNAL);
    }

    uint16_t index_;
    Told told_;
    std::vector<pollfd> polled_;
};

}  // namespace

// steward --channel 3 | worker --index I --channel 3 --listener 4 …
int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    std::string line = "start";
    for (const std::string& word : words) line += " " + word;
    log_line(line);
    if (words.size() == 3 && words[0] == "steward") return run_steward();
    if (words.size() < 5 || words[0] != "worker") return 2;
    return Worker(static_cast<uint16_t>(std::stoi(words[2])), (argc - 6) / 2).run();
}
