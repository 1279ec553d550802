// Listening sockets: for clients one set per worker, all bound to the same addresses by
// SO_REUSEPORT; for admin clients one socket an address. Errors name the flag, the address and what
// to do.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "table/channel.h"

namespace sluice::listen {

// An address as people wrote it, and the flag that they wrote it behind.
struct Wanted {
    std::string flag;
    std::string address;  // "127.0.0.1:8080", "[::]:8080"; port 0 = from the kernel
};

struct Listeners {
    std::vector<std::vector<table::Descriptor>> sockets;  // [worker][address]
    std::vector<std::string> addresses;                   // as bound: a port 0 became a real one
};

// An address that another program listens on is refused, although the kernel would let programs of
// one user share it.
tl::expected<Listeners, std::string> bind_all(const std::vector<Wanted>& wanted, uint32_t workers);

// Every worker holds every worker's listeners: takes as many descriptors as we may have.
void raise_descriptor_limit();

struct Bound {
    table::Descriptor socket;  // non-blocking, listening
    std::string address;       // as bound
};
tl::expected<Bound, std::string> bind_one(const Wanted& wanted);

// Whether the text is an address at all: the first half of bind_one(), without a socket.
tl::expected<void, std::string> check(const Wanted& wanted);

}  // namespace sluice::listen
