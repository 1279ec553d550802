// Journal, counters and log of one exchange, in the order that a death between two steps asks for.
#include "proxy/exchange/account.h"

#include <algorithm>
#include <cstring>

#include "proxy/http/trace.h"
#include "table/limits.h"

namespace sluice::exchange {

namespace {

constexpr uint16_t kFirstServerError = 500;

size_t place_of(live::LogText text) {
    return static_cast<size_t>(text);
}

// Answers of an upstream that is well, and redirects: what sampling may leave out.
bool went_well(const live::LogFacts& facts) {
    const auto reason = static_cast<Reason>(facts.reason);
    return (reason == Reason::ok || reason == Reason::redirected) &&
           facts.status < kFirstServerError;
}

}  // namespace

Account::Account(Services& services)
    : services_(services), index_(services.journal.open(services.now)) {
    facts_.start_ns = services.now;
}

void Account::describe_caller(std::string_view caller) {
    if (services_.log.writer == nullptr) return;
    keep(place_of(live::LogText::caller), caller, net::kAddressTextBytes);
}

void Account::describe(const http::RequestHead& head) {
    if (services_.log.writer == nullptr) return;
    keep(place_of(live::LogText::host), head.host, kHostBytes);
    keep(place_of(live::LogText::method), head.method, kMethodBytes);
    keep(place_of(live::LogText::path), head.path, kPathBytes);
    if (const http::Field* trace = head.fields.find(http::FieldId::traceparent)) {
        facts_.trace_id = http::trace_id(trace->value);
    }
    if (!services_.log.headers.empty()) keep_headers(head);
}

void Account::keep_headers(const http::RequestHead& head) {
    size_t place = place_of(live::LogText::headers);
    for (const std::string& name : services_.log.headers) {
        const http::Field* const field = head.fields.find(name);
        if (field != nullptr) keep(place, field->value, kHeaderBytes);
        ++place;
    }
}

void Account::keep(size_t place, std::string_view text, size_t most) {
    const size_t length = std::min({text.size(), most, text_.size() - text_size_});
    std::memcpy(text_.data() + text_size_, text.data(), length);
    text_size_ = static_cast<uint16_t>(text_size_ + length);
    facts_.lengths[place] = static_cast<uint16_t>(length);
}

void Account::route(live::Slot counter_slot, uint64_t rule_key) {
    services_.journal.route(index_, counter_slot, rule_key);
    facts_.counter_slot = counter_slot;
}

void Account::lease(live::Slot load_slot, const net::Address& endpoint) {
    ++facts_.tries;
    facts_.endpoint = endpoint.bytes;
    facts_.endpoint_port = endpoint.port;
    load_slot_ = load_slot;
    services_.journal.lease(index_, load_slot, facts_.tries);
    services_.loads.begin(load_slot);
    if (counted_) return;
    services_.counters.begin(facts_.counter_slot);
    counted_ = true;
}

void Account::release(bool failed) {
    if (load_slot_ == live::kNoSlot) return;
    if (failed) services_.loads.failed(load_slot_);
    services_.loads.end(load_slot_);
    services_.journal.release(index_);
    load_slot_ = live::kNoSlot;
}

void Account::connected() {
    facts_.connect_ns = elapsed();
}

void Account::request_sent() {
    facts_.sent_ns = elapsed();
}

// The end is mostly near now, with a write to the client in between: time to fetch what it counts.
void Account::first_byte() {
    if (facts_.first_byte_ns < 0) facts_.first_byte_ns = elapsed();
    services_.counters.fetch_ahead(facts_.counter_slot);
}

void Account::close(Reason reason, std::string_view request_id) {
    facts_.reason = static_cast<uint16_t>(reason);
    facts_.duration_ns = elapsed();
    if (!counted_) services_.counters.begin(facts_.counter_slot);
    services_.counters.end(
        facts_.counter_slot,
        {
            .reason = facts_.reason,
            .status = facts_.status,
            .retries = facts_.tries > 1 ? facts_.tries - 1 : 0,
            .duration_ns = facts_.duration_ns,
            .first_byte_ns = facts_.first_byte_ns,
            .bytes_in = facts_.bytes_in,
            .bytes_out = facts_.bytes_out,
        }
    );
    if (services_.log.writer != nullptr) log(request_id);
    services_.journal.close(index_);
}

void Account::log(std::string_view request_id) {
    const AccessLog& log = services_.log;
    if (log.sample > 1 && went_well(facts_) && services_.random.draw() % log.sample != 0) return;
    static_assert(
        sizeof(live::LogFacts) + limits::kRequestIdBytes + kTextBytes <= live::kLogSlackBytes,
        "the largest record fits"
    );
    facts_.lengths[place_of(live::LogText::request_id)] = static_cast<uint16_t>(request_id.size());
    facts_.worker = log.worker;
    log.append(facts_, request_id, {text_.data(), text_size_});
}

}  // namespace sluice::exchange
