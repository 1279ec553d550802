// Messages of the hand-over as bytes and over sockets. Layout, little endian:
//   0 protocol u8, 1 kind u8, 2 segments u8, 3 zero u8, 4 worker u16, 6 reason u16, 8 generation
//   u64, 16 schema u64, 24 digests 5 x u64, 64 text length u16, 66 text
#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>

#include "table/channel.h"
#include "table/limits.h"
#include "table/view.h"

namespace sluice::table {
namespace {

constexpr uint8_t kProtocol = 2;
constexpr size_t kTextLengthAt = 24 + 8 * kSegments;
constexpr size_t kTextAt = kTextLengthAt + 2;
constexpr size_t kTextBytes = limits::kMessageBytes - kTextAt;
constexpr uint8_t kAllSegments = (1U << kSegments) - 1;

tl::unexpected<ChannelError> malformed(std::string message) {
    return tl::unexpected<ChannelError>(ChannelError{Reason::message_malformed, std::move(message)}
    );
}

tl::unexpected<ChannelError> failed(const char* call) {
    return tl::unexpected<ChannelError>(
        ChannelError{Reason::internal, std::string(call) + ": " + std::strerror(errno)}
    );
}

template <typename Number>
void put(std::byte* at, Number value) {
    for (size_t i = 0; i < sizeof value; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

template <typename Number>
Number take(const std::byte* at) {
    Number value = 0;
    for (size_t i = 0; i < sizeof value; ++i)
        value = static_cast<Number>(value | static_cast<Number>(at[i]) << (8 * i));
    return value;
}

// The longest prefix that fits and does not end inside a UTF-8 character.
size_t text_length(std::string_view text) {
    if (text.size() <= kTextBytes) return text.size();
    size_t length = kTextBytes;
    while (length > 0 && (static_cast<uint8_t>(text[length]) & 0xc0) == 0x80) --length;
    return length;
}

// What one kind of message may say; "" when it may.
const char* wrong_with(const Message& message) {
    const bool publishes = message.kind == MessageKind::publish;
    const bool carries =
        publishes || message.kind == MessageKind::running || message.kind == MessageKind::restored;
    if (message.segments != 0 && !carries) return "this kind carries no segments";
    if ((message.segments & ~kAllSegments) != 0) return "an unknown segment";
    if (message.reason >= Reason::kCount) return "an unknown reason";
    if ((message.kind == MessageKind::refused) != (message.reason != Reason::ok)) {
        return "refused has a reason, other kinds have none";
    }
    if (carries && message.generation == 0) return "generation 0 cannot be published";
    for (size_t i = 0; i < kSegments; ++i) {
        const bool comes = (message.segments >> i & 1) != 0;
        if (comes && message.digests[i] == 0) return "a segment without its digest";
    }
    return "";
}

// The descriptors of a datagram, owned from the first moment.
std::vector<Descriptor> descriptors_of(msghdr& header) {
    std::vector<Descriptor> result;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            result.emplace_back(fd);
        }
    }
    return result;
}

}  // namespace

Message hello(std::string_view build, uint64_t generation, const Digests& digests) {
    Message message;
    message.kind = MessageKind::hello;
    message.generation = generation;
    message.schema = schema_hash();
    message.digests = digests;
    message.text = build;
    return message;
}

std::vector<std::byte> encode(const Message& message) {
    const size_t length = text_length(message.text);
    std::vector<std::byte> bytes(kTextAt + length);
    put(&bytes[0], kProtocol);
    put(&bytes[1], static_cast<uint8_t>(message.kind));
    put(&bytes[2], message.segments);
    put(&bytes[4], message.worker);
    put(&bytes[6], static_cast<uint16_t>(message.reason));
    put(&bytes[8], message.generation);
    put(&bytes[16], message.schema);
    for (size_t i = 0; i < kSegments; ++i) put(&bytes[24 + 8 * i], message.digests[i]);
    put(&bytes[kTextLengthAt], static_cast<uint16_t>(length));
    std::memcpy(bytes.data() + kTextAt, message.text.data(), length);
    return bytes;
}

tl::expected<Message, ChannelError> decode(std::span<const std::byte> datagram) {
    if (datagram.size() < kTextAt || datagram.size() > limits::kMessageBytes) {
        return malformed("a message of " + std::to_string(datagram.size()) + " bytes");
    }
    const std::byte* const at = datagram.data();
    if (take<uint8_t>(at) != kProtocol || take<uint8_t>(at + 3) != 0) {
        return malformed("another protocol");
    }
    const auto kind = take<uint8_t>(at + 1);
    if (kind < static_cast<uint8_t>(MessageKind::hello) ||
        kind > static_cast<uint8_t>(MessageKind::reopen)) {
        return malformed("an unknown kind of message");
    }
    const size_t length = take<uint16_t>(at + kTextLengthAt);
    if (length != datagram.size() - kTextAt) return malformed("a wrong text length");
    Message message;
    message.kind = static_cast<MessageKind>(kind);
    message.segments = take<uint8_t>(at + 2);
    message.worker = take<uint16_t>(at + 4);
    message.reason = static_cast<Reason>(take<uint16_t>(at + 6));
    message.generation = take<uint64_t>(at + 8);
    message.schema = take<uint64_t>(at + 16);
    for (size_t i = 0; i < kSegments; ++i) message.digests[i] = take<uint64_t>(at + 24 + 8 * i);
    message.text.assign(reinterpret_cast<const char*>(at) + kTextAt, length);
    const std::string_view wrong = wrong_with(message);
    if (!wrong.empty()) return malformed(std::string(wrong));
    return message;
}

tl::expected<void, ChannelError> send(
    int socket, const Message& message, std::span<const int> descriptors
) {
    if (descriptors.size() != static_cast<size_t>(std::popcount(message.segments))) {
        return malformed("one descriptor per segment");
    }
    std::vector<std::byte> bytes = encode(message);
    iovec part{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kSegments)] = {};
    if (!descriptors.empty()) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = -1;
    do {
        sent = ::sendmsg(socket, &header, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return failed("sendmsg");
    return {};
}

tl::expected<Received, ChannelError> receive(int socket) {
    std::array<std::byte, limits::kMessageBytes> bytes;
    iovec part{bytes.data(), bytes.size()};
    // Room for exactly what is lawful: the kernel drops what does not fit and says so.
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kSegments)];
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t size = -1;
    do {
        size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);

    Received received;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        received.again = true;
        return received;
    }
    // A peer that closes with our message unread resets the connection: gone all the same.
    if (size < 0 && errno != ECONNRESET) return failed("recvmsg");
    // After a failure the control bytes are not the kernel's: they may name anybody's descriptors.
    if (size >= 0) received.descriptors = descriptors_of(header);
    if (size <= 0) {
        received.descriptors.clear();
        received.closed = true;
        return received;
    }
    if ((header.msg_flags & MSG_CTRUNC) != 0) return malformed("too many descriptors");
    if ((header.msg_flags & MSG_TRUNC) != 0) return malformed("a message that is too long");
    auto message = decode(std::span(bytes).first(static_cast<size_t>(size)));
    if (!message) return tl::unexpected<ChannelError>(std::move(message.error()));
    if (received.descriptors.size() != static_cast<size_t>(std::popcount(message->segments))) {
        return malformed("not one descriptor per segment");
    }
    received.message = std::move(*message);
    return received;
}

}  // namespace sluice::table
