// One generation: waits for a place, for its first token, then gives a word at a time (or all at
// the end).
#pragma once

#include <memory>
#include <string>

#include "modelsim/answer.h"
#include "modelsim/http.h"
#include "modelsim/metrics.h"
#include "modelsim/openai.h"
#include "modelsim/render.h"
#include "modelsim/settings.h"
#include "modelsim/slots.h"

namespace sluice::modelsim {

class Generation final : public Answer {
public:
    struct Parts {
        const Request& http;  // outlives the answer: it is the connection's
        const Settings& settings;
        Metrics& metrics;
        std::unique_ptr<Slots::Ticket> ticket;
        Identity identity;
        GenerationRequest request;
        int64_t arrived_ns;
    };
    explicit Generation(Parts parts);
    ~Generation() override;

    Progress produce(std::string& out, int64_t now_ns) override;

private:
    int64_t due_ns(uint32_t token) const;
    void begin(int64_t now_ns);
    Progress stream(std::string& out, int64_t now_ns);
    void event(std::string& out);
    void end(int64_t now_ns);

    Parts parts_;
    int64_t step_ns_;
    int64_t first_ns_ = 0;  // when the first token is due; 0 = still queued
    int64_t last_ns_ = 0;   // when the last token left
    uint32_t sent_ = 0;
    std::string event_;  // scratch of one server-sent event
};

}  // namespace sluice::modelsim
