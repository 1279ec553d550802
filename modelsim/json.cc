// JSON text, written by hand: strings are escaped, everything else is the caller's.
#include "modelsim/json.h"

#include <cstdio>

namespace sluice::modelsim {
namespace {

std::string string_or_null(std::string_view text) {
    return text.empty() ? "null" : json_string(text);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string error_body(const ApiError& error) {
    return "{\"error\":{\"message\":" + json_string(error.message) +
           ",\"type\":" + json_string(error.type) + ",\"param\":" + string_or_null(error.param) +
           ",\"code\":" + string_or_null(error.code) + "}}";
}

}  // namespace sluice::modelsim
