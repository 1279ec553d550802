// What the controller is told on its command line.
#pragma once

#include <string>
#include <vector>

#include "controller/compile/compile.h"

namespace sluice::loop {

struct Settings {
    std::vector<std::string> files;  // directories or files of manifests
    std::string proxy_socket;        // the supervisor listens here
    std::string admin_socket;        // we listen here
    std::string log_level = "info";  // trace, debug, info, warn, error, off
    compile::Options options;
};

}  // namespace sluice::loop
