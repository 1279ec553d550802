// Frames and blocks come from free lists; buffers move bytes without losing one.
#include <gtest/gtest.h>
#include <string>

#include "proxy/net/blocks.h"
#include "proxy/net/task.h"

namespace sluice::net {
namespace {

struct Owner {
    FramePool pool;
    FramePool& frames() { return pool; }
};

Task step(Owner&, int& counter) {
    ++counter;
    co_return;
}

Detached run(Owner& owner, int& counter, int times) {
    for (int i = 0; i < times; ++i) {
        Task task = step(owner, counter);
        co_await task;
    }
}

TEST(Frames, AreReusedAfterTheFirst) {
    Owner owner;
    int counter = 0;
    run(owner, counter, 3);
    const size_t fresh = owner.pool.fresh();
    run(owner, counter, 1000);
    EXPECT_EQ(counter, 1003);
    EXPECT_EQ(owner.pool.fresh(), fresh) << "a warm pool asks the heap for nothing";
}

TEST(Frames, LargerThanTheLargestClassComeFromTheHeap) {
    FramePool pool;
    void* frame = pool.take(100'000);
    ASSERT_NE(frame, nullptr);
    FramePool::give(frame);
    EXPECT_EQ(pool.largest_bytes(), 100'000u);
    EXPECT_EQ(pool.fresh(), 1u);
}

TEST(Blocks, AreGivenBackAndTrimmed) {
    BlockPool pool;
    std::vector<Block*> taken;
    for (int i = 0; i < 64; ++i) taken.push_back(pool.take());
    EXPECT_EQ(pool.held(), 64u);
    EXPECT_EQ(taken.front()->capacity, limits::kBlockBytes);
    for (Block* block : taken) pool.give(block);
    EXPECT_EQ(pool.held(), 0u);
    for (int i = 0; i < 10; ++i) pool.trim();  // ASan would see a block freed twice or used after
    Block* again = pool.take();
    pool.give(again);
}

TEST(Blocks, BulkHasItsOwnSize) {
    BlockPool pool;
    Block* bulk = pool.take(true);
    EXPECT_EQ(bulk->capacity, limits::kBulkBytes);
    pool.give(bulk);
    Block* plain = pool.take();
    EXPECT_EQ(plain->capacity, limits::kBlockBytes);
    pool.give(plain);
}

void append(Buffer& buffer, std::string_view text, bool grow) {
    while (!text.empty()) {
        const auto room = buffer.room(grow);
        ASSERT_FALSE(room.empty());
        const size_t count = std::min(room.size(), text.size());
        std::copy_n(text.begin(), count, room.begin());
        buffer.commit(count);
        text.remove_prefix(count);
    }
}

TEST(Buffers, GrowOnceToBulkAndKeepTheirBytes) {
    BlockPool pool;
    Buffer buffer(pool);
    std::string text;
    for (size_t i = 0; i < limits::kBulkBytes; ++i) text.push_back(static_cast<char>('a' + i % 26));
    append(buffer, text, true);
    EXPECT_EQ(buffer.bytes(), text);
    EXPECT_TRUE(buffer.room(true).empty()) << "full of unread bytes and as large as it may be";
}

TEST(Buffers, WithoutGrowthAFullOneHasNoRoom) {
    BlockPool pool;
    Buffer buffer(pool);
    append(buffer, std::string(limits::kBlockBytes, 'x'), false);
    EXPECT_TRUE(buffer.room(false).empty());
    buffer.consume(100);
    EXPECT_EQ(buffer.room(false).size(), 100u) << "consumed room comes back";
    EXPECT_EQ(buffer.bytes(), std::string(limits::kBlockBytes - 100, 'x'));
}

TEST(Buffers, ReleaseTheirBlockWhenEmpty) {
    BlockPool pool;
    Buffer buffer(pool);
    append(buffer, "abc", false);
    buffer.release_if_empty();
    EXPECT_EQ(pool.held(), 1u);
    buffer.consume(3);
    buffer.release_if_empty();
    EXPECT_EQ(pool.held(), 0u);
    EXPECT_TRUE(buffer.bytes().empty());
}

TEST(Buffers, ShrinkToWhatTheyHoldAndWidenAgain) {
    for (const size_t size : {size_t{1}, limits::kSmallBlockBytes, limits::kSmallBlockBytes + 1}) {
        BlockPool pool;
        Buffer buffer(pool);
        const std::string text(size, 'x');
        append(buffer, "read" + text, false);
        buffer.consume(4);
        buffer.shrink();
        const bool small = size <= limits::kSmallBlockBytes;
        EXPECT_EQ(buffer.capacity(), small ? limits::kSmallBlockBytes : limits::kMiddleBlockBytes);
        EXPECT_EQ(buffer.bytes(), text);
        EXPECT_EQ(pool.held(), 1u);
        EXPECT_EQ(buffer.room(true).size(), limits::kBlockBytes - size) << "not a bulk block";
        EXPECT_EQ(buffer.bytes(), text);
        buffer.clear();
        EXPECT_EQ(pool.held(), 0u);
    }
}

TEST(Buffers, ThatHoldMuchStayAsTheyAre) {
    BlockPool pool;
    Buffer buffer(pool);
    buffer.shrink();
    EXPECT_EQ(pool.held(), 0u);
    append(buffer, std::string(limits::kMiddleBlockBytes + 1, 'x'), false);
    buffer.shrink();
    EXPECT_EQ(buffer.capacity(), limits::kBlockBytes);
    buffer.consume(1);
    buffer.shrink();
    EXPECT_EQ(buffer.capacity(), limits::kMiddleBlockBytes);
    buffer.widen();
    EXPECT_EQ(buffer.capacity(), limits::kBlockBytes);
    EXPECT_EQ(buffer.size(), limits::kMiddleBlockBytes);
}

TEST(Buffers, HandTheirBlockOver) {
    BlockPool pool;
    Buffer from(pool);
    Buffer to(pool);
    append(from, "replayed", false);
    to.take_from(from);
    EXPECT_EQ(to.bytes(), "replayed");
    EXPECT_TRUE(from.empty());
    EXPECT_EQ(pool.held(), 1u);
}

}  // namespace
}  // namespace sluice::net
