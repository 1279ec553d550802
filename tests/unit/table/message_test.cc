// Messages as bytes and over sockets: what is refused, and that nothing leaks.
#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "table/channel.h"
#include "table/limits.h"
#include "table/view.h"

namespace sluice::table {
namespace {

constexpr size_t kHeadBytes = 66;
constexpr size_t kTextBytes = limits::kMessageBytes - kHeadBytes;

size_t open_descriptors() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

Message a_publish() {
    Message message;
    message.kind = MessageKind::publish;
    message.segments = 0b011;
    message.generation = 7;
    message.digests = {11, 22, 33};
    return message;
}

Descriptor a_segment() {
    const std::byte bytes[] = {std::byte{1}, std::byte{2}};
    return std::move(*seal("test", bytes));
}

std::array<Descriptor, 2> a_pair() {
    return std::move(*pair());
}

// A datagram that no send() of ours would make.
void send_raw(int socket, std::span<const std::byte> bytes, std::span<const int> descriptors) {
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)] = {};
    if (!descriptors.empty()) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const rights = CMSG_FIRSTHDR(&header);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    }
    ASSERT_EQ(::sendmsg(socket, &header, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

Reason decoded_reason(std::vector<std::byte> bytes) {
    const auto message = decode(bytes);
    return message ? Reason::ok : message.error().reason;
}

std::vector<std::byte> with_byte(const Message& message, size_t at, uint8_t value) {
    std::vector<std::byte> bytes = encode(message);
    bytes[at] = static_cast<std::byte>(value);
    return bytes;
}

TEST(Message, ComesBackWhole) {
    Message message = a_publish();
    message.worker = 65'535;
    message.schema = 0x0123456789abcdefULL;
    message.generation = ~uint64_t{0};
    message.text = "caf\u00e9";
    const auto again = decode(encode(message));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->kind, MessageKind::publish);
    EXPECT_EQ(again->segments, 0b011);
    EXPECT_EQ(again->worker, 65'535);
    EXPECT_EQ(again->schema, 0x0123456789abcdefULL);
    EXPECT_EQ(again->generation, ~uint64_t{0});
    EXPECT_EQ(again->digests, message.digests);
    EXPECT_EQ(again->text, "caf\u00e9");
}

TEST(Message, LayoutIsFixed) {
    Message message = a_publish();
    message.generation = 0x0102030405060708ULL;
    message.text = "ab";
    const std::vector<std::byte> bytes = encode(message);
    ASSERT_EQ(bytes.size(), kHeadBytes + 2);
    EXPECT_EQ(bytes[0], std::byte{2});
    EXPECT_EQ(bytes[1], std::byte{2});
    EXPECT_EQ(bytes[2], std::byte{3});
    EXPECT_EQ(bytes[8], std::byte{8});
    EXPECT_EQ(bytes[15], std::byte{1});
    EXPECT_EQ(bytes[24], std::byte{11});
    EXPECT_EQ(bytes[64], std::byte{2});
    EXPECT_EQ(bytes[66], std::byte{'a'});
}

TEST(Message, HelloNamesTheSchema) {
    const Message said = hello("1.2.3", 9, {1, 2, 0});
    EXPECT_EQ(said.kind, MessageKind::hello);
    EXPECT_EQ(said.schema, schema_hash());
    EXPECT_NE(said.schema, 0U);
    EXPECT_EQ(said.generation, 9U);
    EXPECT_EQ(said.text, "1.2.3");
    EXPECT_EQ(said.digests, (Digests{1, 2, 0}));
}

TEST(Message, TextAtTheLimitIsWholeAndBeyondIsCut) {
    Message message = a_publish();
    message.text.assign(kTextBytes, 'x');
    EXPECT_EQ(encode(message).size(), limits::kMessageBytes);
    EXPECT_EQ(decode(encode(message))->text, message.text);
    message.text += 'y';
    EXPECT_EQ(encode(message).size(), limits::kMessageBytes);
    EXPECT_EQ(decode(encode(message))->text, std::string(kTextBytes, 'x'));
}

TEST(Message, TextIsCutBetweenCharacters) {
    Message message = a_publish();
    message.text = std::string(kTextBytes - 1, 'x') + "\u20ac and more";
    EXPECT_EQ(decode(encode(message))->text, std::string(kTextBytes - 1, 'x'));
    message.text = std::string(kTextBytes + 10, '\x80');  // no character begins anywhere
    EXPECT_EQ(decode(encode(message))->text, "");
}

TEST(Message, EveryShorterDatagramIsRefused) {
    Message message = a_publish();
    message.text = "some text";
    const std::vector<std::byte> bytes = encode(message);
    for (size_t length = 0; length < bytes.size(); ++length) {
        const auto cut = decode(std::span(bytes).first(length));
        ASSERT_FALSE(cut) << length;
        EXPECT_EQ(cut.error().reason, Reason::message_malformed);
    }
}

TEST(Message, ALongerDatagramIsRefused) {
    std::vector<std::byte> bytes = encode(a_publish());
    bytes.push_back(std::byte{0});
    EXPECT_EQ(decoded_reason(bytes), Reason::message_malformed);
    Message message = a_publish();
    message.text.assign(kTextBytes, 'x');
    bytes = encode(message);
    bytes.push_back(std::byte{'x'});
    bytes[64] = static_cast<std::byte>((kTextBytes + 1) & 0xff);
    bytes[65] = static_cast<std::byte>((kTextBytes + 1) >> 8);
    EXPECT_EQ(decoded_reason(bytes), Reason::message_malformed);
}

TEST(Message, UnknownValuesAreRefused) {
    const Message publish = a_publish();
    EXPECT_EQ(decoded_reason(with_byte(publish, 0, 1)), Reason::message_malformed);  // protocol
    EXPECT_EQ(decoded_reason(with_byte(publish, 1, 0)), Reason::message_malformed);  // kind
    EXPECT_EQ(decoded_reason(with_byte(publish, 1, 12)), Reason::message_malformed);
    EXPECT_EQ(decoded_reason(with_byte(publish, 2, 32)), Reason::message_malformed);  // segment
    EXPECT_EQ(decoded_reason(with_byte(publish, 3, 1)), Reason::message_malformed);   // zero
    Message refused;
    refused.kind = MessageKind::refused;
    refused.reason = static_cast<Reason>(static_cast<uint16_t>(Reason::kCount) - 1);
    EXPECT_EQ(decoded_reason(encode(refused)), Reason::ok);
    refused.reason = Reason::kCount;
    EXPECT_EQ(decoded_reason(encode(refused)), Reason::message_malformed);
}

TEST(Message, ContradictionsAreRefused) {
    Message message = a_publish();
    message.generation = 0;
    EXPECT_EQ(decoded_reason(encode(message)), Reason::message_malformed);
    message = a_publish();
    message.digests[1] = 0;  // comes along, and has no digest
    EXPECT_EQ(decoded_reason(encode(message)), Reason::message_malformed);
    message = a_publish();
    message.kind = MessageKind::running;  // the steward's comes with slots
    EXPECT_EQ(decoded_reason(encode(message)), Reason::ok);
    message.kind = MessageKind::late;  // with segments
    EXPECT_EQ(decoded_reason(encode(message)), Reason::message_malformed);
    message = {};
    message.kind = MessageKind::refused;  // without a reason
    EXPECT_EQ(decoded_reason(encode(message)), Reason::message_malformed);
    message.kind = MessageKind::running;
    message.reason = Reason::internal;
    EXPECT_EQ(decoded_reason(encode(message)), Reason::message_malformed);
}

TEST(Message, DecodeIsTotalOnRandomBytes) {
    std::mt19937 random(42);
    for (int round = 0; round < 50'000; ++round) {
        std::vector<std::byte> bytes = encode(a_publish());
        bytes.resize(random() % 128);
        for (size_t flips = 0; flips < 1 + random() % 8 && !bytes.empty(); ++flips)
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        const auto message = decode(bytes);
        if (!message) continue;
        EXPECT_EQ(encode(*message), bytes);
    }
}

TEST(Channel, CarriesMessageAndDescriptorsInOrder) {
    const auto ends = a_pair();
    const Descriptor routes = std::move(*seal("r", std::vector{std::byte{'r'}}));
    const Descriptor endpoints = std::move(*seal("e", std::vector{std::byte{'e'}}));
    const int fds[] = {routes.get(), endpoints.get()};
    ASSERT_TRUE(send(ends[0].get(), a_publish(), fds));
    const auto received = receive(ends[1].get());
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_FALSE(received->closed);
    EXPECT_FALSE(received->again);
    EXPECT_EQ(received->message.generation, 7U);
    ASSERT_EQ(received->descriptors.size(), 2U);
    EXPECT_EQ(Mapping::map(received->descriptors[0].get())->bytes()[0], std::byte{'r'});
    EXPECT_EQ(Mapping::map(received->descriptors[1].get())->bytes()[0], std::byte{'e'});
    EXPECT_NE(::fcntl(received->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Channel, SaysThatNothingIsThere) {
    const auto ends = a_pair();
    const auto received = receive(ends[1].get());
    ASSERT_TRUE(received);
    EXPECT_TRUE(received->again);
}

TEST(Channel, SaysThatThePeerIsGoneAfterItsLastWord) {
    auto ends = a_pair();
    Message drain;
    drain.kind = MessageKind::drain;
    ASSERT_TRUE(send(ends[0].get(), drain));
    ends[0] = Descriptor();
    EXPECT_EQ(receive(ends[1].get())->message.kind, MessageKind::drain);
    EXPECT_TRUE(receive(ends[1].get())->closed);
}

TEST(Channel, APeerThatLeavesUnreadIsGoneToo) {
    auto ends = a_pair();
    ASSERT_TRUE(send(ends[0].get(), hello("", 0, {})));
    ends[1] = Descriptor();
    const auto received = receive(ends[0].get());
    ASSERT_TRUE(received);
    EXPECT_TRUE(received->closed);
}

// The control bytes of a call that failed are whatever stood there before, here the descriptors of
// the deliveries right before it. Many, because sanitizers move locals from call to call.
TEST(Channel, AResetClosesNobodysDescriptors) {
    constexpr int kCalls = 256;
    const Descriptor routes = std::move(*seal("r", std::vector{std::byte{'r'}}));
    const Descriptor endpoints = std::move(*seal("e", std::vector{std::byte{'e'}}));
    const int fds[] = {routes.get(), endpoints.get()};
    const auto good = a_pair();
    std::vector<Received> deliveries;
    for (int i = 0; i < kCalls; ++i) {
        ASSERT_TRUE(send(good[0].get(), a_publish(), fds));
        deliveries.push_back(std::move(*receive(good[1].get())));
    }
    for (int i = 0; i < kCalls; ++i) {
        auto reset = a_pair();
        ASSERT_TRUE(send(reset[0].get(), hello("", 0, {})));
        reset[1] = Descriptor();
        ASSERT_TRUE(receive(reset[0].get())->closed);
    }
    for (const Received& delivery : deliveries) {
        for (const Descriptor& descriptor : delivery.descriptors) {
            ASSERT_GE(::fcntl(descriptor.get(), F_GETFD), 0) << std::strerror(errno);
        }
    }
}

TEST(Channel, SendingToNobodyIsAnErrorAndNoSignal) {
    auto ends = a_pair();
    ends[1] = Descriptor();
    const auto sent = send(ends[0].get(), hello("", 0, {}));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().reason, Reason::internal);
}

TEST(Channel, SendRefusesTheWrongNumberOfDescriptors) {
    const auto ends = a_pair();
    const int one[] = {ends[0].get()};
    EXPECT_EQ(send(ends[0].get(), a_publish(), one).error().reason, Reason::message_malformed);
    EXPECT_EQ(send(ends[0].get(), hello("", 0, {}), one).error().reason, Reason::message_malformed);
    EXPECT_TRUE(receive(ends[1].get())->again);
}

// One datagram with this many descriptors; what receive() says of it. Nothing may stay open.
Reason received_reason(std::vector<std::byte> bytes, size_t descriptors) {
    const auto ends = a_pair();
    const size_t before = open_descriptors();
    {
        const Descriptor segment = a_segment();
        send_raw(ends[0].get(), bytes, std::vector<int>(descriptors, segment.get()));
    }
    const auto received = receive(ends[1].get());
    if (received) return Reason::ok;
    EXPECT_EQ(open_descriptors(), before) << "a descriptor leaked";
    return received.error().reason;
}

TEST(Channel, RefusesTheWrongNumberOfDescriptorsAndClosesThem) {
    const std::vector<std::byte> two = encode(a_publish());
    EXPECT_EQ(received_reason(two, 2), Reason::ok);
    for (const size_t wrong : {0, 1, 3, 4, 5, 64})
        EXPECT_EQ(received_reason(two, wrong), Reason::message_malformed) << wrong;
    EXPECT_EQ(received_reason(encode(hello("", 0, {})), 1), Reason::message_malformed);
}

TEST(Channel, RefusesMalformedBytesAndClosesWhatCameWithThem) {
    EXPECT_EQ(received_reason({std::byte{0}}, 2), Reason::message_malformed);
    EXPECT_EQ(
        received_reason(std::vector<std::byte>(limits::kMessageBytes + 1), 2),
        Reason::message_malformed
    );
}

TEST(Channel, ADatagramThatIsTooLongIsNotTakenForItsBeginning) {
    Message message = hello(std::string(kTextBytes, 'x'), 0, {});
    std::vector<std::byte> bytes = encode(message);
    EXPECT_EQ(received_reason(bytes, 0), Reason::ok);
    bytes.push_back(std::byte{'x'});
    EXPECT_EQ(received_reason(bytes, 0), Reason::message_malformed);
}

TEST(Channel, AnEmptyDatagramWithDescriptorsLeaksNothing) {
    const auto ends = a_pair();
    const size_t before = open_descriptors();
    {
        const Descriptor segment = a_segment();
        const int fds[] = {segment.get()};
        send_raw(ends[0].get(), {}, fds);
    }
    EXPECT_TRUE(receive(ends[1].get())->closed);
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, WhatNobodyTakesIsClosed) {
    const auto ends = a_pair();
    const Descriptor segment = a_segment();
    const int fds[] = {segment.get(), segment.get()};
    const size_t before = open_descriptors();
    for (int round = 0; round < 20; ++round) {
        ASSERT_TRUE(send(ends[0].get(), a_publish(), fds));
        ASSERT_TRUE(receive(ends[1].get()));
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, ReceiveFromWhatIsNoSocketIsAnError) {
    EXPECT_EQ(receive(-1).error().reason, Reason::internal);
}

}  // namespace
}  // namespace sluice::table
