// Beats counted, sockets lent and taken back.
#include "proxy/supervisor/watch.h"

namespace sluice::supervisor {

using table::MessageKind;

Watch::Watch(
    const Clocks& clocks,
    const live::Mapping& live,
    std::vector<Child>& workers,
    const handover::Handover& handover
)
    : clocks_(clocks),
      live_(live),
      workers_(workers),
      handover_(handover),
      hearts_(workers.size()) {}

void Watch::started(size_t index) {
    Heart& heart = hearts_[index];
    heart.beat = live_.worker(static_cast<uint32_t>(index)).beat;
    heart.silent = 0;
    heart.heard = heart.stuck = false;
}

// What it accepted for others ended with it.
void Watch::died(size_t index) {
    hearts_[index].away = true;
    hearts_[index].stuck = false;
    for (size_t i = 0; i < hearts_.size(); ++i) {
        if (hearts_[i].host == index) set_host(i, std::nullopt);
    }
}

void Watch::set_host(size_t index, std::optional<size_t> host) {
    hearts_[index].host = host;
    live_.worker(static_cast<uint32_t>(index)).adopted_by =
        host ? static_cast<uint32_t>(*host + 1) : 0;
}

void Watch::look(int64_t now_ms) {
    if (now_ms < next_ms_) return;
    // From now, not from when it was due: however long we were away ourselves, that is one tick.
    next_ms_ = now_ms + clocks_.tick_ms;
    for (size_t i = 0; i < workers_.size(); ++i) {
        if (workers_[i].alive()) listen_to(i);
    }
}

void Watch::listen_to(size_t index) {
    Heart& heart = hearts_[index];
    const uint64_t beat = live_.worker(static_cast<uint32_t>(index)).beat;
    if (beat != heart.beat) {
        if (heart.stuck) say(workers_[index].name + " is heard from again");
        heart.beat = beat;
        heart.silent = 0;
        heart.heard = true;
        heart.stuck = false;
        return;
    }
    ++heart.silent;
    const bool began = heart.heard || handover_.runs_any(index);
    // However long it may take to start, its sockets are somebody's meanwhile.
    if (heart.silent >= clocks_.stuck_ticks) heart.away = true;
    const uint32_t patience = began ? clocks_.stuck_ticks : clocks_.first_ticks;
    if (!heart.stuck && heart.silent >= patience) declare_stuck(index);
    if (heart.silent == patience + clocks_.kill_ticks) {
        say(workers_[index].name + " has been stuck for " +
            std::to_string(heart.silent * clocks_.tick_ms) + " ms: killed");
    }
    if (heart.silent >= patience + clocks_.kill_ticks) kill_now(workers_[index]);
}

void Watch::declare_stuck(size_t index) {
    hearts_[index].stuck = hearts_[index].away = true;
    ++live_.worker(static_cast<uint32_t>(index)).stuck;
    say(workers_[index].name + " has not been heard from for " +
        std::to_string(hearts_[index].silent * clocks_.tick_ms) + " ms");
}

// It takes new requests by the newest table; or, while there is none, it lives.
bool Watch::serves_again(size_t index) const {
    const Heart& heart = hearts_[index];
    return workers_[index].alive() && heart.heard && !heart.stuck && handover_.runs_good(index);
}

bool Watch::is_well(size_t index) const {
    return workers_[index].alive() && !hearts_[index].stuck && !hearts_[index].away;
}

// The next one in the ring that is well itself.
std::optional<size_t> Watch::host_for(size_t index) const {
    for (size_t step = 1; step < workers_.size(); ++step) {
        const size_t candidate = (index + step) % workers_.size();
        if (is_well(candidate)) return candidate;
    }
    return std::nullopt;
}

bool Watch::tell(size_t to, MessageKind kind, size_t about) const {
    table::Message message;
    message.kind = kind;
    message.worker = static_cast<uint16_t>(about);
    const Child& worker = workers_[to];
    return worker.channel && table::send(worker.channel.get(), message);
}

// A host that fell ill is told to leave as well: it reads that once it is well again.
void Watch::adopt(size_t index) {
    Heart& heart = hearts_[index];
    if (heart.host && is_well(*heart.host)) return;
    const auto host = host_for(index);
    if (!host || !tell(*host, MessageKind::adopt, index)) return;
    if (heart.host) tell(*heart.host, MessageKind::release, index);
    set_host(index, host);
    say(workers_[*host].name + " accepts for " + workers_[index].name);
}

void Watch::give_back(size_t index) {
    Heart& heart = hearts_[index];
    if (heart.host && !tell(*heart.host, MessageKind::release, index)) return;
    heart.away = false;
    set_host(index, std::nullopt);
}

void Watch::settle() {
    // First who is well again: they may accept for the others.
    for (size_t i = 0; i < workers_.size(); ++i) {
        hearts_[i].away |= !workers_[i].alive();  // it may never have been: a fork can fail
        if (hearts_[i].away && serves_again(i)) give_back(i);
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
        if (hearts_[i].away) adopt(i);
        const bool serves = is_well(i) && hearts_[i].heard && handover_.runs_any(i);
        live_.worker(static_cast<uint32_t>(i)).running = serves ? 1 : 0;
    }
}

}  // namespace sluice::supervisor
