// The few lines that `sluicectl run` ends its start with: where the gateway is, what it serves,
// what to paste. Only what was accepted is named. Pure.
#pragma once

#include <string>
#include <vector>

#include "controller/compile/compile.h"
#include "controller/model/snapshot.h"

namespace sluice::ctl {

std::string start_block(
    const model::Snapshot& snapshot,
    const compile::Compiled& compiled,
    const std::string& gateway,  // "127.0.0.1:8080", as a client dials it
    const std::vector<std::string>& paths
);

// An address to dial for one to listen on: the wildcard becomes loopback.
std::string dialable(const std::string& listening);

}  // namespace sluice::ctl
