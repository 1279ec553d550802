// Compares creation times as text and breaks ties by names.
#include "controller/compile/age.h"

namespace sluice::compile {
namespace {

// Without the zone, "10:00:00" sorts before "10:00:00.5" as it should; with it, 'Z' sorts behind
// '.'.
std::string_view without_zone(std::string_view time) {
    return time.ends_with('Z') ? time.substr(0, time.size() - 1) : time;
}

}  // namespace

std::strong_ordering compare_ages(std::string_view a, std::string_view b) {
    if (a.empty() != b.empty()) {
        return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
    }
    return without_zone(a) <=> without_zone(b);
}

std::strong_ordering Precedence::operator<=>(const Precedence& other) const {
    const auto by_age = compare_ages(meta->creation_timestamp, other.meta->creation_timestamp);
    if (by_age != 0) return by_age;
    if (const auto order = meta->ns <=> other.meta->ns; order != 0) return order;
    if (const auto order = meta->name <=> other.meta->name; order != 0) return order;
    if (const auto order = meta->uid <=> other.meta->uid; order != 0) return order;
    return kind <=> other.kind;
}

std::string_view why_first(const Precedence& winner, const Precedence& loser) {
    if (winner.kind == loser.kind && winner.meta == loser.meta) {
        return "which stands earlier in the same object";
    }
    const auto by_age =
        compare_ages(winner.meta->creation_timestamp, loser.meta->creation_timestamp);
    if (by_age < 0) return "which is older";
    const bool names_differ =
        winner.meta->ns != loser.meta->ns || winner.meta->name != loser.meta->name;
    if (names_differ) return "which is as old and comes first by namespace and name";
    return "which is as old and bears the same name";
}

}  // namespace sluice::compile
