// Memory of coroutine frames: free lists by size class, so that a request allocates nothing. Frames
// of one worker only; not thread-safe.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace sluice::net {

class FramePool {
public:
    FramePool() = default;
    FramePool(const FramePool&) = delete;
    FramePool& operator=(const FramePool&) = delete;
    ~FramePool();

    // Size classes of 64 bytes up to kLargestBytes; larger frames come from the heap (none of ours
    // is).
    void* take(size_t bytes);
    static void give(void* frame);
    // Gives free frames back to the heap.
    void shed();

    size_t largest_bytes() const {
        return largest_bytes_;
    }  // ever asked for: frame sizes are asserted in tests
    size_t fresh() const { return fresh_; }  // frames that had to come from the heap

private:
    static constexpr size_t kClassBytes = 64;
    static constexpr size_t kLargestBytes = 4096;
    struct Header {
        FramePool* pool;
        uint32_t size_class;  // kHeap: not pooled
    };
    struct Free {
        Free* next;
    };
    static constexpr uint32_t kHeap = 0xffffffffu;
    static constexpr size_t kHeaderBytes = 16;

    std::array<Free*, kLargestBytes / kClassBytes> free_{};
    size_t largest_bytes_ = 0;
    size_t fresh_ = 0;
};

// A coroutine whose first parameter (or object) has `FramePool& frames()` gets its frame from
// there.
template <class T>
concept HasFrames = requires(T& owner) {
    { owner.frames() } -> std::same_as<FramePool&>;
};

}  // namespace sluice::net
