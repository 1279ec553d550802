// Our place in the cgroup file systems, v1 and v2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::options {

// The cgroup of one controller in the text of /proc/self/cgroup: v2 has the controller "". nullopt:
// there is none.
std::optional<std::string> cgroup_of(
    std::string_view proc_self_cgroup, std::string_view controller
);

// A whole file; "" when it cannot be read.
std::string contents(const std::string& path);

// Calls `visit` with the folder of each cgroup from ours up to the root of `mount`. A limit of any
// of them holds as well. In a container the path is often not there, because only our own part of
// the tree is mounted, at its root.
template <class Visit>
void upwards(const std::string& mount, std::string path, Visit visit) {
    for (;;) {
        visit(mount + path);
        if (path.empty()) return;
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
}

}  // namespace sluice::options
