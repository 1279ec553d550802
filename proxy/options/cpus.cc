// Quotas out of the cgroup file systems.
#include "proxy/options/cpus.h"

#include <algorithm>
#include <charconv>
#include <sched.h>

#include "proxy/options/cgroup.h"
#include "table/limits.h"

namespace sluice::options {
namespace {

std::string quota_v2(const std::string& folder) {
    return contents(folder + "/cpu.max");
}

std::string quota_v1(const std::string& folder) {
    return contents(folder + "/cpu.cfs_quota_us") + " " + contents(folder + "/cpu.cfs_period_us");
}

std::optional<uint32_t> least(
    const std::string& mount, const std::string& path, std::string (*quota)(const std::string&)
) {
    std::optional<uint32_t> cores;
    upwards(mount, path, [&](const std::string& folder) {
        if (const auto here = cores_of_quota(quota(folder))) {
            cores = std::min(cores.value_or(*here), *here);
        }
    });
    return cores;
}

std::optional<uint32_t> quota() {
    const std::string groups = contents("/proc/self/cgroup");
    if (const auto path = cgroup_of(groups, "")) {
        if (const auto cores = least("/sys/fs/cgroup", *path, quota_v2)) return cores;
    }
    const auto path = cgroup_of(groups, "cpu");
    return path ? least("/sys/fs/cgroup/cpu", *path, quota_v1) : std::nullopt;
}

uint32_t cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<uint32_t>(CPU_COUNT(&set));
}

}  // namespace

std::optional<uint32_t> cores_of_quota(std::string_view text) {
    int64_t parts[2] = {0, 0};  // quota, period
    for (int64_t& part : parts) {
        const size_t begin = std::min(text.find_first_not_of(" \n"), text.size());
        text.remove_prefix(begin);
        const auto [end, wrong] = std::from_chars(text.begin(), text.end(), part);
        if (wrong != std::errc() || part <= 0) return std::nullopt;  // "max", -1, or no such file
        text.remove_prefix(static_cast<size_t>(end - text.begin()));
    }
    const int64_t whole = parts[0] / parts[1] + (parts[0] % parts[1] != 0 ? 1 : 0);
    return static_cast<uint32_t>(std::min<int64_t>(whole, UINT32_MAX));
}

uint32_t default_workers() {
    const uint32_t most = std::min(quota().value_or(UINT32_MAX), cores());
    return std::clamp<uint32_t>(most, 1, limits::kWorkers);
}

}  // namespace sluice::options
