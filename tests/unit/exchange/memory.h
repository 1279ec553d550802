// A third pair of Downstream and Upstream, without sockets: streams of one multiplexed connection
// on each side, as HTTP/2 will have them. Tests play both peers: they feed bytes, close, and read
// what came out. A stream's source is raised like a socket's.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proxy/exchange/downstream.h"
#include "proxy/upstream/upstream.h"

namespace sluice::exchange::testing {

// What the streams of one connection share, each way: room for unread bytes of all of them.
struct Link {
    size_t room = 1 << 20;
};

// One direction of one stream: bytes, an end, or a failure, with room for `window` unread bytes.
struct Pipe {
    Link* link = nullptr;
    std::string bytes;
    bool ended = false;
    bool broken = false;
    size_t window = 1 << 20;
    std::string lent;

    // The front of what is there, borrowed until the next take.
    Io take(std::string_view& out, bool& last, size_t most) {
        lent = bytes.substr(0, most);
        bytes.erase(0, lent.size());
        out = lent;
        last = ended && bytes.empty();
        if (lent.empty() && !last) return broken ? Io::closed : Io::again;
        return Io::done;
    }
    Io put(std::string_view& in, bool last) {
        if (broken) return Io::closed;
        const size_t room = window - std::min(window, bytes.size());
        const size_t shared = link == nullptr ? room : std::min(room, link->room);
        const size_t taken = std::min(shared, in.size());
        if (link != nullptr) link->room -= taken;
        bytes += in.substr(0, taken);
        in.remove_prefix(taken);
        if (!in.empty()) return Io::again;
        ended = ended || last;
        return Io::done;
    }
    // The peer reads what is there.
    std::string drain() {
        if (link != nullptr) link->room += bytes.size();
        return std::exchange(bytes, {});
    }
};

// A client's stream. The test writes `request` and reads `response`.
class MemoryDownstream final : public Downstream {
public:
    MemoryDownstream() {
        source_.attach(waiter_, net::kClientShift);
        source_.bits = net::kWritable;
        waiter_.client = &source_;
    }
    ~MemoryDownstream() override = default;

    // --- what a test sees and does
    Pipe request;
    Pipe response;
    uint16_t status = 0;
    std::vector<uint16_t> interim;
    std::map<std::string, std::string> fields;
    std::string response_trailers;
    Failure aborted;
    bool closes = false;
    bool flush_blocked = false;  // the peer's window is shut
    int64_t taken = -1;          // what its kernel acknowledged

    void feed(std::string_view bytes, bool last) {
        request.bytes += bytes;
        request.ended = request.ended || last;
        raise(net::kReadable);
    }
    void go() {
        request.broken = true;
        raise(net::kReadable | net::kGone);
    }
    void raise(uint8_t bits) { source_.raise(bits); }
    // Makes room in the response's window, as a client that reads.
    std::string read() {
        std::string got = response.drain();
        raise(net::kWritable);
        return got;
    }

    // Its memory is wanted back.
    void reclaim() {
        reclaimed_ = true;
        raise(net::kWritable | net::kGone);
    }
    const upstream::Upstream* lent = nullptr;

    // --- Downstream
    void lend(const upstream::Upstream* upstream) override { lent = upstream; }
    bool reclaimed() const override { return reclaimed_; }
    Failure departure() override {
        if (!reclaimed_) return {upstream::Side::client, Reason::client_gone};
        lower(net::kGone);
        return {upstream::Side::gateway, Reason::memory_reclaimed};
    }
    net::Source& source() override { return source_; }
    net::Waiter& waiter() override { return waiter_; }
    net::Deadline& deadline() override { return deadline_; }
    const http::Peer& peer() const override { return peer_; }
    const http::Caller& caller() const override { return caller_; }
    Io try_read_head(http::Scratch&, http::RequestHead&) override { return Io::again; }
    Io try_read_body(std::string_view& bytes, bool& last) override {
        const Io io = request.take(bytes, last, 16);
        complete_ = complete_ || (io == Io::done && last);
        if (io == Io::again) lower(net::kReadable);
        if (io == Io::closed) failure_ = {upstream::Side::client, Reason::client_body_incomplete};
        return io;
    }
    std::string_view trailers() const override { return {}; }
    bool request_complete() const override { return complete_; }
    bool stage_interim(const http::ResponseHead& head) override {
        interim.push_back(head.status);
        return true;
    }
    bool stage_head(const http::ResponseHead& head, http::BodyFraming, bool close) override {
        status = head.status;
        closes = close;
        for (const http::Field& field : head.fields.all()) {
            if (!field.dropped) fields.emplace(field.name, field.value);
        }
        return true;
    }
    Io try_write_body(std::string_view& bytes, bool last) override {
        const Io io = response.put(bytes, last);
        if (io == Io::again) lower(net::kWritable);
        if (io == Io::closed) failure_ = {upstream::Side::client, Reason::client_gone};
        return io;
    }
    Io try_write_trailers(std::string_view lines) override {
        response_trailers = lines;
        response.ended = true;
        return Io::done;
    }
    Io try_flush() override {
        if (response.broken) return Io::closed;
        if (flush_blocked) lower(net::kWritable);
        return flush_blocked ? Io::again : Io::done;
    }
    bool accepts_trailers() const override { return true; }
    void abort(const Failure& failure) override { aborted = failure; }
    Failure failure() const override { return failure_; }
    int64_t acknowledged() const override { return taken; }
    void rest(bool) override {}

private:
    void lower(uint8_t bits) { source_.bits &= static_cast<uint8_t>(~bits); }

