// One generation: waits for a place, for its first token, then gives a word at a time (or all at
// the end).
#include "modelsim/generation.h"

#include <utility>

#include "modelsim/words.h"

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerMs = 1'000'000;
using State = Answer::Progress::State;

}  // namespace

Generation::Generation(Parts parts)
    : parts_(std::move(parts)),
      step_ns_(
          parts_.settings.tokens_per_second == 0 ? 0
                                                 : kNsPerSecond / parts_.settings.tokens_per_second
      ) {
    parts_.metrics.prompt_tokens += parts_.request.prompt_tokens;
}

Generation::~Generation() {
    if (first_ns_ == 0) return;
    parts_.metrics.held_tokens -= parts_.request.prompt_tokens + parts_.request.tokens;
}

int64_t Generation::due_ns(uint32_t token) const {
    return first_ns_ + token * step_ns_;
}

void Generation::begin(int64_t now_ns) {
    first_ns_ = now_ns + parts_.settings.ttft_ms * kNsPerMs;
    parts_.metrics.queue_time.observe_ns(now_ns - parts_.arrived_ns);
    parts_.metrics.held_tokens += parts_.request.prompt_tokens + parts_.request.tokens;
}

Answer::Progress Generation::produce(std::string& out, int64_t now_ns) {
    if (!parts_.ticket->running()) return {State::wait};
    if (first_ns_ == 0) begin(now_ns);
    if (now_ns < first_ns_) return {State::wait, first_ns_};
    if (parts_.request.stream) return stream(out, now_ns);

    const int64_t complete_ns = due_ns(parts_.request.tokens - 1);
    if (now_ns < complete_ns) return {State::wait, complete_ns};
    parts_.metrics.first_token.observe_ns(first_ns_ - parts_.arrived_ns);
    parts_.metrics.generation_tokens += parts_.request.tokens;
    append_answer(
        out,
        parts_.http,
        {.pod = parts_.identity.pod},
        generation_body(parts_.identity, parts_.request)
    );
    end(now_ns);
    return {State::done};
}

Answer::Progress Generation::stream(std::string& out, int64_t now_ns) {
    const bool usage = parts_.request.include_usage;
    if (sent_ == 0) {
        parts_.metrics.first_token.observe_ns(now_ns - parts_.arrived_ns);
        last_ns_ = now_ns;
        append_stream_head(
            out,
            parts_.http,
            {.type = "text/event-stream; charset=utf-8",
             .pod = parts_.identity.pod,
             .extra = "cache-control: no-cache\r\n"}
        );
        append_role_event(event_, parts_.identity, usage);
        event(out);
    }
    while (sent_ < parts_.request.tokens) {
        if (due_ns(sent_) > now_ns) return {State::wait, due_ns(sent_)};
        if (out.size() >= kHeldBytes) return {State::more};
        append_word_event(event_, parts_.identity, word(parts_.request.seed, sent_), usage);
        event(out);
        if (sent_ > 0) parts_.metrics.inter_token.observe_ns(now_ns - last_ns_);
        last_ns_ = now_ns;
        ++sent_;
        ++parts_.metrics.generation_tokens;
    }
    append_finish_event(event_, parts_.identity, parts_.request.cut, usage);
    event(out);
    if (usage) {
        append_usage_event(event_, parts_.identity, parts_.request);
        event(out);
    }
    event_ = kDoneEvent;
    event(out);
    append_last_chunk(out, parts_.http);
    end(now_ns);
    return {State::done};
}

void Generation::event(std::string& out) {
    append_chunk(out, parts_.http, event_);
    event_.clear();
}

void Generation::end(int64_t now_ns) {
    ++(parts_.request.cut ? parts_.metrics.finished_length : parts_.metrics.finished_stop);
    parts_.metrics.whole_request.observe_ns(now_ns - parts_.arrived_ns);
}

}  // namespace sluice::modelsim
