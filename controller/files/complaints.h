// What is wrong with places rather than with their text: what cannot be found, listed or watched.
// No I/O.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/model/meta.h"

namespace sluice::files {

class Complaints {
public:
    // All that is said by this root, directory or file from now on.
    void set(const std::string& by, std::vector<model::Problem> problems);
    void set(const std::string& by, std::string message);
    void clear(const std::string& by) { lists_.erase(by); }
    // The file is gone: what it said, and what a walk over a directory above it said of it.
    void forgive(const std::string& file);
    // In the order of paths, as far as the report has room.
    void append_to(std::vector<model::Problem>& report) const;

private:
    std::map<std::string, std::vector<model::Problem>> lists_;
};

}  // namespace sluice::files
