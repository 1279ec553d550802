// The difference between what held and what holds.
#include "controller/loop/news.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sluice::loop {

News::Change News::update(std::set<std::string> lines) {
    Change change;
    std::set_difference(
        lines.begin(), lines.end(), known_.begin(), known_.end(), std::back_inserter(change.begun)
    );
    std::set_difference(
        known_.begin(), known_.end(), lines.begin(), lines.end(), std::back_inserter(change.over)
    );
    known_ = std::move(lines);
    return change;
}

}  // namespace sluice::loop
