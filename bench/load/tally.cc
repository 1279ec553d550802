// What the streams of one round saw, and its line of JSON.
#include "bench/load/tally.h"

#include <algorithm>

namespace sluice::bench {

void Tally::event(int64_t delay_ns, bool merged) {
    constexpr int64_t kNsPerUs = 1000;
    const auto us = static_cast<size_t>(std::max<int64_t>(0, delay_ns / kNsPerUs));
    ++by_us_[std::min(us, kLongestUs)];
    ++events_;
    if (merged) ++merged_;
}

void Tally::clear() {
    std::fill(by_us_.begin(), by_us_.end(), 0);
    events_ = merged_ = 0;
}

std::string Tally::json() const {
    std::string out = "{\"events\":" + std::to_string(events_) +
                      ",\"merged\":" + std::to_string(merged_) +
                      ",\"errors\":" + std::to_string(errors_) + ",\"delays_us\":[";
    for (size_t us = 0; us < by_us_.size(); ++us) {
        if (by_us_[us] == 0) continue;
        if (out.back() != '[') out += ',';
        out += '[' + std::to_string(us) + ',' + std::to_string(by_us_[us]) + ']';
    }
    return out + "]}";
}

}  // namespace sluice::bench
