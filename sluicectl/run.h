// `sluicectl run`: controller, proxy and, on demand, simulated model servers on this machine,
// watched until Ctrl-C.
#pragma once

#include <string>
#include <vector>

#include "controller/compile/compile.h"

namespace sluice::ctl {

struct RunSettings {
    std::vector<std::string> paths;
    std::string listen = "127.0.0.1:8080";
    std::string state_dir;  // "" = a temporary one, removed at the end
    std::string programs;   // the directory of sluice-controller, sluice-proxy and modelsim
    bool simulate = false;
    unsigned workers = 1;
    std::string access_log = "off";       // as sluice-proxy takes it
    unsigned sim_ttft_ms = 150;           // the simulated servers' time to first token
    unsigned sim_tokens_per_second = 40;  // and speed; 0 = all at once
    compile::Options options;
};

// Returns the exit code: 0 after a signal, 1 when it could not start.
int run(const RunSettings& settings);

}  // namespace sluice::ctl
