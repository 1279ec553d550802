// The programs that one command runs: started, restarted with growing pauses when they end, and all
// ended with it. Nobody outlives the command, even when it is killed (PDEATHSIG).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sluice::ctl {

// How long to wait before start number `failures` + 1: 100 ms, doubled, at most 5 s.
int64_t restart_pause_ns(unsigned failures);

// How long the programs are given to end.
struct Patience {
    int first_ms;          // the first one alone: it serves clients by what the others do
    int rest_ms;           // then all that are left, together
    int hurry = -1;        // a descriptor: once it is readable, nobody waits for the first any more
    std::string notice{};  // said on standard error when the first does not end at once
};

class Children {
public:
    Children() = default;
    ~Children();  // ends them
    Children(const Children&) = delete;
    Children& operator=(const Children&) = delete;

    // Starts a program. argv[0] is its path. Its standard output is a pipe when `piped`, else
    // discarded; standard error is ours. `detail` follows its name in what is said of it.
    size_t start(
        std::vector<std::string> argv, bool piped, int64_t now, const std::string& detail = ""
    );

    // Notices those that ended and starts again those whose pause is over. One line per end:
    // "sluice-proxy: signal 9; starting again in 100 ms".
    std::vector<std::string> step(int64_t now);
    // When step() has something to restart.
    std::optional<int64_t> due() const;

    pid_t pid(size_t child) const { return children_[child].pid; }  // -1 between two lives
    int output(size_t child) const { return children_[child].output; }
    // What has been written to a piped standard output since the last call. Never blocks.
    std::string read_output(size_t child);
    // What the next start will use.
    std::vector<std::string>& argv(size_t child) { return children_[child].argv; }
    // Ends in a row, each within kHealthyNs of its start.
    unsigned failures(size_t child) const { return children_[child].failures; }
    // "sluice-proxy: exit code 1", "modelsim 127.0.0.1:18001: signal 9"; of the last end.
    std::string last_end(size_t child) const { return last_end(children_[child]); }
    size_t size() const { return children_.size(); }

    // SIGTERM to the first; to all that are left when it is gone, its time is over or somebody
    // hurries; SIGKILL to what is still there after that. So whoever serves others ends before
    // those it depends on, takes nothing from the time that they need, and hears of the hurry.
    void end(const Patience& patience);

private:
    struct Child {
        std::string name;
        std::vector<std::string> argv;
        bool piped = false;
        pid_t pid = -1;
        int output = -1;
        int status = 0;
        unsigned failures = 0;
        int64_t started = 0;
        int64_t restart_at = 0;
    };
    static void launch(Child& child, int64_t now);
    static bool reap(Child& child, int64_t now);  // whether it had ended
    static std::string last_end(const Child& child);

    std::vector<Child> children_;
};

// A life this long clears the failures before it.
inline constexpr int64_t kHealthyNs = 10'000'000'000;

}  // namespace sluice::ctl
