// What the streams of one round saw, and its line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

class Tally {
public:
    // One event: its time on the way, and whether it came in one read with the one before it.
    void event(int64_t delay_ns, bool merged);
    void error() { ++errors_; }

    uint64_t errors() const { return errors_; }
    void clear();  // all but the errors: those of the beginning count too

    // {"events":N,"merged":N,"errors":N,"delays_us":[[us,count],…]}; the last possible delay
    // stands for all that are longer.
    std::string json() const;

private:
    static constexpr size_t kLongestUs = 1'000'000;

    std::vector<uint32_t> by_us_ = std::vector<uint32_t>(kLongestUs + 1);
    uint64_t events_ = 0;
    uint64_t merged_ = 0;
    uint64_t errors_ = 0;
};

}  // namespace sluice::bench
