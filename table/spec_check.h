// Whether a spec keeps the limits and forms of a table, before any byte is written.
#pragma once

#include <optional>

#include "table/builder.h"
#include "table/spec.h"

namespace sluice::table {

// The message names the first field that does not, as "hosts[3].matches[0].path". Hosts that appear
// twice and keys that collide are the builder's to find, who sorts them anyway.
std::optional<BuildError> why_refused(const RoutesSpec& spec);
std::optional<BuildError> why_refused(const EndpointsSpec& spec);
// Parts by themselves; that a host's parts are in the table is the builder's to find.
std::optional<BuildError> why_refused(const RulesPart& part);
std::optional<BuildError> why_refused(const HostPart& part);

}  // namespace sluice::table
