// One look-up a use.
#include "controller/compile/places.h"

namespace sluice::compile {

void Places::add(const BackendPtr& backend) {
    const auto known = by_key_.find(backend->key);
    if (known != by_key_.end()) {
        const std::string& name = known->second->name;
        if (name == backend->name) return;
        unplaced_[backend.get()] = {
            Reason::key_collision,
            "has the same 64-bit key as " + name + ": rename the Service or the port"
        };
        return;
    }
    if (backends_.size() >= cap_) {
        unplaced_[backend.get()] = {
            Reason::too_many_objects,
            "is one too many: a table holds " + std::to_string(cap_) + " backends"
        };
        return;
    }
    by_key_.emplace(backend->key, backend.get());
    backends_.push_back(backend);
}

const Unplaced* Places::why_unplaced(const Backend* backend) const {
    const auto at = unplaced_.find(backend);
    return at == unplaced_.end() ? nullptr : &at->second;
}

}  // namespace sluice::compile
