// The places of a model server's batch: so many generations run, so many wait in order, the rest
// are refused.
#include "modelsim/slots.h"

namespace sluice::modelsim {

std::unique_ptr<Slots::Ticket> Slots::enter(Timed& wake) {
    const bool free_place = running_ < concurrency_;
    if (!free_place && queue_.size() >= queue_depth_) return nullptr;
    auto ticket = std::make_unique<Ticket>(*this, wake);
    if (free_place) {
        ticket->running_ = true;
        ++running_;
    } else {
        ticket->position_ = queue_.insert(queue_.end(), ticket.get());
    }
    return ticket;
}

void Slots::leave(Ticket& ticket) {
    if (!ticket.running_) {
        queue_.erase(ticket.position_);
        return;
    }
    --running_;
    if (queue_.empty()) return;
    Ticket& next = *queue_.front();
    queue_.pop_front();
    next.running_ = true;
    ++running_;
    loop_.arm(next.wake_, loop_.now_ns());
}

}  // namespace sluice::modelsim
