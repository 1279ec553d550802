// Quantities, limits out of the cgroup file systems, and their division.
#include "proxy/options/memory.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "proxy/options/cgroup.h"
#include "table/limits.h"

namespace sluice::options {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 63;
// v1 says "no limit" by the largest multiple of a page.
constexpr uint64_t kNoLimit = uint64_t{1} << 62;

struct Suffix {
    std::string_view text;
    uint64_t bytes;
};
constexpr std::array<Suffix, 9> kSuffixes{{
    {"", 1},
    {"k", 1'000},
    {"M", 1'000'000},
    {"G", 1'000'000'000},
    {"T", 1'000'000'000'000},
    {"Ki", uint64_t{1} << 10},
    {"Mi", uint64_t{1} << 20},
    {"Gi", uint64_t{1} << 30},
    {"Ti", uint64_t{1} << 40},
}};

// Lowers `limit` to that of any folder on the way up whose `file` has a smaller one.
void lower(
    MemoryLimit& limit, const std::string& mount, const std::string& path, const char* file
) {
    upwards(mount, path, [&](const std::string& folder) {
        const auto here = limit_of(contents(folder + file));
        if (here && (limit.bytes == 0 || *here < limit.bytes)) limit = {*here, folder, *here};
    });
}

uint64_t reserve_of(uint64_t limit) {
    constexpr uint64_t kPart = 8;
    return std::max<uint64_t>(limits::kPodReserveBytes, limit / kPart);
}

}  // namespace

std::optional<uint64_t> bytes_of(std::string_view text) {
    uint64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    for (const Suffix& suffix : kSuffixes) {
        if (text != suffix.text) continue;
        if (number > kMostBytes / suffix.bytes) return std::nullopt;
        return number * suffix.bytes;
    }
    return std::nullopt;
}

std::optional<uint64_t> limit_of(std::string_view text) {
    const size_t end = text.find_last_not_of(" \n");
    const auto bytes = bytes_of(text.substr(0, end == text.npos ? 0 : end + 1));
    if (!bytes || *bytes == 0 || *bytes >= kNoLimit) return std::nullopt;  // "max", or no such file
    return bytes;
}

MemoryLimit container_limit() {
    const std::string groups = contents("/proc/self/cgroup");
    MemoryLimit limit;
    if (const auto path = cgroup_of(groups, "")) {
        lower(limit, "/sys/fs/cgroup", *path, "/memory.max");
    }
    if (const auto path = cgroup_of(groups, "memory")) {
        lower(limit, "/sys/fs/cgroup/memory", *path, "/memory.limit_in_bytes");
    }
    return limit;
}

MemoryLimit memory_limit(std::string_view said, const MemoryLimit& container) {
    if (said == "none") return {};
    MemoryLimit limit = container;
    const uint64_t bytes = said.empty() ? 0 : *bytes_of(said);
    if (bytes != 0 && (limit.bytes == 0 || bytes < limit.bytes)) limit.bytes = bytes;
    return limit;
}

uint64_t worker_share(uint64_t limit, uint32_t workers) {
    if (limit == 0) return 0;
    const uint64_t left = limit - std::min(limit, reserve_of(limit));
    return std::max<uint64_t>(left / workers, limits::kWorkerShareBytes);
}

uint64_t least_limit(uint32_t workers) {
    const uint64_t shares = limits::kWorkerShareBytes * uint64_t{workers};
    // Where the reserve is a part of the limit, the shares are the other seven eighths.
    return std::max(shares + limits::kPodReserveBytes, (shares * 8 + 6) / 7);
}

}  // namespace sluice::options
