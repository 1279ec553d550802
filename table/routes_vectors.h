// All vectors of a routes segment, and their way into bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "table/host_order.h"
#include "table/layout.h"
#include "table/pool.h"

namespace sluice::table {

struct RoutesVectors {
    Pool pool;
    std::vector<Host> hosts;
    std::vector<uint32_t> path_buckets;
    std::vector<Path> paths;
    std::vector<uint32_t> path_order;
    std::vector<Match> matches;
    std::vector<RegexMatch> by_regex;
    std::vector<Predicate> predicates;
    std::vector<Rule> rules;
    std::vector<Conduct> conducts;
    std::vector<Split> splits;
    std::vector<Redirect> redirects;
    std::vector<Edit> edits;
    std::vector<Regex> regexes;
    std::vector<Backend> backends;
    uint32_t deepest = 0;  // elements of the deepest path

    // The memory stays: to get it anew from the kernel costs as much as to fill it.
    void clear();
    // Of the segment, never less than it will have.
    uint64_t size() const;
};

// Keeps the memory of the last segment for the next.
class RoutesWriter {
public:
    RoutesWriter();
    ~RoutesWriter();
    // The bytes are good until the next call.
    std::span<const std::byte> written(const RoutesVectors& vectors, const HostOrder& order);

private:
    class Buffer;
    std::unique_ptr<Buffer> buffer_;
};

}  // namespace sluice::table
