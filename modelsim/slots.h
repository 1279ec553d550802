// The places of a model server's batch: so many generations run, so many wait in order, the rest
// are refused.
#pragma once

#include <cstddef>
#include <list>
#include <memory>

#include "modelsim/loop.h"

namespace sluice::modelsim {

class Slots {
public:
    Slots(Loop& loop, size_t concurrency, size_t queue_depth)
        : loop_(loop), concurrency_(concurrency), queue_depth_(queue_depth) {}

    // A claim on a place. Destroying it gives the place, or the position in the queue, back.
    class Ticket {
    public:
        Ticket(Slots& slots, Timed& wake) : slots_(slots), wake_(wake) {}
        ~Ticket() { slots_.leave(*this); }
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;
        bool running() const { return running_; }

    private:
        friend class Slots;
        Slots& slots_;
        Timed& wake_;
        bool running_ = false;
        std::list<Ticket*>::iterator position_;
    };

    // Null when the queue is full. `wake` is armed when a waiting ticket starts to run.
    std::unique_ptr<Ticket> enter(Timed& wake);

    size_t running() const { return running_; }
    size_t waiting() const { return queue_.size(); }

private:
    void leave(Ticket& ticket);

    Loop& loop_;
    size_t concurrency_;
    size_t queue_depth_;
    size_t running_ = 0;
    std::list<Ticket*> queue_;
};

}  // namespace sluice::modelsim
