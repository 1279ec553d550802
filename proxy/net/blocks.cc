// Block free lists and the buffer's moves inside one block.
#include "proxy/net/blocks.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <new>

namespace sluice::net {

BlockPool::List& BlockPool::list_of(size_t capacity) {
    size_t place = 0;
    while (kCapacities[place] != capacity) ++place;
    return lists_[place];
}

Block* BlockPool::take_for(size_t bytes) {
    for (const size_t capacity : kCapacities) {
        if (bytes <= capacity) return take_of(capacity);
    }
    return take_of(limits::kBulkBytes);
}

Block* BlockPool::take_of(size_t capacity) {
    List& list = list_of(capacity);
    ++held_;
    held_bytes_ += capacity;
    if (list.head != nullptr) {
        Block* block = list.head;
        list.head = block->next;
        list.least = std::min(list.least, --list.count);
        return block;
    }
    return make(capacity);
}

Block* BlockPool::make(size_t capacity) {
    void* memory = ::operator new(bytes_of(capacity));
    auto* block = new (memory) Block;
    block->capacity = static_cast<uint32_t>(capacity);
    bytes_ += bytes_of(capacity);
    if (bytes_ > alarm_above_) alarm_->blocks_grew();
    return block;
}

void BlockPool::give(Block* block) {
    List& list = list_of(block->capacity);
    block->next = list.head;
    list.head = block;
    ++list.count;
    --held_;
    held_bytes_ -= block->capacity;
}

void BlockPool::shed(List& list, size_t count) {
    for (; count > 0 && list.head != nullptr; --count) {
        Block* block = list.head;
        list.head = block->next;
        --list.count;
        bytes_ -= bytes_of(block->capacity);
        ::operator delete(block);
    }
}

void BlockPool::shed() {
    for (List& list : lists_) {
        shed(list, list.count);
        list.least = 0;
    }
}

void BlockPool::trim() {
    for (List& list : lists_) {
        shed(list, (list.least + 1) / 2);
        list.least = list.count;
    }
}

BlockPool::~BlockPool() {
    shed();
}

std::span<char> Buffer::tail() {
    if (block_ == nullptr) return {};
    return {block_->data() + end_, block_->capacity - end_};
}

std::span<char> Buffer::room(bool grow) {
    if (block_ == nullptr) {
        block_ = pool_->take(grow);
        begin_ = end_ = 0;
        return tail();
    }
    if (is_shrunk()) {
        widen();
        return tail();
    }
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0 && end_ == block_->capacity) {
        std::memmove(block_->data(), block_->data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (grow && block_->capacity < limits::kBulkBytes) move_to(pool_->take(true));
    return tail();
}

void Buffer::move_to(Block* block) {
    std::memcpy(block->data(), block_->data() + begin_, size());
    pool_->give(block_);
    block_ = block;
    end_ -= begin_;
    begin_ = 0;
}

void Buffer::shrink() {
    if (block_ == nullptr || is_shrunk()) return;
    if (size() <= limits::kMiddleBlockBytes) move_to(pool_->take_for(size()));
}

void Buffer::consume(size_t bytes) {
    assert(bytes <= size());
    begin_ += static_cast<uint32_t>(bytes);
}

void Buffer::clear() {
    if (block_ != nullptr) pool_->give(block_);
    block_ = nullptr;
    begin_ = end_ = 0;
}

void Buffer::take_from(Buffer& other) {
    assert(block_ == nullptr);
    block_ = other.block_;
    begin_ = other.begin_;
    end_ = other.end_;
    other.block_ = nullptr;
    other.begin_ = other.end_ = 0;
}

}  // namespace sluice::net
