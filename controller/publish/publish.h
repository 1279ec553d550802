// Hands tables to the proxy and hears what became of them (design 10.2). A state machine for the
// loop: non-blocking, no thread; times are CLOCK_MONOTONIC nanoseconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "table/channel.h"

namespace sluice::publish {

struct Event {
    enum class Kind : uint8_t {
        connected,     // generation: the highest that the proxy has taken
        running,       // every worker takes new requests by this generation, which is what it runs
        refused,       // reason and message say why; generation 0: it was not even sent
        late,          // a worker does not answer; running follows when it does
        disconnected,  // what was in flight is offered again after the next connect; message:
                       // set when the proxy ended it so soon that it may serve another controller
    };
    Kind kind;
    uint64_t generation = 0;
    Reason reason = Reason::ok;
    uint16_t worker = 0;
    std::string message{};
    table::Digests digests{};  // running, late: of the table that the proxy keeps
};

// One segment of the newest offer, sealed. Without a memory: the one before is equal.
struct Held {
    uint64_t digest = 0;
    size_t size = 0;  // bytes
    table::Descriptor memory;
};

// Sent, without an answer.
struct Flight {
    uint64_t generation;
    table::Digests digests;
};

// Since the supervisor said hello.
struct Session {
    int64_t since = 0;
    uint64_t highest = 0;       // generation
    table::Digests accepted{};  // what the proxy keeps
    bool known = true;          // accepted holds for sure: only what differs is sent
    uint64_t running = 0;       // generation of `accepted` once it runs
    std::optional<Flight> flight;
    std::optional<int64_t> retry_at;  // what was refused for want of a steward is sent again
};

class Publisher {
public:
    static constexpr size_t kOffered = 2;  // routes, endpoints

    // `path`: the supervisor's control socket. Connects at the first step().
    explicit Publisher(std::string path) : path_(std::move(path)) {}

    // The newest tables; an older offer that was not sent yet is forgotten. The bytes are copied.
    // An offer that is not overtaken by another ends in running, refused or late. One that is equal
    // to what runs is not sent, and is reported running; equal to what the proxy keeps but does not
    // run yet, it is not sent either, and the proxy's own word ends it. False: it could not be
    // held, a refused event says why, and the former offer stays.
    bool offer(std::span<const std::byte> routes, std::span<const std::byte> endpoints);
    // The same routes as before.
    bool offer_endpoints(std::span<const std::byte> endpoints);

    // Readable means: call step(). -1 while there is no connection.
    int fd() const { return socket_.get(); }
    // When to call step() although nothing is readable.
    std::optional<int64_t> due() const;
    // Does what can be done without waiting. Call it after offer() too.
    std::vector<Event> step(int64_t now);

    // Of the newest offer that could be held.
    table::Digests offered() const;
    bool connected() const { return session_.has_value(); }
    // Since the start: bytes of each segment that were handed to a proxy.
    const std::array<uint64_t, kOffered>& bytes_sent() const { return bytes_sent_; }

private:
    std::optional<Held> hold(table::Segment segment, std::span<const std::byte> bytes);
    void replace(table::Segment segment, Held held);
    void connect(int64_t now);
    void disconnect(int64_t now);
    void read(int64_t now);
    void take(const table::Message& message, int64_t now);
    void take_hello(const table::Message& message, int64_t now);
    void take_refused(const table::Message& message, int64_t now);
    void land(const table::Message& message);
    void publish_newest(int64_t now);
    bool send(const Flight& flight);

    std::string path_;
    table::Descriptor socket_;
    std::optional<Session> session_;
    std::array<Held, kOffered> held_;
    bool unsent_ = false;  // an offer has no outcome yet and is not in flight
    int64_t retry_delay_ = 0;
    int64_t connect_at_ = 0;
    int64_t delay_ = 0;
    std::vector<Event> events_;
    std::array<uint64_t, kOffered> bytes_sent_{};
};

}  // namespace sluice::publish
