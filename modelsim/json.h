// JSON text, written by hand: strings are escaped, everything else is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::modelsim {

void append_json_string(std::string& out, std::string_view text);  // with its quotes
std::string json_string(std::string_view text);

// OpenAI's error object. An empty param or code is written as null.
struct ApiError {
    int status = 400;
    std::string message;
    std::string type = "invalid_request_error";
    std::string param;
    std::string code;
};
std::string error_body(const ApiError& error);

}  // namespace sluice::modelsim
