// Paths of one host to radix nodes: a run of sorted paths is a node; what follows the text that all
// of them share divides it into its children.
#include "table/radix.h"

#include <algorithm>
#include <tuple>

namespace sluice::table {
namespace {

// Sorted entries that share their first `depth` bytes.
struct Run {
    std::span<const RadixEntry> entries;
    size_t depth;
};

// Of sorted paths the first and the last share what all share.
std::string_view label_of(const Run& run) {
    const std::string_view first = run.entries.front().path.substr(run.depth);
    const std::string_view last = run.entries.back().path.substr(run.depth);
    const auto [end, ignored] = std::ranges::mismatch(first, last);
    return first.substr(0, static_cast<size_t>(end - first.begin()));
}

// Entries from the front as long as `belongs` holds; removed from `entries`.
template <class Belongs>
std::span<const RadixEntry> take_while(std::span<const RadixEntry>& entries, Belongs belongs) {
    const auto end = std::ranges::find_if_not(entries, belongs);
    const auto count = static_cast<size_t>(end - entries.begin());
    const auto taken = entries.first(count);
    entries = entries.subspan(count);
    return taken;
}

}  // namespace

std::vector<RadixNode> make_radix(std::span<RadixEntry> entries) {
    const auto place = [](const RadixEntry& entry) {
        return std::tuple(entry.path, entry.kind, entry.match);
    };
    std::ranges::sort(entries, {}, place);
    std::vector<RadixNode> nodes;
    std::vector<Run> runs;  // of nodes[i] is runs[i]; longer than nodes while some wait
    if (!entries.empty()) runs.push_back({entries, 0});
    while (nodes.size() < runs.size()) {
        const Run run = runs[nodes.size()];
        RadixNode node{.label = label_of(run)};
        const size_t depth = run.depth + node.label.size();
        const auto ends_here = [depth](PathKind kind) {
            return [=](const RadixEntry& e) { return e.path.size() == depth && e.kind == kind; };
        };
        auto rest = run.entries;
        node.exact = take_while(rest, ends_here(PathKind::exact));
        node.prefix = take_while(rest, ends_here(PathKind::prefix));
        const size_t first_child = runs.size();
        while (!rest.empty()) {
            const char byte = rest.front().path[depth];
            const auto same = [=](const RadixEntry& e) { return e.path[depth] == byte; };
            runs.push_back({take_while(rest, same), depth});
        }
        const auto children = static_cast<uint32_t>(runs.size() - first_child);
        if (children != 0) node.children = {static_cast<uint32_t>(first_child), children};
        nodes.push_back(node);
    }
    return nodes;
}

}  // namespace sluice::table
