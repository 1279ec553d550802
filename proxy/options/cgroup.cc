// Reads /proc/self/cgroup and whole files.
#include "proxy/options/cgroup.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace sluice::options {
namespace {

bool names(std::string_view controllers, std::string_view controller) {
    while (!controllers.empty()) {
        const size_t comma = std::min(controllers.find(','), controllers.size());
        if (controllers.substr(0, comma) == controller) return true;
        controllers.remove_prefix(std::min(comma + 1, controllers.size()));
    }
    return false;
}

}  // namespace

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::optional<std::string> cgroup_of(
    std::string_view proc_self_cgroup, std::string_view controller
) {
    std::istringstream lines{std::string(proc_self_cgroup)};
    for (std::string line; std::getline(lines, line);) {  // "4:cpu,cpuacct:/path"
        const size_t first = line.find(':');
        const size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string_view controllers =
            std::string_view(line).substr(first + 1, second - first - 1);
        const bool ours = controller.empty() ? controllers.empty() : names(controllers, controller);
        if (ours) return line.substr(second + 1) == "/" ? "" : line.substr(second + 1);
    }
    return std::nullopt;
}

}  // namespace sluice::options
