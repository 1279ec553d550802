// I/O memory: blocks of 16 KiB (and of 64 KiB for bulk) from free lists, taken when bytes are there
// and given back before a wait, so an idle connection owns none; the little that has to be held
// over a wait moves into a smaller one. Buffer is a window of unread or unsent bytes in one block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "table/limits.h"

namespace sluice::net {

struct Block {
    Block* next = nullptr;  // in a free list
    uint32_t capacity = 0;  // bytes in data(), slack not counted
    char* data() { return reinterpret_cast<char*>(this) + sizeof(Block); }
};

// Who wants to know when blocks take more memory than it has agreed to.
class BlockAlarm {
public:
    virtual ~BlockAlarm() = default;
    // Called from take(): gives no block back, and sets the next alarm.
    virtual void blocks_grew() = 0;
};

class BlockPool {
public:
    BlockPool() = default;
    BlockPool(const BlockPool&) = delete;
    BlockPool& operator=(const BlockPool&) = delete;
    ~BlockPool();

    Block* take(bool bulk = false) {
        return take_of(bulk ? limits::kBulkBytes : limits::kBlockBytes);
    }
    // The smallest that holds so many bytes. REQUIRES: bytes <= limits::kBulkBytes.
    Block* take_for(size_t bytes);
    void give(Block* block);
    // Frees half of what has lain unused since the last call; a burst must not keep its memory for
    // ever.
    void trim();
    // Frees all that lies unused.
    void shed();
    size_t held() const { return held_; }  // blocks in use
    size_t held_bytes() const { return held_bytes_; }
    size_t bytes() const { return bytes_; }  // from the heap, lying unused included

    // `alarm` is told once bytes() is above `bytes`: exact, and free of cost for blocks that come
    // from a free list. It outlives the pool.
    void watch(BlockAlarm& alarm, size_t bytes) {
        alarm_ = &alarm;
        alarm_above_ = bytes;
    }
    // Frugal: bulk blocks only where a message head needs one.
    void set_frugal(bool frugal) { frugal_ = frugal; }
    bool frugal() const { return frugal_; }

private:
    struct List {
        Block* head = nullptr;
        size_t count = 0;
        size_t least = 0;  // smallest count since the last trim
    };
    static constexpr std::array<size_t, 4> kCapacities{
        limits::kSmallBlockBytes,
        limits::kMiddleBlockBytes,
        limits::kBlockBytes,
        limits::kBulkBytes,
    };

    Block* take_of(size_t capacity);
    List& list_of(size_t capacity);
    static size_t bytes_of(size_t capacity) {
        return sizeof(Block) + capacity + limits::kBlockSlackBytes;
    }
    Block* make(size_t capacity);
    void shed(List& list, size_t count);

    std::array<List, kCapacities.size()> lists_;
    size_t held_ = 0;
    size_t held_bytes_ = 0;
    size_t bytes_ = 0;
    size_t alarm_above_ = SIZE_MAX;
    BlockAlarm* alarm_ = nullptr;
    bool frugal_ = false;
};

class Buffer {
public:
    explicit Buffer(BlockPool& pool) : pool_(&pool) {}
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { clear(); }

    bool empty() const { return begin_ == end_; }
    size_t size() const { return end_ - begin_; }
    std::string_view bytes() const {
        if (block_ == nullptr) return {};
        return {block_->data() + begin_, size()};
    }
    // Room behind the bytes, at least one byte, taking or compacting a block; empty when the block
    // is full of unread bytes and may not grow any more.
    std::span<char> room(bool grow);
    // Room without moving what is there (its views stay valid); may be empty.
    std::span<char> tail();
    void commit(size_t bytes) { end_ += static_cast<uint32_t>(bytes); }
    void consume(size_t bytes);
    // Before a wait: the bytes move into the smallest block that holds them, and views of them end.
    void shrink();
    // Back into a block with room to work in; the same if it was not shrunk. Views end.
    void widen() {
        if (is_shrunk()) move_to(pool_->take());
    }
    void clear();  // forgets the bytes and gives the block back
    void release_if_empty() {
        if (empty()) clear();
    }
    // Takes over another buffer's block and bytes; this one must be empty.
    void take_from(Buffer& other);
    size_t capacity() const { return block_ == nullptr ? 0 : block_->capacity; }
    // Whether room(true) is welcome where it is not needed.
    bool may_grow() const { return !pool_->frugal(); }

private:
    bool is_shrunk() const { return block_ != nullptr && block_->capacity < limits::kBlockBytes; }
    void move_to(Block* block);

    BlockPool* pool_;
    Block* block_ = nullptr;
    uint32_t begin_ = 0;
    uint32_t end_ = 0;
};

}  // namespace sluice::net
