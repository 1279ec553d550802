// The one process of the proxy that does what a pod needs once. In this version: verifies tables
// and answers. If it dies traffic goes on and the supervisor restarts it.
#pragma once

namespace sluice::steward {

struct Settings {
    int channel = -1;  // SOCK_SEQPACKET to the supervisor
};

// Runs until the channel closes; returns the process's exit code.
int run(const Settings& settings);

}  // namespace sluice::steward
