// The state of the hand-over, moved by messages and clocks.
#include "proxy/supervisor/handover.h"

#include <algorithm>
#include <utility>

namespace sluice::supervisor {
namespace {

using table::Message;
using table::MessageKind;

// Sends the segments of `set` that the receiver does not know.
bool publish(int channel, const TableSet& set, const table::Digests& known) {
    Message message;
    message.kind = MessageKind::publish;
    message.generation = set.generation;
    message.digests = set.digests;
    std::vector<int> descriptors;
    for (size_t i = 0; i < table::kSegments; ++i) {
        if (!set.descriptors[i] || set.digests[i] == known[i]) continue;
        message.segments = static_cast<uint8_t>(message.segments | 1U << i);
        descriptors.push_back(set.descriptors[i].get());
    }
    return table::send(channel, message, descriptors).has_value();
}

}  // namespace

Handover::Handover(const Settings& settings, Child& steward, std::vector<Child>& workers)
    : settings_(settings), steward_(steward), workers_(workers), deliveries_(workers.size()) {}

void Handover::connected(table::Descriptor controller, int64_t now_ms) {
    controller_ = std::move(controller);
    greeting_owed_ = true;
    running_reported_ = late_reported_ = false;
    good_since_ms_ = now_ms;
    greet();
}

// Not while the steward is at work: hello says what runs, and that is about to change.
void Handover::greet() {
    if (!greeting_owed_ || candidate_ || !controller_) return;
    greeting_owed_ = false;
    answer(table::hello(settings_.build, highest_, good_.digests));
    report_running();
}

void Handover::answer(const Message& message) {
    if (!controller_ || table::send(controller_.get(), message)) return;
    controller_ = table::Descriptor();
}

void Handover::refuse(uint64_t generation, Reason reason, const std::string& why) {
    Message message;
    message.kind = MessageKind::refused;
    message.generation = generation;
    message.reason = reason;
    message.text = why;
    answer(message);
}

void Handover::read_controller(int64_t now_ms) {
    while (controller_) {
        auto received = table::receive(controller_.get());
        if (received && received->again) return;
        const bool sound = received && !received->closed;
        if (!sound || received->message.kind != MessageKind::publish) {
            const std::string why = received ? "it left" : received.error().message;
            say("the controller's connection ends: " + why);
            controller_ = table::Descriptor();
            return;
        }
        take_publish(std::move(*received), now_ms);
    }
}

void Handover::take_publish(table::Received received, int64_t now_ms) {
    const Message& message = received.message;
    if (message.generation <= highest_) {
        const std::string newest = std::to_string(highest_);
        refuse(message.generation, Reason::generation_stale, newest + " was taken already");
        return;
    }
    if (candidate_) {
        refuse(message.generation, Reason::message_malformed, "another generation is in flight");
        return;
    }
    highest_ = message.generation;
    candidate_.emplace();
    candidate_->set.generation = message.generation;
    candidate_->set.digests = message.digests;
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
    auto next = received.descriptors.begin();
    for (size_t i = 0; i < table::kSegments; ++i) {
        const bool comes = (message.segments >> i & 1) != 0;
        if (comes) candidate_->set.descriptors[i] = std::move(*next++);
    }
    send_candidate(now_ms);
}

// Waits for the next steward when there is none.
void Handover::send_candidate(int64_t now_ms) {
    if (!candidate_ || candidate_->sent || !steward_.alive()) return;
    candidate_->sent = true;
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
    publish(steward_.channel.get(), candidate_->set, {});
}

void Handover::read_steward(int64_t now_ms) {
    while (steward_.channel) {
        auto received = table::receive(steward_.channel.get());
        if (received && received->again) return;
        if (!received || received->closed) {
            kill_now(steward_);
            steward_.channel = table::Descriptor();
            return;
        }
        const Message& message = received->message;
        // A new steward answers for the last good set too.
        const bool awaited = candidate_ && candidate_->sent;
        if (!awaited || message.generation != candidate_->set.generation) continue;
        if (message.kind == MessageKind::running) promote(now_ms);
        if (message.kind == MessageKind::refused) refuse_candidate(message.reason, message.text);
    }
}

// The steward vouches for it: from now on it is what everybody gets.
void Handover::promote(int64_t now_ms) {
    TableSet& next = candidate_->set;
    good_.generation = next.generation;
    good_.digests = next.digests;
    for (size_t i = 0; i < table::kSegments; ++i) {
        if (next.descriptors[i]) good_.descriptors[i] = std::move(next.descriptors[i]);
    }
    candidate_.reset();
    good_since_ms_ = now_ms;
    running_reported_ = late_reported_ = false;
    for (size_t i = 0; i < workers_.size(); ++i) deliver(i, now_ms);
    greet();
}

void Handover::refuse_candidate(Reason reason, const std::string& why) {
    const uint64_t generation = candidate_->set.generation;
    candidate_.reset();
    // A controller that has not been greeted did not publish it.
    if (!greeting_owed_) refuse(generation, reason, why);
    greet();
}

void Handover::steward_started(int64_t now_ms) {
    if (good_.generation != 0) publish(steward_.channel.get(), good_, {});
    send_candidate(now_ms);
}

// One death may have had any cause; a table over which two stewards died is taken for theirs.
void Handover::steward_died(int64_t now_ms) {
    if (!candidate_ || !candidate_->sent) return;
    if (candidate_->retried) {
        const char* const why = "two stewards died while they verified this table";
        return refuse_candidate(Reason::steward_died, why);
    }
    candidate_->retried = true;
    candidate_->sent = false;
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
}

// One publish at a time is on its way to a worker; the newest goes next.
void Handover::deliver(size_t index, int64_t now_ms) {
    Delivery& delivery = deliveries_[index];
    const Child& worker = workers_[index];
    if (!worker.channel || !delivery.answered || delivery.sent == good_.generation) return;
    if (!publish(worker.channel.get(), good_, delivery.known)) {
        delivery.again_at_ms = now_ms + settings_.clocks.redeliver_ms;
        return;
    }
    delivery.sent = good_.generation;
    delivery.known = good_.digests;
    delivery.answered = false;
    delivery.again_at_ms.reset();
}

void Handover::read_worker(size_t index, int64_t now_ms) {
    Child& worker = workers_[index];
    while (worker.channel) {
        auto received = table::receive(worker.channel.get());
        if (received && received->again) return;
        if (!received || received->closed) {
            worker.channel = table::Descriptor();
            return;
        }
        take_worker_answer(index, received->message, now_ms);
    }
}

void Handover::take_worker_answer(size_t index, const Message& answer, int64_t now_ms) {
    Delivery& delivery = deliveries_[index];
    if (answer.generation != delivery.sent) return;
    if (answer.kind == MessageKind::refused) {
        say(workers_[index].name + " cannot run generation " + std::to_string(answer.generation) +
            ": " + std::string(reason_text(answer.reason)));
        delivery.known = {};
        delivery.sent = 0;
        delivery.answered = true;
        delivery.again_at_ms = now_ms + settings_.clocks.redeliver_ms;
        return;
    }
    if (answer.kind != MessageKind::running) return;
    delivery.answered = true;
    delivery.running = answer.generation;
    deliver(index, now_ms);
    report_running();
}

void Handover::worker_started(size_t index, int64_t now_ms) {
    deliveries_[index] = {};
    if (good_.generation != 0) deliver(index, now_ms);
}

void Handover::worker_died(size_t index) {
    deliveries_[index] = {};
    report_running();
}

void Handover::report_running() {
    if (running_reported_ || greeting_owed_ || good_.generation == 0) return;
    size_t live = 0;
    for (size_t i = 0; i < workers_.size(); ++i) {
        if (!workers_[i].alive()) continue;
        if (deliveries_[i].running != good_.generation) return;
        ++live;
    }
    if (live == 0) return;
    running_reported_ = true;
    Message message;
    message.kind = MessageKind::running;
    message.generation = good_.generation;
    answer(message);
}

// Names the first worker that does not run the good set.
void Handover::report_late() {
    late_reported_ = true;
    Message message;
    message.kind = MessageKind::late;
    message.generation = good_.generation;
    const auto lagging =
        std::find_if(deliveries_.begin(), deliveries_.end(), [this](const Delivery& delivery) {
            return delivery.running != good_.generation;
        });
    message.worker = static_cast<uint16_t>(lagging - deliveries_.begin());
    answer(message);
}

void Handover::tick(int64_t now_ms) {
    if (candidate_ && now_ms >= candidate_->deadline_ms) {
        if (!candidate_->sent) return refuse_candidate(Reason::steward_died, "no steward runs");
        say("the steward does not answer: killed");
        candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
        kill_now(steward_);
    }
    const bool waited = now_ms >= good_since_ms_ + settings_.clocks.late_ms;
    const bool awaited = good_.generation != 0 && !running_reported_ && !late_reported_;
    if (awaited && waited && !greeting_owed_) report_late();
    for (size_t i = 0; i < deliveries_.size(); ++i) {
        if (!deliveries_[i].again_at_ms || now_ms < *deliveries_[i].again_at_ms) continue;
        deliveries_[i].again_at_ms.reset();
        deliver(i, now_ms);
    }
}

std::optional<int64_t> Handover::due() const {
    std::optional<int64_t> first;
    const auto consider = [&first](int64_t at) { first = std::min(first.value_or(at), at); };
    if (candidate_) consider(candidate_->deadline_ms);
    const bool awaited = good_.generation != 0 && !running_reported_ && !late_reported_;
    if (awaited && !greeting_owed_) consider(good_since_ms_ + settings_.clocks.late_ms);
    for (const Delivery& delivery : deliveries_) {
        if (delivery.again_at_ms) consider(*delivery.again_at_ms);
    }
    return first;
}

void Handover::drain() {
    Message message;
    message.kind = MessageKind::drain;
    for (const Child& worker : workers_) {
        // A worker that cannot take the word is in no state to finish anything.
        if (worker.channel && !table::send(worker.channel.get(), message)) kill_now(worker);
    }
}

}  // namespace sluice::supervisor
