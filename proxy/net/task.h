// Coroutines of the data plane. Task<void> is lazy and awaited where it is made: one frame per
// exchange inside one frame per connection, everything else is a leaf awaiter. Detached starts at
// once and frees itself at its end. Errors are values; an exception is a bug and ends the process.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include "proxy/net/frames.h"

namespace sluice::net {

// Where a frame comes from: the pool of the coroutine's first argument (or of its object), else the
// heap.
struct FrameMemory {
    template <class Owner, class... Rest>
        requires HasFrames<Owner>
    static void* operator new(size_t bytes, Owner& owner, Rest&&...) {
        return owner.frames().take(bytes);
    }
    static void operator delete(void* frame) { FramePool::give(frame); }
};

class [[nodiscard]] Task {
public:
    struct promise_type : FrameMemory {
        std::coroutine_handle<> caller;

        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Back {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self
                ) noexcept {
                    return self.promise().caller;
                }
                void await_resume() noexcept {}
            };
            return Back{};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
        handle_.promise().caller = caller;
        return handle_;
    }
    void await_resume() const noexcept {}

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

struct Detached {
    struct promise_type : FrameMemory {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

}  // namespace sluice::net
