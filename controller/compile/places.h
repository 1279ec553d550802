// Which backends get a place in the table: those that admitted rules use, in the order of first
// use, while there is room and no other has their key.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/compile/backends.h"

namespace sluice::compile {

// Why a backend has no place.
struct Unplaced {
    Reason reason;
    std::string message;  // follows the name of the share
};

class Places {
public:
    explicit Places(size_t cap) : cap_(cap) {}

    void add(const BackendPtr& backend);

    const std::vector<BackendPtr>& backends() const { return backends_; }
    bool any_unplaced() const { return !unplaced_.empty(); }
    // Null: it has a place.
    const Unplaced* why_unplaced(const Backend* backend) const;

private:
    size_t cap_;
    std::vector<BackendPtr> backends_;
    std::unordered_map<table::Key64, const Backend*> by_key_;
    std::unordered_map<const Backend*, Unplaced> unplaced_;
};

}  // namespace sluice::compile
