// The state of the hand-over, moved by messages and clocks.
#include "proxy/handover/handover.h"

#include <algorithm>
#include <utility>

namespace sluice::handover {
namespace {

using table::Message;
using table::MessageKind;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kAcceptPauseMs = 100;
constexpr uint8_t kPublished = (1U << table::kPublishedSegments) - 1;

}  // namespace

Handover::Handover(
    const Settings& settings, Process& steward, Workers workers, live::PodRecord& pod
)
    : settings_(settings),
      steward_(steward),
      workers_(std::move(workers)),
      pod_(pod),
      deliveries_(workers_.size()),
      restore_awaited_(settings.restores) {}

void Handover::accept(int listener, int64_t now_ms) {
    auto controller = table::accept_from(listener);
    if (!controller) {
        accept_again_ms_ = now_ms + kAcceptPauseMs;
        return say("a controller is turned away: " + controller.error().message);
    }
    if (!*controller) return;
    controller_ = std::move(*controller);
    pod_.controller = 1;
    greeting_owed_ = true;
    running_reported_ = late_reported_ = false;
    good_since_ms_ = now_ms;
    greet(now_ms);
}

void Handover::hang_up() {
    controller_ = table::Descriptor();
    pod_.controller = 0;
}

// Not while the steward is at work: hello says what runs, and that is about to change.
bool Handover::may_greet() const {
    return greeting_owed_ && controller_ && !candidate_ && !restore_awaited_;
}

void Handover::greet(int64_t now_ms) {
    if (!may_greet()) return;
    greeting_owed_ = false;
    table::Digests published = good_.digests;
    for (size_t i = table::kPublishedSegments; i < table::kSegments; ++i) published[i] = 0;
    answer(table::hello(settings_.build, highest_, published));
    report_running(now_ms);
}

void Handover::answer(const Message& message) {
    if (controller_ && !table::send(controller_.get(), message)) hang_up();
}

void Handover::count_refusal(Reason reason) {
    ++pod_.refused;
    const auto cell = static_cast<size_t>(reason);
    if (cell < pod_.refusals.size()) ++pod_.refusals[cell];
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
            return hang_up();
        }
        take_publish(std::move(*received), now_ms);
    }
}

void Handover::take_publish(table::Received received, int64_t now_ms) {
    const Message& message = received.message;
    const auto turn_away = [&](Reason reason, const std::string& why) {
        count_refusal(reason);
        refuse(message.generation, reason, why);
    };
    if (message.generation <= highest_) {
        const std::string newest = std::to_string(highest_);
        return turn_away(Reason::generation_stale, newest + " was taken already");
    }
    if ((message.segments & ~kPublished) != 0) {
        return turn_away(Reason::message_malformed, "slots are the steward's to say");
    }
    if (candidate_) return turn_away(Reason::message_malformed, "another generation is in flight");
    highest_ = message.generation;
    ++pod_.published;
    candidate_.emplace();
    candidate_->set.generation = message.generation;
    for (size_t i = 0; i < table::kPublishedSegments; ++i) {
        candidate_->set.digests[i] = message.digests[i];
    }
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
    take_descriptors(candidate_->set, received);
    send_candidate(now_ms);
}

// Waits for the next steward when there is none.
void Handover::send_candidate(int64_t now_ms) {
    if (!candidate_ || candidate_->sent || !steward_.alive()) return;
    candidate_->sent = true;
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
    publish(steward_.channel.get(), candidate_->set, kPublished);
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
        take_steward_answer(std::move(*received), now_ms);
    }
}

void Handover::take_steward_answer(table::Received received, int64_t now_ms) {
    const Message& message = received.message;
    if (message.kind == MessageKind::restored) restore(std::move(received), now_ms);
    if (message.kind == MessageKind::restored || message.kind == MessageKind::heartbeat) {
        restore_awaited_ = false;
        return greet(now_ms);
    }
    // A new steward answers for the last good set too.
    const bool awaited = candidate_ && candidate_->sent;
    if (!awaited || message.generation != candidate_->set.generation) return;
    if (message.kind == MessageKind::refused) {
        refuse_candidate(message.reason, message.text);
        greet(now_ms);
    } else if (message.kind == MessageKind::running) {
        promote(std::move(received), now_ms);
    }
}

// The steward vouches for it: from now on it is what everybody gets. The slots of what changed came
// with the answer; without them the old ones would number other bytes.
void Handover::promote(table::Received answer, int64_t now_ms) {
    TableSet& next = candidate_->set;
    TableSet slots;
    take_descriptors(slots, answer);
    for (size_t i = 0; i < table::kPublishedSegments; ++i) {
        good_.digests[i] = next.digests[i];
        // Neither new nor gone.
        if (!next.descriptors[i] && next.digests[i] != 0) continue;
        good_.descriptors[i] = std::move(next.descriptors[i]);
        const size_t numbers = slots_of(i);
        if (numbers == table::kSegments) continue;
        good_.digests[numbers] = answer.message.digests[numbers];
        good_.descriptors[numbers] = std::move(slots.descriptors[numbers]);
    }
    good_.generation = next.generation;
    candidate_.reset();
    spread(now_ms);
    greet(now_ms);
}

// What a steward found in the last good copy counts only as long as nobody knows better.
void Handover::restore(table::Received restored, int64_t now_ms) {
    const bool greeted = controller_ && !greeting_owed_;
    if (greeted || highest_ != 0 || restored.message.generation == 0) return;
    highest_ = good_.generation = restored.message.generation;
    good_.digests = restored.message.digests;
    take_descriptors(good_, restored);
    say("generation " + std::to_string(highest_) + " is back from the last good copy");
    spread(now_ms);
}

