// The loop of one connection.
#include "proxy/exchange/server.h"

#include <algorithm>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/pace.h"

namespace sluice::exchange {

namespace {

// What the wait for a head has come to.
struct HeadClock {
    int64_t begun = 0;  // 0: no byte of the head yet

    int64_t due(const Services& services, bool head_begun) {
        if (!head_begun) return services.now + kClientIdleNs;
        if (begun == 0) begun = services.now;
        return begun + services.patience.head_ns;
    }
};

// Ends a wait between requests early, and counts it: the worker drains, or needs the memory.
bool must_leave(Services& services, H1Downstream& client) {
    const bool idle = !client.head_begun();
    Reason reason = client.reclaimed() || idle ? client.dismissed() : Reason::ok;
    if (reason == Reason::ok && idle && services.draining) reason = Reason::draining;
    if (reason == Reason::ok) return false;
    if (client.reclaimed()) client.abort(client.departure());
    services.tally.end(reason);
    return true;
}

Reason idle_reason(const Services& services) {
    return services.draining ? Reason::draining : Reason::client_idle_timeout;
}

// The PROXY header. Afterwards the client owes none, or the connection is over: nobody is answered,
// because nobody knows who asks. A connection that ends before its first byte was a health check.
net::Task read_preface(Services& services, H1Downstream& client) {
    services.wheel.set(client.deadline(), services.now + services.patience.head_ns);
    client.idle_from(services.now);
    for (;;) {
        const Io io = client.try_read_preface();
        if (io == Io::done) co_return;
        if (io == Io::closed) {
            const Reason reason = client.failure().reason;
            if (reason != Reason::client_gone) services.tally.end(reason);
            co_return;
        }
        if (must_leave(services, client)) co_return;
        client.rest(false);
        const net::Wake fired =
            co_await client.waiter().wake(net::kClientReadable | net::kDeadline);
        if ((fired & net::kClientReadable) != 0) continue;
        services.tally.end(Reason::bad_proxy_header);
        co_return;
    }
}

// FIN, then read and forget: a close over unread bytes would send a reset, and the client could
// lose the answer that it has not read yet (RFC 9112 9.6). Ends when the client does, pauses, drips
// or takes too long.
net::Task linger(Services& services, H1Downstream& client) {
    net::shut_write(client.socket());
    const int64_t give_up_at = services.now + kLingerNs;
    Pace pace;
    for (;;) {
        const Io io = client.discard();
        if (io == Io::closed) co_return;
        if (io == Io::done) services.turns.later(client.waiter());
        client.rest(false);
        pace.wait(services.now, kLingerPauseNs, client.received());
        services.wheel.set(client.deadline(), std::min(pace.ends_at(), give_up_at));
        const net::Wake wants = io == Io::done ? net::kTurn : net::kClientReadable;
        const net::Wake fired = co_await client.waiter().wake(wants | net::kDeadline);
        if ((fired & net::kDeadline) == 0) continue;
        if (services.now >= give_up_at) co_return;
        const uint64_t least = limits::kPaceBytesPerSecond;
        if (!pace.keeps_up(services.now, client.received(), least)) co_return;
    }
}

}  // namespace

net::Detached serve(Services& services, H1Downstream& client, ConnectionOwner& owner) {
    client.trust(services.trusted);
    if (client.owes_preface()) {
        net::Task preface = read_preface(services, client);
        co_await preface;
        if (client.owes_preface() || !owner.admit(client.peer_address())) {
            services.wheel.forget(client.deadline());
            owner.over();
            co_return;
        }
    }
    HeadScratch& scratch = services.scratch;
    HeadClock clock;
    uint32_t turns = 0;
    for (;;) {
        const Io io = client.try_read_head(scratch.text, scratch.request);
        Reason refused = io == Io::closed ? client.failure().reason : Reason::ok;
        if (refused == Reason::client_gone) break;
        if (io == Io::again) {
            const bool begun = client.head_begun();
            if (must_leave(services, client)) break;
            client.rest(false);
            client.idle_from(services.now);
            services.wheel.set(client.deadline(), clock.due(services, begun));
            const net::Wake fired =
                co_await client.waiter().wake(net::kClientReadable | net::kDeadline);
            turns = 0;
            if ((fired & net::kClientReadable) != 0) continue;
            if (!client.head_begun()) {
                services.tally.end(idle_reason(services));
                break;
            }
            refused = Reason::client_head_timeout;
        }
        // Named first: g++ 12 destroys temporaries of a co_await expression twice.
        net::Task exchange = run_exchange(services, client, refused);
        co_await exchange;
        clock = {};
        if (refused != Reason::ok || !client.reusable()) break;
        if (++turns < kTurns) continue;
        turns = 0;
        services.turns.later(client.waiter());
        co_await client.waiter().wake(net::kTurn);
    }
    if (client.should_linger()) {
        net::Task lingering = linger(services, client);
        co_await lingering;
    }
    services.wheel.forget(client.deadline());
    owner.over();
}

}  // namespace sluice::exchange
