// The list of waits, in the order of paths: it is short, and walked whole.
#include "controller/files/settling.h"

#include <algorithm>

namespace sluice::files {

void Settling::touch(const std::string& path, int64_t now) {
    const auto [at, fresh] = waits_.try_emplace(path, Wait{now, now + kSettle, false});
    Wait& wait = at->second;
    if (fresh) return;
    if (wait.whole) {
        // The writer goes on after all: what it leaves has to rest anew.
        wait = {now, now + kSettle, false};
        return;
    }
    wait.due = std::min(now + kSettle, wait.first + kSettleMost);
}

void Settling::believe_after(const std::string& path, int64_t now, int64_t rest) {
    waits_.try_emplace(path, Wait{now, now + rest, true});
}

std::optional<int64_t> Settling::next_due() const {
    std::optional<int64_t> next;
    for (const auto& [path, wait] : waits_) next = std::min(next.value_or(wait.due), wait.due);
    return next;
}

std::vector<Settling::Ripe> Settling::take_ripe(int64_t now) {
    std::vector<Ripe> ripe;
    for (auto at = waits_.begin(); at != waits_.end();) {
        if (at->second.due > now) {
            ++at;
            continue;
        }
        ripe.push_back({at->first, at->second.whole});
        at = waits_.erase(at);
    }
    return ripe;
}

}  // namespace sluice::files
