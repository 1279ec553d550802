// What the children inherit: made once, before the first of them, and handed to each by descriptor.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proxy/listen/listeners.h"
#include "proxy/live/mapping.h"
#include "proxy/supervisor/child.h"
#include "table/channel.h"

namespace sluice::supervisor {

struct Inheritance {
    listen::Listeners listeners;
    table::Descriptor control;  // ours alone: for the controller
    std::vector<listen::Bound> admin;
    table::Descriptor admin_socket;
    live::Mapping live;
    table::Descriptor live_memory;
    table::Descriptor log_wake;
};

// The error names the flag and what to do.
tl::expected<Inheritance, std::string> bind(const Settings& settings);

// Their descriptors are the inheritance's, which outlives them.
Child make_steward(const Settings& settings, const Inheritance& inheritance);
std::vector<Child> make_workers(const Settings& settings, const Inheritance& inheritance);

// Which exchange a dead worker was moving when it died, for people; "" = none. Total on any bytes.
std::string suspect_of(const live::Mapping& live, uint32_t worker, int64_t now_ns);

}  // namespace sluice::supervisor
