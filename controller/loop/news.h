// Says a thing once: when it begins to hold and when it is over, not each time it is looked at. No
// I/O.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace sluice::loop {

class News {
public:
    struct Change {
        std::vector<std::string> begun;
        std::vector<std::string> over;
    };

    // `lines` is all that holds now.
    Change update(std::set<std::string> lines);

private:
    std::set<std::string> known_;
};

}  // namespace sluice::loop