    net::Source source_;
    net::Waiter waiter_;
    net::Deadline deadline_{waiter_};
    http::Peer peer_{"192.0.2.7", "http", 8080};
    http::Caller caller_{0, {}, {}, {}, "192.0.2.7"};
    Failure failure_;
    bool complete_ = false;
    bool reclaimed_ = false;
};

// A stream to an endpoint. The test reads `request` and writes the answer.
class MemoryUpstream final : public upstream::Upstream {
public:
    MemoryUpstream() { source_.bits = net::kWritable; }

    size_t held() const override { return request.bytes.size() + response.bytes.size(); }

    // --- what a test sees and does
    Pipe request;
    Pipe response;
    std::string head;  // "POST /v1/x models.example"
    std::map<std::string, std::string> fields;
    uint32_t slot = 0;
    bool connects = true;
    bool given_back = false;
    bool reusable = false;
    http::Framing framing = http::Framing::chunked;  // of its answers
    Failure breaks;                                  // what the next failing call reports

    void answer(uint16_t status, std::string_view body, bool last) {
        heads_.push_back(status);
        send(body, last);
    }
    void send(std::string_view body, bool last) {
        response.bytes += body;
        response.ended = response.ended || last;
        raise(net::kReadable);
    }
    void fail(const Failure& failure) {
        breaks = failure;
        response.broken = true;
        raise(net::kReadable | net::kGone);
    }
    void raise(uint8_t bits) { source_.raise(bits); }
    std::string read() {
        std::string got = request.drain();
        raise(net::kWritable);
        return got;
    }

    // --- Upstream
    net::Source& source() override { return source_; }
    Io try_connect() override {
        if (connects) return Io::done;
        if (breaks) return Io::closed;
        lower(net::kWritable);
        return Io::again;
    }
    bool stage_head(
        const http::RequestHead& from,
        std::string_view target,
        std::string_view authority,
        http::BodyFraming
    ) override {
        head = std::string(from.method) + " " + std::string(target) + " " + std::string(authority);
        for (const http::Field& field : from.fields.all()) {
            if (!field.dropped) fields.emplace(field.name, field.value);
        }
        return true;
    }
    Io try_write_body(std::string_view& bytes, bool last) override {
        const Io io = request.put(bytes, last);
        if (io == Io::again) lower(net::kWritable);
        return io;
    }
    Io try_flush() override { return Io::done; }
    Io try_write_trailers(std::string_view) override { return Io::done; }
    Io try_read_head(bool, http::ResponseHead& out) override {
        if (heads_.empty()) {
            if (response.broken) return Io::closed;
            lower(net::kReadable);
            return Io::again;
        }
        out.status = heads_.front();
        heads_.pop_front();
        out.body = {framing, 0};
        out.fields.clear();
        out.fields.add("content-type", "text/event-stream");
        return Io::done;
    }
    Io try_read_body(std::string_view& bytes, bool& last) override {
        const Io io = response.take(bytes, last, 16);
        if (io == Io::again) lower(net::kReadable);
        return io;
    }
    std::string_view trailers() const override { return {}; }
    Failure failure() const override { return breaks; }
    bool replayable() const override { return request.bytes.empty() || !request.ended; }
    void replay_into(upstream::Upstream& other) override {
        auto& next = static_cast<MemoryUpstream&>(other);
        next.head = head;
        next.fields = fields;
        next.request.bytes = request.bytes;
    }
    void rest(bool, bool) override {}
    void shrink() override {}

private:
    void lower(uint8_t bits) { source_.bits &= static_cast<uint8_t>(~bits); }

    net::Source source_;
    std::deque<uint16_t> heads_;
};

// One multiplexed connection to all endpoints, a new stream for each lease.
class MemoryUpstreams final : public upstream::Upstreams {
public:
    Link link;
    std::vector<std::unique_ptr<MemoryUpstream>> streams;

    // The connection is lost, and with it every stream that is still open.
    void die() {
        // Retries lease new streams meanwhile; those live on another connection.
        for (size_t i = 0, open = streams.size(); i < open; ++i) {
            if (streams[i]->given_back) continue;
            streams[i]->fail({.side = upstream::Side::upstream, .reason = Reason::upstream_reset});
        }
    }
    // Room came back: whoever waits for it may try.
    void raise_writable() {
        for (const auto& stream : streams) stream->raise(net::kWritable);
    }

    bool next_connects = true;
    bool exhausted = false;
    int unreachable = 0;  // leases that fail at once
    int portless = 0;     // leases that find no local port

    upstream::Upstream* lease(uint32_t slot, const net::Address&, Failure& failure) override {
        if (exhausted) {
            failure = {upstream::Side::gateway, Reason::out_of_descriptors};
            return nullptr;
        }
        if (portless > 0) {
            --portless;
            failure = {.side = upstream::Side::gateway, .reason = Reason::no_local_port};
            failure.never_connected = true;
            return nullptr;
        }
        if (unreachable > 0) {
            --unreachable;
            failure = {.side = upstream::Side::upstream, .reason = Reason::connect_failed};
            failure.never_connected = true;
            return nullptr;
        }
        streams.push_back(std::make_unique<MemoryUpstream>());
        streams.back()->slot = slot;
        streams.back()->request.link = &link;
        streams.back()->connects = next_connects;
        return streams.back().get();
    }
    void give_back(upstream::Upstream& upstream, bool reusable) override {
        auto& stream = static_cast<MemoryUpstream&>(upstream);
        stream.source().detach();
        stream.given_back = true;
        stream.reusable = reusable;
    }
};

}  // namespace sluice::exchange::testing
