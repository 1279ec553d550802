// The controller's first process: starts its one child again when it crashes, and passes signals
// on. It reads no input, so it has nothing to die of.
#pragma once

#include <cstdint>
#include <functional>

namespace sluice::loop {

// Exit code of work that cannot start: starting it again would not help.
inline constexpr int kCannotStart = 2;

// How long to wait after `crashes` in a row: 100 ms, doubled, at most 5 s.
int64_t keeper_pause_ms(unsigned crashes);

// Runs `work` in a child process. Its exit codes 0 and kCannotStart become ours; after anything
// else it is started again. SIGTERM and SIGINT are passed on, and end a pause; SIGHUP
// means nothing to either process: files are watched, and a terminal may go away.
int keep(const std::function<int()>& work);

}  // namespace sluice::loop
