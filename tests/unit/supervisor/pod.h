// A supervisor in a process of its own with fake children, and a controller's end to talk to it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "proxy/live/mapping.h"
#include "proxy/supervisor/supervisor.h"
#include "table/channel.h"

namespace sluice::supervisor {

// Asks again and again, for at most ten seconds.
bool until(const std::function<bool()>& condition);

std::vector<pid_t> children_of(pid_t parent);
size_t descriptors_of(pid_t pid);
std::string proc_file(pid_t pid, const std::string& name);

// What a fake worker says to a client.
struct Served {
    int worker = -1;
    pid_t pid = -1;
    uint64_t generation = 0;
    std::string routes;
    std::string endpoints;
    std::string secrets;
    std::string rule_slots;
    std::string endpoint_slots;
};

class Pod {
public:
    // Settings that are empty become those of a pod with one worker on a free port.
    explicit Pod(Settings settings = {});
    ~Pod();
    Pod(const Pod&) = delete;
    Pod& operator=(const Pod&) = delete;

    pid_t pid() const { return pid_; }
    const Settings& settings() const { return settings_; }
    const std::string& control_path() const { return settings_.control_path; }
    const std::vector<std::string>& addresses() const { return addresses_; }

    // Exit code of the supervisor, or minus the signal; nullopt after ten seconds.
    std::optional<int> exit_code();
    void signal(int number) const;

    // A client's question to the first address; nullopt when nobody answers.
    std::optional<Served> ask() const;
    pid_t worker_pid() const;  // that serves; -1 after ten seconds
    pid_t steward_pid() const;

    // The pod's shared mapping.
    const live::Mapping& live();

    std::string log() const;                     // what the children were told
    std::string said() const;                    // the supervisor's standard error
    size_t logged(std::string_view line) const;  // how often

private:
    void start();

    Settings settings_;
    std::optional<live::Mapping> live_;
    std::string folder_;
    std::vector<std::string> addresses_;
    pid_t pid_ = -1;
};

class Controller {
public:
    explicit Controller(const Pod& pod);

    // The next message; kind drain (which nobody sends here) after ten seconds, or at the end.
    table::Message next();
    bool at_end();  // the supervisor closes the connection, having said nothing more
    // Whether nothing comes before the supervisor has answered somebody else's connection attempt.
    bool quiet();

    // Publishes these texts; an empty one is not sent. Digests are made of the texts.
    void publish(uint64_t generation, std::string_view routes, std::string_view endpoints);
    void send_raw(std::string_view bytes);
    // A lawful message with so many descriptors.
    void send(const table::Message& message, size_t descriptors);
    int fd() const { return socket_.get(); }

private:
    table::Descriptor socket_;
    table::Digests digests_{};
};

uint64_t text_digest(std::string_view text);

}  // namespace sluice::supervisor
