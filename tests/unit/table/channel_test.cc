// Sealed memories: what nobody can change any more, and what is refused.
#include "table/channel.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/limits.h"

namespace sluice::table {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Descriptor sealed(std::string_view text) {
    auto memory = seal("test", bytes_of(text));
    EXPECT_TRUE(memory) << memory.error().message;
    return memory ? std::move(*memory) : Descriptor();
}

// A memfd with these bytes and only these seals.
Descriptor half_sealed(std::string_view text, int seals) {
    Descriptor memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EXPECT_EQ(::write(memory.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
    EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, seals), 0);
    return memory;
}

Reason refusal_of(int fd) {
    const auto mapping = Mapping::map(fd);
    return mapping ? Reason::ok : mapping.error().reason;
}

TEST(Seal, KeepsTheBytes) {
    const Descriptor memory = sealed("some routes");
    const auto mapping = Mapping::map(memory.get());
    ASSERT_TRUE(mapping);
    EXPECT_EQ(text_of(mapping->bytes()), "some routes");
}

TEST(Seal, KeepsManyBytes) {
    const std::string large(3'000'001, 'x');
    const auto mapping = Mapping::map(sealed(large).get());
    ASSERT_TRUE(mapping);
    EXPECT_EQ(text_of(mapping->bytes()), large);
}

TEST(Seal, LetsNobodyWrite) {
    const Descriptor memory = sealed("some routes");
    EXPECT_EQ(::pwrite(memory.get(), "X", 1, 0), -1);
    EXPECT_EQ(errno, EPERM);
    void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    EXPECT_EQ(page, MAP_FAILED);
}

TEST(Seal, LetsNobodyChangeTheSize) {
    const Descriptor memory = sealed("some routes");
    EXPECT_EQ(::ftruncate(memory.get(), 1), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::ftruncate(memory.get(), 1 << 20), -1);
    EXPECT_EQ(errno, EPERM);
}

TEST(Seal, LetsNobodyAddOrTakeSeals) {
    const Descriptor memory = sealed("some routes");
    EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE), -1);
    EXPECT_EQ(errno, EPERM);
}

TEST(Seal, IsNotInheritedOverExec) {
    EXPECT_NE(::fcntl(sealed("x").get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Seal, RefusesOneByteMoreThanTheLimit) {
    // Addresses only: nobody reads behind a size that is refused.
    const std::byte one{};
    const auto memory = seal("test", std::span(&one, limits::kSegmentBytes + 1));
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.error().reason, Reason::table_too_large);
    EXPECT_NE(memory.error().message.find("1073741825"), std::string::npos);
}

TEST(Mapping, RefusesAMemfdThatLacksASeal) {
    const int all[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
    const int whole = all[0] | all[1] | all[2] | all[3];
    for (const int lacking : all) {
        const Descriptor memory = half_sealed("some routes", whole & ~lacking);
        EXPECT_EQ(refusal_of(memory.get()), Reason::table_not_sealed) << lacking;
    }
    EXPECT_EQ(refusal_of(half_sealed("some routes", whole).get()), Reason::ok);
}

TEST(Mapping, RefusesAPromiseOfNoFutureWrites) {
    // Somebody who mapped it before may still write.
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
    EXPECT_EQ(refusal_of(half_sealed("x", seals).get()), Reason::table_not_sealed);
}

TEST(Mapping, RefusesWhatIsNoMemfd) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const Descriptor read_end(ends[0]);
    const Descriptor write_end(ends[1]);
    const Descriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(refusal_of(read_end.get()), Reason::table_not_sealed);
    EXPECT_EQ(refusal_of(file.get()), Reason::table_not_sealed);
    EXPECT_EQ(refusal_of(-1), Reason::table_not_sealed);
}

TEST(Mapping, RefusesNothingAtAll) {
    EXPECT_EQ(refusal_of(sealed("").get()), Reason::table_corrupt);
}

TEST(Mapping, TakesTheLargestSegmentAndRefusesOneByteMore) {
    for (const size_t more : {size_t{0}, size_t{1}}) {
        const Descriptor memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        const auto size = static_cast<off_t>(limits::kSegmentBytes + more);  // a hole: no memory
        ASSERT_EQ(::ftruncate(memory.get(), size), 0);
        const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        ASSERT_EQ(::fcntl(memory.get(), F_ADD_SEALS, seals), 0);
        EXPECT_EQ(refusal_of(memory.get()), more == 0 ? Reason::ok : Reason::table_too_large);
    }
}

TEST(Mapping, OutlivesItsDescriptor) {
    auto mapping = Mapping::map(sealed("some routes").get());
    ASSERT_TRUE(mapping);
    EXPECT_EQ(text_of(mapping->bytes()), "some routes");
}

TEST(Mapping, Moves) {
    auto first = Mapping::map(sealed("one").get());
    auto second = Mapping::map(sealed("two").get());
    ASSERT_TRUE(first && second);
    Mapping moved(std::move(*first));
    EXPECT_EQ(text_of(moved.bytes()), "one");
    moved = std::move(*second);
    EXPECT_EQ(text_of(moved.bytes()), "two");
    EXPECT_TRUE(Mapping().bytes().empty());
}

TEST(Descriptor, ClosesOnceAndMoves) {
    const int fd = ::dup(0);
    ASSERT_GE(fd, 0);
    {
        Descriptor first(fd);
        Descriptor second(std::move(first));
        EXPECT_FALSE(first);
        EXPECT_EQ(second.get(), fd);
        first = std::move(second);
        EXPECT_TRUE(first);
        EXPECT_EQ(::fcntl(fd, F_GETFD), 0);
    }
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
    EXPECT_EQ(errno, EBADF);
}

TEST(Descriptor, ClosesWhatItHeldWhenAssigned) {
    const int first = ::dup(0);
    const int second = ::dup(0);
    Descriptor holder(first);
    holder = Descriptor(second);
    EXPECT_EQ(::fcntl(first, F_GETFD), -1);
    EXPECT_EQ(holder.get(), second);
}

}  // namespace
}  // namespace sluice::table
