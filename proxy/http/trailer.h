// The trailer section of one chunked message: collects a line at a time, holds it against the gate,
// and keeps what RFC 9110 6.5.1 lets a trailer carry. Private to proxy/http.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "table/limits.h"
#include "table/reason.h"

namespace sluice::http {

class TrailerSection {
public:
    // A byte of a line, CR included; then end_line() when its LF came.
    Reason add(char c);
    Reason end_line();
    std::string_view kept() const { return {bytes_.data(), kept_}; }

private:
    std::array<char, limits::kTrailerBytes> bytes_;  // kept lines, then the line that is being read
    size_t kept_ = 0;
    size_t line_ = 0;      // bytes of that line
    size_t received_ = 0;  // of all lines, kept or not
    size_t fields_ = 0;
};

}  // namespace sluice::http
