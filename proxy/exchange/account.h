// What one exchange owes while it is open: its journal record, its in-flight words, its statistics
// and its log line. Each effect is journalled before it happens and undone before it is cleared
// (design 10.6), so a worker may die between any two steps.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/exchange/services.h"
#include "proxy/http/message.h"
#include "proxy/live/journal.h"
#include "proxy/live/log_ring.h"
#include "proxy/net/address.h"
#include "table/reason.h"

namespace sluice::exchange {

class Account {
public:
    // Opens the books: the head stands complete.
    explicit Account(Services& services);
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    // What the log will say of caller and request, in this order; views are copied, cut to their
    // share of the room.
    void describe_caller(std::string_view caller);
    void describe(const http::RequestHead& head);
    // The statistics that this exchange counts for; may be said again with a nearer one until the
    // first lease, from which on it is in flight there.
    void route(live::Slot counter_slot, uint64_t rule_key);
    void phase(live::Phase phase) { services_.journal.phase(index_, phase); }
    // A try begins on this endpoint; it ends with release().
    void lease(live::Slot load_slot, const net::Address& endpoint);
    void release(bool failed);
    void connected();
    void request_sent();
    void first_byte();
    uint64_t bytes_in() const { return facts_.bytes_in; }
    uint64_t bytes_out() const { return facts_.bytes_out; }
    void body_in(size_t bytes) { facts_.bytes_in += bytes; }
    void body_out(size_t bytes) { facts_.bytes_out += bytes; }
    // The head that the client gets.
    void answered(uint16_t status) { facts_.status = status; }
    // Closes the books: counts, logs, frees the record. Once, with no endpoint leased. A worker
    // that dies in between has counted the exchange, and whoever buries it counts it again as lost:
    // each exchange is counted at least once.
    void close(Reason reason, std::string_view request_id);

    // The worker runs code for this exchange from enter() to leave(): evidence if it dies.
    void enter() { services_.journal.enter(index_); }
    void leave() { services_.journal.enter(live::Journal::kNone); }

private:
    static constexpr size_t kTextBytes = 512;
    static constexpr size_t kMethodBytes = 24;
    static constexpr size_t kHostBytes = 64;
    static constexpr size_t kPathBytes = 192;
    static constexpr size_t kHeaderBytes = 64;

    int64_t elapsed() const { return services_.now - facts_.start_ns; }
    void keep(size_t place, std::string_view text, size_t most);
    void keep_headers(const http::RequestHead& head);
    void log(std::string_view request_id);

    Services& services_;
    live::Journal::Index index_;
    live::Slot load_slot_ = live::kNoSlot;
    uint16_t text_size_ = 0;
    bool counted_ = false;  // in the counter slot's in-flight number
    live::LogFacts facts_;
    std::array<char, kTextBytes> text_;
};

}  // namespace sluice::exchange
