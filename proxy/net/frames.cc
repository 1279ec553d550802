// Free lists of coroutine frames: a small header in front of each remembers where it belongs.
#include "proxy/net/frames.h"

#include <algorithm>
#include <new>

namespace sluice::net {

void* FramePool::take(size_t bytes) {
    largest_bytes_ = std::max(largest_bytes_, bytes);
    const size_t total = bytes + kHeaderBytes;
    const size_t size_class = (total - 1) / kClassBytes;
    const bool pooled = total <= kLargestBytes;
    void* raw = nullptr;
    if (pooled && free_[size_class] != nullptr) {
        raw = free_[size_class];
        free_[size_class] = free_[size_class]->next;
    } else {
        ++fresh_;
        raw = ::operator new(pooled ? (size_class + 1) * kClassBytes : total);
    }
    auto* header = new (raw) Header{this, pooled ? static_cast<uint32_t>(size_class) : kHeap};
    return reinterpret_cast<char*>(header) + kHeaderBytes;
}

void FramePool::give(void* frame) {
    void* raw = static_cast<char*>(frame) - kHeaderBytes;
    const Header header = *static_cast<Header*>(raw);
    if (header.size_class == kHeap) {
        ::operator delete(raw);
        return;
    }
    header.pool->free_[header.size_class] = new (raw) Free{header.pool->free_[header.size_class]};
}

void FramePool::shed() {
    for (Free*& list : free_) {
        while (list != nullptr) {
            Free* const next = list->next;
            ::operator delete(list);
            list = next;
        }
    }
}

FramePool::~FramePool() {
    shed();
}

}  // namespace sluice::net
