// Fuzzes what comes over the hand-over's sockets: the first byte says how many descriptors come
// along, the rest is the datagram. A sound one encodes to the same bytes again; a refused one
// leaves no descriptor open.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "table/channel.h"
#include "table/limits.h"

namespace {

using namespace sluice::table;

constexpr size_t kMostDescriptors = 8;

void require(bool condition) {
    if (!condition) std::abort();
}

// The number that the next descriptor gets: it stays as long as none is left open.
int next_descriptor() {
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    return next;
}

// Sends any bytes with so many descriptors, as no sound peer would.
void send_raw(int socket, std::span<const std::byte> bytes, size_t descriptors) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostDescriptors)] = {};
    if (descriptors != 0) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors);
        cmsghdr* const rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptors);
        const std::vector<int> numbers(descriptors, STDERR_FILENO);
        std::memcpy(CMSG_DATA(rights), numbers.data(), sizeof(int) * descriptors);
    }
    require(::sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

void check_decoding(std::span<const std::byte> bytes) {
    const auto message = decode(bytes);
    if (!message) {
        require(message.error().reason == sluice::Reason::message_malformed);
        require(!message.error().message.empty());
        return;
    }
    const std::vector<std::byte> again = encode(*message);
    require(again.size() == bytes.size());
    require(std::memcmp(again.data(), bytes.data(), again.size()) == 0);
    // Text may be cut anywhere by a peer; ours is cut between characters.
    Message longer = *message;
    longer.text.append(sluice::limits::kMessageBytes, static_cast<char>(bytes.back()));
    require(encode(longer).size() <= sluice::limits::kMessageBytes);
}

const std::array<Descriptor, 2>& ends() {
    static const auto kEnds = *pair();
    return kEnds;
}

// A supervisor hands on what it got.
void check_sending(const Message& message) {
    std::vector<int> numbers(
        static_cast<size_t>(__builtin_popcount(message.segments)), STDERR_FILENO
    );
    require(send(ends()[0].get(), message, numbers).has_value());
    const auto received = receive(ends()[1].get());
    require(received.has_value() && received->descriptors.size() == numbers.size());
    require(encode(received->message) == encode(message));
    numbers.push_back(STDERR_FILENO);
    require(!send(ends()[0].get(), message, numbers).has_value());
}

void check_receiving(std::span<const std::byte> bytes, size_t descriptors) {
    const auto message = decode(bytes);
    const int sender = ends()[0].get();
    const int before = next_descriptor();
    send_raw(sender, bytes, descriptors);
    {
        const auto received = receive(ends()[1].get());
        const bool fits = message.has_value() &&
                          static_cast<size_t>(__builtin_popcount(message->segments)) == descriptors;
        require(received.has_value() == fits);
        if (received) require(received->descriptors.size() == descriptors);
    }
    if (message) check_sending(*message);
    require(next_descriptor() == before);
    require(receive(ends()[1].get())->again);
}

// Whoever is at the other end of a new connection is greeted, and may leave.
void check_greeting(std::span<const std::byte> bytes) {
    auto both = *pair();
    const std::string build(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    require(send(both[0].get(), hello(build, bytes.size(), {})).has_value());
    const auto greeting = receive(both[1].get());
    require(greeting.has_value() && greeting->message.kind == MessageKind::hello);
    require(build.starts_with(greeting->message.text));
    both[0] = Descriptor();
    require(receive(both[1].get())->closed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2 || size > 2 * sluice::limits::kMessageBytes) return 0;
    const auto* const begin = reinterpret_cast<const std::byte*>(data);
    const std::vector<std::byte> bytes(begin + 1, begin + size);  // alone, for the sanitizer
    check_decoding(bytes);
    check_receiving(bytes, data[0] % (kMostDescriptors + 1));
    if (data[0] % 16 == 0) check_greeting(bytes);
    return 0;
}
