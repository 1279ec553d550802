// Places where a test build can be told to die: before, between and after the journal's writes.
// Elsewhere a kill point is nothing. SLUICE_KILL_AT="name:N" makes the Nth call of that name in a
// process raise SIGKILL.
#pragma once

#include <array>
#include <string_view>
#ifdef SLUICE_INSTRUMENTED
#include <csignal>
#include <cstdlib>
#endif

namespace sluice::live {

inline constexpr std::array<std::string_view, 21> kKillPoints{
    "journal.open.before",   "journal.open.between", "journal.open.after",
    "journal.close.before",  "journal.close.after",  "journal.route.before",
    "journal.route.between", "journal.route.after",  "journal.lease.before",
    "journal.lease.between", "journal.lease.after",  "journal.release.before",
    "journal.release.after", "journal.claim.before", "journal.claim.cleared",
    "journal.claim.between", "journal.claim.after",  "journal.phase.before",
    "journal.phase.after",   "journal.enter.before", "journal.enter.after",
};

// A name of the list; any other does not compile.
class KillPoint {
public:
    consteval KillPoint(const char* name) : name_(name) {
        bool listed = false;
        for (const std::string_view each : kKillPoints) listed = listed || each == name_;
        if (!listed) throw "not in kKillPoints";
    }
    constexpr std::string_view name() const { return name_; }

private:
    std::string_view name_;
};

#ifdef SLUICE_INSTRUMENTED
inline void kill_point(KillPoint point) {
    // Read anew each time: a forked test sets it long after the first call.
    const char* const wanted = std::getenv("SLUICE_KILL_AT");
    if (wanted == nullptr) return;
    const std::string_view text(wanted);
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.substr(0, colon) != point.name()) return;
    static unsigned long calls = 0;
    if (++calls == std::strtoul(wanted + colon + 1, nullptr, 10)) std::raise(SIGKILL);
}
#else
inline void kill_point(KillPoint) {}
#endif

}  // namespace sluice::live
