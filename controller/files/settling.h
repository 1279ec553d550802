// Which files are looked at again, and when: their writer rests, or they were absent and may be on
// their way back. No I/O; the times are the caller's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::files {

inline constexpr int64_t kMillisecond = 1'000'000;
// How long a file rests after a write without a close, and how long an absent one may be on its way
// back (editors rename the old file away before they write the new one).
inline constexpr int64_t kSettle = 100 * kMillisecond;
// A writer that never pauses is read this long after its first write.
inline constexpr int64_t kSettleMost = 1000 * kMillisecond;
// What would replace served objects waits for its writer's close, or for so long a rest: a program
// may cut a file without ever closing it (truncate(2)), or a writer hang.
inline constexpr int64_t kUnclosed = 60'000 * kMillisecond;

class Settling {
public:
    struct Ripe {
        std::string path;
        bool whole = false;  // its content may be believed whatever it is
    };

    // Something happened to the file that may go on.
    void touch(const std::string& path, int64_t now);
    // What stands there now is believed when it still stands there after so long a rest.
    void believe_after(const std::string& path, int64_t now, int64_t rest);
    void drop(const std::string& path) { waits_.erase(path); }
    bool contains(const std::string& path) const { return waits_.contains(path); }

    std::optional<int64_t> next_due() const;
    // Those whose time has come; they are forgotten here.
    std::vector<Ripe> take_ripe(int64_t now);

private:
    struct Wait {
        int64_t first = 0;
        int64_t due = 0;
        bool whole = false;
    };
    std::map<std::string, Wait> waits_;
};

}  // namespace sluice::files
