// Counts of keys.
#include "controller/compile/memo.h"

namespace sluice::compile {

void KeyCounts::add(const table::Key128& key) {
    ++rules_;
    if (++counts_[key] == 2) ++shared_;
}

void KeyCounts::remove(const table::Key128& key) {
    const auto at = counts_.find(key);
    --rules_;
    if (--at->second == 1) --shared_;
    if (at->second == 0) counts_.erase(at);
}

}  // namespace sluice::compile