// The good set is a new one.
void Handover::spread(int64_t now_ms) {
    good_since_ms_ = now_ms;
    pod_.generation = good_.generation;
    pod_.good_since_ns = static_cast<uint64_t>(now_ms * kNsPerMs);
    pod_.running_since_ns = 0;
    running_reported_ = late_reported_ = false;
    for (size_t i = 0; i < workers_.size(); ++i) deliver(i, now_ms);
}

void Handover::refuse_candidate(Reason reason, const std::string& why) {
    const uint64_t generation = candidate_->set.generation;
    candidate_.reset();
    count_refusal(reason);
    // A controller that has not been greeted did not publish it.
    if (!greeting_owed_) refuse(generation, reason, why);
}

void Handover::steward_started(int64_t now_ms) {
    if (restore_awaited_ && !restore_due_) restore_due_ = now_ms + settings_.clocks.restore_ms;
    if (good_.generation != 0) publish(steward_.channel.get(), good_, kPublished);
    send_candidate(now_ms);
}

// One death may have had any cause; a table over which two stewards died is taken for theirs.
void Handover::steward_died(int64_t now_ms) {
    if (!candidate_ || !candidate_->sent) return;
    if (candidate_->retried) {
        refuse_candidate(Reason::steward_died, "two stewards died while they verified this table");
        return greet(now_ms);
    }
    candidate_->retried = true;
    candidate_->sent = false;
    candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
}

// One publish at a time is on its way to a worker; the newest goes next.
void Handover::deliver(size_t index, int64_t now_ms) {
    Delivery& delivery = deliveries_[index];
    const Process& worker = workers_[index];
    if (!worker.channel || !delivery.answered || delivery.sent == good_.generation) return;
    if (!publish(worker.channel.get(), good_, unknown_to(delivery.known, good_))) {
        delivery.again_at_ms = now_ms + settings_.clocks.redeliver_ms;
        return;
    }
    delivery.sent = good_.generation;
    delivery.known = good_.digests;
    delivery.answered = false;
    delivery.again_at_ms.reset();
}

void Handover::read_worker(size_t index, int64_t now_ms) {
    Process& worker = workers_[index];
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
        say(workers_[index].get().name + " cannot run generation " +
            std::to_string(answer.generation) + ": " + std::string(reason_text(answer.reason)));
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
    report_running(now_ms);
}

void Handover::worker_started(size_t index, int64_t now_ms) {
    deliveries_[index] = {};
    if (good_.generation != 0) deliver(index, now_ms);
}

void Handover::worker_died(size_t index, int64_t now_ms) {
    deliveries_[index] = {};
    report_running(now_ms);
}

bool Handover::all_run() const {
    size_t live = 0;
    for (size_t i = 0; i < workers_.size(); ++i) {
        if (!workers_[i].get().alive()) continue;
        if (deliveries_[i].running != good_.generation) return false;
        ++live;
    }
    return live != 0 && good_.generation != 0;
}

void Handover::report_running(int64_t now_ms) {
    if (!all_run()) return;
    if (pod_.running_since_ns == 0) {
        pod_.running_since_ns = static_cast<uint64_t>(now_ms * kNsPerMs);
    }
    if (running_reported_ || greeting_owed_) return;
    running_reported_ = true;
    Message message;
    message.kind = MessageKind::running;
    message.generation = good_.generation;
    answer(message);
}

bool Handover::late_is_owed() const {
    return good_.generation != 0 && !running_reported_ && !late_reported_ && !greeting_owed_;
}

// Names the first worker that does not run the good set.
void Handover::report_late() {
    late_reported_ = true;
    ++pod_.late;
    Message message;
    message.kind = MessageKind::late;
    message.generation = good_.generation;
    // One that lives holds the table up; one that is dead only when nobody else does.
    size_t lagging = workers_.size();
    for (size_t i = workers_.size(); i-- > 0;) {
        if (deliveries_[i].running == good_.generation) continue;
        const bool dead_for_living = lagging < workers_.size() && workers_[lagging].get().alive() &&
                                     !workers_[i].get().alive();
        if (!dead_for_living) lagging = i;
    }
    message.worker = static_cast<uint16_t>(lagging);
    answer(message);
}

void Handover::tick(int64_t now_ms) {
    if (accept_again_ms_ && now_ms >= *accept_again_ms_) accept_again_ms_.reset();
    if (candidate_ && now_ms >= candidate_->deadline_ms) {
        if (!candidate_->sent) {
            refuse_candidate(Reason::steward_died, "no steward runs");
            return greet(now_ms);
        }
        say("the steward does not answer: killed");
        candidate_->deadline_ms = now_ms + settings_.clocks.verify_ms;
        kill_now(steward_);
    }
    if (restore_awaited_ && restore_due_ && now_ms >= *restore_due_) {
        restore_awaited_ = false;
        greet(now_ms);
    }
    if (late_is_owed() && now_ms >= good_since_ms_ + settings_.clocks.late_ms) report_late();
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
    if (restore_awaited_ && restore_due_) consider(*restore_due_);
    if (accept_again_ms_) consider(*accept_again_ms_);
    if (late_is_owed()) consider(good_since_ms_ + settings_.clocks.late_ms);
    for (const Delivery& delivery : deliveries_) {
        if (delivery.again_at_ms) consider(*delivery.again_at_ms);
    }
    return first;
}

void Handover::drain() {
    Message message;
    message.kind = MessageKind::drain;
    for (const Process& worker : workers_) {
        // A worker that cannot take the word is in no state to finish anything.
        if (worker.channel && !table::send(worker.channel.get(), message)) kill_now(worker);
    }
}

}  // namespace sluice::handover
