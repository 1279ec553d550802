// The pool's two orders: by endpoint for leases, by age for expiry.
#include "proxy/upstream/pool.h"

#include <cerrno>

#include "proxy/net/connect.h"

namespace sluice::upstream {

namespace {

constexpr uint32_t kSharedSlot = 0;

// Ports towards one endpoint may be used up while there are some towards another: they are taken
// per pair of addresses, because nothing is bound before the connect.
Failure dial_failure(int error) {
    const bool exhausted = error == EMFILE || error == ENFILE || error == ENOBUFS;
    Failure failure{Side::upstream, Reason::connect_failed};
    if (exhausted) failure = {Side::gateway, Reason::out_of_descriptors};
    if (error == EADDRNOTAVAIL) failure = {Side::gateway, Reason::no_local_port};
    failure.never_connected = true;
    return failure;
}

}  // namespace

Pool::~Pool() {
    while (oldest_ != nullptr) {
        H1Upstream& upstream = *oldest_;
        unlink(upstream);
        close(upstream);
    }
    poller_.reclaim();
    for (H1Upstream* object : free_) delete object;
}

Pool::SlotList& Pool::list_of(uint32_t slot) {
    if (slot >= slots_.size()) slots_.resize(slot + 1);
    return slots_[slot];
}

void Pool::push(H1Upstream& upstream) {
    SlotList& list = list_of(upstream.slot());
    upstream.older_in_slot = list.newest;
    upstream.newer_in_slot = nullptr;
    if (list.newest != nullptr) list.newest->newer_in_slot = &upstream;
    list.newest = &upstream;
    ++list.count;
    upstream.older = newest_;
    upstream.newer = nullptr;
    (newest_ != nullptr ? newest_->newer : oldest_) = &upstream;
    newest_ = &upstream;
    upstream.idle_since = now_;
    ++idle_;
}

void Pool::unlink(H1Upstream& upstream) {
    SlotList& list = list_of(upstream.slot());
    if (list.newest == &upstream) list.newest = upstream.older_in_slot;
    if (upstream.older_in_slot != nullptr) {
        upstream.older_in_slot->newer_in_slot = upstream.newer_in_slot;
    }
    if (upstream.newer_in_slot != nullptr) {
        upstream.newer_in_slot->older_in_slot = upstream.older_in_slot;
    }
    --list.count;
    (upstream.older != nullptr ? upstream.older->newer : oldest_) = upstream.newer;
    (upstream.newer != nullptr ? upstream.newer->older : newest_) = upstream.older;
    --idle_;
}

// Newest first; one that the peer has closed, or that says something unasked, is not handed out.
H1Upstream* Pool::pop(SlotList& list) {
    while (list.newest != nullptr) {
        H1Upstream& upstream = *list.newest;
        unlink(upstream);
        if (upstream.lease_fit() && now_ - upstream.idle_since < kIdleNs) return &upstream;
        close(upstream);
    }
    return nullptr;
}

// Events of the running batch may still name the socket, so the object is reused only after it.
void Pool::close(H1Upstream& upstream) {
    poller_.close(upstream.socket());
    --open_;
    poller_.retire(&upstream, &Pool::reclaim);
}

void Pool::reclaim(void* object) {
    auto* upstream = static_cast<H1Upstream*>(object);
    upstream->end();
    upstream->home->free_.push_back(upstream);
}

H1Upstream* Pool::take_object() {
    if (free_.empty()) {
        auto* made = new H1Upstream(blocks_);
        made->home = this;
        return made;
    }
    H1Upstream* object = free_.back();
    free_.pop_back();
    return object;
}

Upstream* Pool::lease(uint32_t slot, const net::Address& address, Failure& failure) {
    if (H1Upstream* idle = pop(list_of(slot))) {
        idle->begin_request();
        return idle;
    }
    const net::Dialed dialed = net::dial(address);
    if (dialed.fd < 0) {
        failure = dial_failure(dialed.error);
        return nullptr;
    }
    H1Upstream* made = take_object();
    made->socket().fd = dialed.fd;
    ++open_;
    if (!poller_.add(made->socket(), false)) {
        failure = {Side::gateway, Reason::out_of_descriptors};
        failure.never_connected = true;
        close(*made);
        return nullptr;
    }
    ++opened_;
    made->begin(slot);
    made->begin_request();
    return made;
}

void Pool::give_back(Upstream& upstream, bool reusable) {
    auto& ours = static_cast<H1Upstream&>(upstream);
    ours.source().detach();
    SlotList& list = list_of(ours.slot());
    const bool keep = reusable && ours.reusable() && ours.slot() != kSharedSlot && !list.retired &&
                      list.count < most_idle_;
    if (!keep) {
        // An endpoint that does not read sees a reset, but no FIN behind what it has not read.
        if (ours.unfinished()) net::reset_on_close(ours.socket());
        close(ours);
        return;
    }
    ours.rest(false, false);
    push(ours);
}

void Pool::retire(uint32_t slot) {
    SlotList& list = list_of(slot);
    list.retired = true;
    while (list.newest != nullptr) {
        H1Upstream& upstream = *list.newest;
        unlink(upstream);
        close(upstream);
    }
}

void Pool::revive(uint32_t slot) {
    list_of(slot).retired = false;
}

void Pool::shed() {
    for (H1Upstream* each = oldest_; each != nullptr;) {
        H1Upstream& upstream = *each;
        each = upstream.newer;
        if (list_of(upstream.slot()).count <= most_idle_) continue;
        unlink(upstream);
        close(upstream);
    }
    for (H1Upstream* object : free_) delete object;
    free_.clear();
    free_.shrink_to_fit();
}

void Pool::sweep() {
    while (oldest_ != nullptr && now_ - oldest_->idle_since >= kIdleNs) {
        H1Upstream& upstream = *oldest_;
        unlink(upstream);
        close(upstream);
    }
}

}  // namespace sluice::upstream
