// Listening sockets: one set per worker, all bound to the same addresses by SO_REUSEPORT.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "table/channel.h"

namespace sluice::supervisor {

struct Listeners {
    std::vector<std::vector<table::Descriptor>> sockets;  // [worker][address]
    std::vector<std::string> addresses;                   // as bound: a port 0 became a real one
};

// Errors name the address and what to do. An address that another program listens on is refused,
// although the kernel would let programs of one user share it.
tl::expected<Listeners, std::string> bind_all(
    const std::vector<std::string>& addresses, uint32_t workers
);

}  // namespace sluice::supervisor
