// The controller's log: one line per event on standard error, key=value.
#pragma once

#include <string>
#include <string_view>

namespace sluice::loop {

// `level`: trace, debug, info, warn, error, off.
void set_up_log(const std::string& level);

// A value for a log line: in quotes, with quotes, backslashes and control bytes escaped, so that no
// object's text can forge a line.
std::string quoted(std::string_view text);

}  // namespace sluice::loop
