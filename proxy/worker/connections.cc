// Accept loops and the life of connection objects.
#include "proxy/worker/connections.h"

#include <array>
#include <cerrno>

#include "proxy/net/connect.h"

namespace sluice::worker {

namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr int64_t kPauseNs =
    50'000'000;  // out of descriptors or at the cap: no spinning on a full backlog
constexpr int64_t kLogPauseNs = 1'000'000'000;  // between two refused sources in the log

}  // namespace

struct ClientConnections::Listener {
    net::Socket socket;
    net::Waiter waiter;
    net::Deadline deadline{waiter};
    uint32_t worker = 0;
    uint16_t port = 0;
    bool proxied = false;
    bool accepting = false;
    bool begun = false;  // its accept loop runs, or waits to be adopted again
};

struct ClientConnections::Client final : exchange::ConnectionOwner {
    Client(ClientConnections& connections, net::BlockPool& blocks)
        : home(connections), downstream(blocks) {}
    bool admit(const net::Address& client) override { return home.admit(*this, client); }
    void over() override { home.over(*this); }

    ClientConnections& home;
    exchange::H1Downstream downstream;
    bool open = false;
    bool counted = false;  // in sources_
    uint64_t source = 0;
    bool kept = true;
};

ClientConnections::ClientConnections(
    exchange::Services& services,
    net::Poller& poller,
    net::BlockPool& blocks,
    size_t most,
    size_t per_source
)
    : services_(services),
      poller_(poller),
      blocks_(blocks),
      sources_(per_source, most, services.random.draw()),
      most_(most) {}

ClientConnections::~ClientConnections() {
    for (const auto& listener : listeners_) services_.wheel.forget(listener->deadline);
}

void ClientConnections::offer(uint32_t worker, int fd, bool proxied) {
    auto listener = std::make_unique<Listener>();
    listener->socket.fd = fd;
    listener->worker = worker;
    listener->port = net::local_address(fd).port;
    listener->proxied = proxied;
    listener->socket.source.attach(listener->waiter, net::kClientShift);
    listener->waiter.client = &listener->socket.source;
    listeners_.push_back(std::move(listener));
}

void ClientConnections::adopt(uint32_t worker) {
    for (const auto& listener : listeners_) {
        if (listener->worker != worker || listener->accepting || !listener->socket.open()) continue;
        // The edge of whoever waits already comes with the next batch.
        listener->accepting = poller_.add(listener->socket, false);
        if (!listener->accepting || listener->begun) continue;
        listener->begun = true;
        accept_loop(*listener);
    }
}

void ClientConnections::release(uint32_t worker) {
    for (const auto& listener : listeners_) {
        if (listener->worker != worker || !listener->accepting) continue;
        listener->accepting = false;
        poller_.leave(listener->socket);
    }
}

void ClientConnections::stop_accepting() {
    for (const auto& listener : listeners_) {
        listener->accepting = false;
        poller_.leave_and_close(listener->socket);
    }
}

net::Detached ClientConnections::accept_loop(Listener& listener) {
    for (;;) {
        const net::Wake wants = listener.accepting ? accept_batch(listener) : net::kClientReadable;
        // Released, it may have been woken by an event of the same batch, or by its pause.
        if (!listener.accepting) listener.socket.source.bits = 0;
        if (wants == net::kDeadline) {
            services_.wheel.set(listener.deadline, services_.now + kPauseNs);
        }
        if (wants == net::kTurn) services_.turns.later(listener.waiter);
        co_await listener.waiter.wake(wants);
        if (!listener.socket.open()) co_return;
    }
}

