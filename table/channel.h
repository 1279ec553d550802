// The hand-over between the containers: sealed memfds over a SOCK_SEQPACKET unix socket (design
// 10.2).
//   supervisor listens (mode 0600, peer uid must be ours) and says hello
//   controller sends publish {generation, which segments} + one descriptor a segment; one in flight
//   the answer is running | refused | late for that generation
// The same messages run supervisor <-> steward and supervisor -> workers over socketpairs. Running
// from the steward means verified; with it come the slot bindings, which workers get beside the
// segments they belong to. Restored is what a new steward found in the last good copy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "table/reason.h"

namespace sluice::table {

// The first three come from the controller; the steward adds the slots (binding.h).
enum class Segment : uint8_t {
    routes = 0,
    endpoints = 1,
    secrets = 2,
    rule_slots = 3,
    endpoint_slots = 4
};
inline constexpr size_t kSegments = 5;
inline constexpr size_t kPublishedSegments = 3;
constexpr uint8_t bit_of(Segment segment) {
    return static_cast<uint8_t>(1U << static_cast<unsigned>(segment));
}

// An owned descriptor; closes on destruction.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
    int get() const { return fd_; }
    int release() {
        const int fd = fd_;
        fd_ = -1;
        return fd;
    }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct ChannelError {
    Reason reason;
    std::string message;
};

// A memfd with these bytes, sealed against write, shrink, grow and further seals.
tl::expected<Descriptor, ChannelError> seal(
    std::string_view name, std::span<const std::byte> bytes
);

// A read-only mapping of a sealed memfd; refuses one that lacks a seal or is larger than
// limits::kSegmentBytes.
class Mapping {
public:
    static tl::expected<Mapping, ChannelError> map(int fd);
    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();
    std::span<const std::byte> bytes() const { return {data_, size_}; }

private:
    const std::byte* data_ = nullptr;
    size_t size_ = 0;
};

enum class MessageKind : uint8_t {
    hello = 1,
    publish = 2,
    running = 3,
    refused = 4,
    late = 5,
    heartbeat = 6,
    drain = 7,
    adopt = 8,      // to a worker: accept on the sockets of `worker` too …
    release = 9,    // … and no more
    restored = 10,  // from a new steward: the last good table, verified, with its slots
    reopen = 11     // to the steward: the log file was moved away
};

using Digests = std::array<uint64_t, kSegments>;

// One datagram. Plain bytes on the wire; decode() checks kind, length and ranges.
struct Message {
    MessageKind kind = MessageKind::hello;
    uint8_t segments = 0;        // publish, running, restored: bit per Segment that comes along
    uint16_t worker = 0;         // late, adopt, release: which; running from a worker: its index
    Reason reason = Reason::ok;  // refused
    uint64_t generation = 0;     // hello: the highest that was ever taken; go on from there + 1
    uint64_t schema = 0;         // hello: schema_hash()
    Digests digests{};           // hello: what runs; publish: of the whole table; 0 = none
    std::string text;            // hello: build version; refused: message; cut to fit
};

// What a supervisor of this build says first.
Message hello(std::string_view build, uint64_t generation, const Digests& digests);

// Text that does not fit limits::kMessageBytes is cut between characters.
std::vector<std::byte> encode(const Message& message);
tl::expected<Message, ChannelError> decode(std::span<const std::byte> datagram);

// Blocking or not as the socket is. `descriptors` has one entry per set bit of message.segments, in
// order. Never raises SIGPIPE.
tl::expected<void, ChannelError> send(
    int socket, const Message& message, std::span<const int> descriptors = {}
);

struct Received {
    Message message;
    std::vector<Descriptor> descriptors;  // one per set bit of message.segments, in order
    bool closed = false;                  // peer is gone; message is empty
    bool again = false;                   // non-blocking and nothing there
};
// Total on hostile peers: a malformed datagram, or one with too many or too few descriptors, is an
// error with message_malformed, and everything that came with it is closed.
tl::expected<Received, ChannelError> receive(int socket);

// A non-blocking listening socket at `path`, mode 0600 from its first moment. Replaces a stale
// socket; refuses a path where another process listens or that is no socket. Packets for the
// hand-over, a stream for admin clients.
enum class SocketKind : uint8_t { packets, stream };
tl::expected<Descriptor, ChannelError> listen_at(
    const std::string& path, SocketKind kind = SocketKind::packets
);
// One connection, non-blocking; an empty descriptor when nobody waits. A peer of another user is
// refused.
tl::expected<Descriptor, ChannelError> accept_from(int listener);
// Non-blocking; refuses a listener of another user.
tl::expected<Descriptor, ChannelError> connect_to(const std::string& path);
// Two connected ends, non-blocking: a parent's and its child's.
tl::expected<std::array<Descriptor, 2>, ChannelError> pair();

}  // namespace sluice::table
