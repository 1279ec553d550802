// What a process gives up before it touches anything from outside: privileges, core dumps, and the
// system calls that it has no use for. Called once, before the first thread; nothing is given back.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace sluice::confine {

// A worker keeps TCP sockets, the descriptors that it has, memory and clocks, and may open files to
// read. Everything else, a thread or a copy of itself too, fails with EPERM; starting a program or
// tracing one kills it.
//
// The error says why there is no system call filter; all else was given up even so.
tl::expected<void, std::string> worker();

// The steward keeps threads, files and sockets of the internet and of this machine; it loses what a
// program takes a machine over with.
tl::expected<void, std::string> steward();

}  // namespace sluice::confine