// Returns what to wait for: the next connection, a pause, or the others' turn.
net::Wake ClientConnections::accept_batch(Listener& listener) {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        if (services_.pressure.at(exchange::Step::stop)) return net::kDeadline;
        if (open_ >= most_) {
            services_.tally.end(Reason::too_many_connections);
            return net::kDeadline;
        }
        const net::Accepted accepted = net::accept_one(listener.socket.fd);
        if (accepted.fd >= 0) {
            start(accepted.fd, accepted.peer, listener);
            continue;
        }
        if (accepted.error == ECONNABORTED || accepted.error == EINTR) continue;
        if (accepted.error != EAGAIN) {
            services_.tally.end(Reason::out_of_descriptors);
            return net::kDeadline;
        }
        listener.socket.source.bits = 0;
        return net::kClientReadable;
    }
    return net::kTurn;
}

void ClientConnections::start(int fd, const net::Address& peer, const Listener& listener) {
    if (free_.empty()) {
        clients_.push_back(std::make_unique<Client>(*this, blocks_));
        free_.push_back(clients_.back().get());
    }
    Client* client = free_.back();
    free_.pop_back();
    client->open = true;
    client->counted = false;
    client->downstream.begin(fd, peer, listener.port, listener.proxied);
    ++open_;
    ++accepted_;
    net::Socket& socket = client->downstream.socket();
    // Behind a balancer only the header will tell whose connection it is.
    if (!listener.proxied && !admit(*client, peer)) return over(*client);
    if (!poller_.add(socket, true)) return over(*client);
    socket.source.attach(client->downstream.waiter(), net::kClientShift);
    exchange::serve(services_, client->downstream, *client);
}

// A trusted hop speaks for many.
bool ClientConnections::admit(Client& client, const net::Address& peer) {
    if (services_.trusted.contains(peer.bytes)) return true;
    client.source = source_of(peer);
    client.counted = sources_.take(client.source);
    if (client.counted) return true;
    refused(peer);
    // Whoever asks so often gets no answer made, and leaves no socket behind that waits for it.
    net::reset_on_close(client.downstream.socket());
    return false;
}

// All are counted; the log gets one a second, so that a flood of connections is none of lines.
void ClientConnections::refused(const net::Address& peer) {
    services_.tally.end(Reason::too_many_from_source);
    if (services_.log.writer == nullptr || services_.now < silent_until_) return;
    silent_until_ = services_.now + kLogPauseNs;
    std::array<char, net::kAddressTextBytes> text{};
    const size_t length = net::address_text(peer, text.data());
    live::LogFacts facts;
    facts.start_ns = services_.now;
    facts.reason = static_cast<uint16_t>(Reason::too_many_from_source);
    facts.worker = services_.log.worker;
    facts.lengths[static_cast<size_t>(live::LogText::caller)] = static_cast<uint16_t>(length);
    services_.log.append(facts, "", {text.data(), length});
}

void ClientConnections::over(Client& client) {
    if (client.counted) sources_.give(client.source);
    poller_.close(client.downstream.socket());
    client.open = false;
    --open_;
    poller_.retire(&client, &reclaim);
}

void ClientConnections::reclaim(void* object) {
    auto* client = static_cast<Client*>(object);
    client->downstream.end();
    client->home.free_.push_back(client);
}

void ClientConnections::visit(const std::function<void(exchange::H1Downstream&)>& visitor) {
    for (const auto& client : clients_) {
        if (client->open) visitor(client->downstream);
    }
}

void ClientConnections::shed() {
    for (Client* client : free_) client->kept = false;
    std::erase_if(clients_, [](const auto& client) { return !client->kept; });
    free_.clear();
    free_.shrink_to_fit();
}

void ClientConnections::drain() {
    // Who waits in our queue has a connection already: it would be reset with the queue.
    for (const auto& listener : listeners_) {
        while (listener->accepting && accept_batch(*listener) == net::kTurn) {
        }
    }
    services_.draining = true;
    stop_accepting();
    for (const auto& client : clients_) {
        // Waiting for a head: it reads once more, because a request may have come since, and sees
        // that the worker drains.
        if (client->open && client->downstream.idle()) {
            client->downstream.socket().source.raise(net::kReadable);
        }
    }
}

}  // namespace sluice::worker
