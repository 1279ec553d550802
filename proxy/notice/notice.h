// Sentences for people on standard error, from processes that must not wait for whoever reads them.
#pragma once

#include <string>

namespace sluice::notice {

// One line, with the program's name before it. Not where it would wait: whoever gave us a pipe and
// stopped reading it loses sentences, not a pod that restarts its workers and obeys its signals.
void say(const std::string& line);

}  // namespace sluice::notice
