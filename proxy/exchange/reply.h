// Answers that we make ourselves: refusals in the shape that the caller's API expects (OpenAI's
// error object on AI paths, RFC 9457 elsewhere) and redirects. Plain steps; the exchange sends them
// like any other answer.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/exchange/downstream.h"
#include "table/reason.h"

namespace sluice::exchange {

// True for the paths of known AI APIs (OpenAI, Anthropic, KServe, TensorFlow Serving).
bool is_ai_path(std::string_view path);

struct Refusal {
    Reason reason = Reason::internal;
    bool ai = false;              // OpenAI's shape
    std::string_view detail;      // replaces the reason's sentence; plain text
    std::string_view request_id;  // "" when the request has none yet
    std::string_view location;    // redirects
    uint16_t status = 0;          // 0: status_of(reason)
    uint8_t retry_after_s = 1;    // said with 503
    bool close = false;
};

// Stages head and body; afterwards the client only has to be flushed. False: no room, the
// connection must go. `head` is scratch for the response head.
bool stage_refusal(Downstream& client, const Refusal& refusal, http::ResponseHead& head);

}  // namespace sluice::exchange
