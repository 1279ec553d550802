// The /snapshot page: this pod's numbers for its peers, as compact JSON (docs/metrics.md has the
// format). Slots go by their identities, which all pods share, so pods can be summed. No names, no
// secrets.
#pragma once

#include "proxy/steward/metrics.h"
#include "proxy/steward/page.h"

namespace sluice::steward {

inline constexpr uint64_t kSnapshotVersion = 1;  // another one: another format

Response snapshot_page(const Sources& sources);

}  // namespace sluice::steward
