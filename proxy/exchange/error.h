// Reason to status code, and whether another try is lawful: the only file that makes status codes
// (design 4.10).
#pragma once

#include <cstdint>

#include "proxy/upstream/failure.h"
#include "table/reason.h"

namespace sluice::exchange {

// The answer for a reason when nothing has been sent yet. Total: unknown reasons are 500.
uint16_t status_of(Reason reason);
// "Bad Gateway" (RFC 9110 15); "" for codes we never make.
const char* phrase_of(uint16_t status);
// A sentence for people, naming the remedy where there is one.
const char* message_of(Reason reason);
// OpenAI's error.type: "invalid_request_error" for the caller's faults, else "server_error".
const char* openai_type_of(uint16_t status);

// Retry (design 10.11): lawful only when nothing of the request can have been processed, or
// repeating is harmless.
struct Attempt {
    bool idempotent = false;  // RFC 9110 9.2.2 method
    bool replayable = false;  // what was sent is still held
    uint8_t tries = 0;        // made so far
};
bool may_retry(const upstream::Failure& failure, const Attempt& attempt);

}  // namespace sluice::exchange
