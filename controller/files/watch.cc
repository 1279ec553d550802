// The system calls of inotify and the translation of their bits.
#include "controller/files/watch.h"

#include <cerrno>
#include <cstring>

#include <sys/inotify.h>
#include <unistd.h>

#include "controller/files/paths.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

constexpr uint32_t kMask = IN_CLOSE_WRITE | IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_DELETE |
                           IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

Change::What what_of(uint32_t mask) {
    if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) return Change::What::complete;
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) return Change::What::gone;
    if ((mask & IN_CREATE) != 0) return Change::What::created;
    return Change::What::modified;
}

std::string words_of(int error) {
    if (error == ENOSPC) {
        return "cannot be watched: raise the sysctl fs.inotify.max_user_watches";
    }
    return std::string("cannot be watched: ") + std::strerror(error);
}

}  // namespace

Watch::Watch() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

Watch::~Watch() {
    if (fd_ >= 0) close(fd_);
}

std::optional<std::string> Watch::add(const std::string& directory) {
    if (fd_ < 0) return "cannot be watched: raise the sysctl fs.inotify.max_user_instances";
    const auto known = by_path_.find(directory);
    if (known == by_path_.end() && by_path_.size() >= limits::kManifestDirectories) {
        return "is one directory too many: at most " +
               std::to_string(limits::kManifestDirectories) + " are watched";
    }
    const int descriptor = inotify_add_watch(fd_, directory.c_str(), kMask);
    if (descriptor < 0) return words_of(errno);
    // Another directory stands at this path now: the old watch must not speak for it.
    if (known != by_path_.end() && known->second != descriptor) unlink(directory, known->second);
    by_path_[directory] = descriptor;
    by_descriptor_[descriptor].insert(directory);
    return std::nullopt;
}

void Watch::unlink(const std::string& path, int descriptor) {
    by_path_.erase(path);
    const auto paths = by_descriptor_.find(descriptor);
    if (paths == by_descriptor_.end()) return;
    paths->second.erase(path);
    if (!paths->second.empty()) return;
    by_descriptor_.erase(paths);
    inotify_rm_watch(fd_, descriptor);  // fails when the directory is gone: fine
}

void Watch::forget(const std::string& directory) {
    std::vector<std::pair<std::string, int>> gone;
    for (const auto& [path, descriptor] : by_path_) {
        if (path == directory || is_below(path, directory)) gone.emplace_back(path, descriptor);
    }
    for (const auto& [path, descriptor] : gone) unlink(path, descriptor);
}

void Watch::translate(const inotify_event& event, std::string_view name, Drained& out) {
    const int descriptor = event.wd;
    const uint32_t mask = event.mask;
    if ((mask & IN_Q_OVERFLOW) != 0) {
        out.overflow = true;
        return;
    }
    const auto known = by_descriptor_.find(descriptor);
    if (known == by_descriptor_.end()) return;  // an event of a watch that was given up
    const bool self = (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0;
    const std::set<std::string> paths = known->second;
    for (const std::string& path : paths) {
        Change change{path, std::string(name), what_of(mask), (mask & IN_ISDIR) != 0, event.cookie};
        if (self) {
            change = {path, "", Change::What::gone, true};
            unlink(path, descriptor);
        }
        out.changes.push_back(std::move(change));
    }
}

Watch::Drained Watch::drain() {
    constexpr int kReads = 64;
    Drained out;
    if (fd_ < 0) return out;
    alignas(inotify_event) char buffer[64 * 1024];
    for (int i = 0; i < kReads; ++i) {
        const ssize_t size = read(fd_, buffer, sizeof buffer);
        if (size <= 0) return out;
        for (ssize_t at = 0; at < size;) {
            inotify_event event;
            std::memcpy(&event, buffer + at, sizeof event);
            // The kernel pads the name with NUL bytes.
            const char* name = buffer + at + sizeof event;
            const std::string_view text{name, strnlen(name, event.len)};
            translate(event, text, out);
            at += static_cast<ssize_t>(sizeof event + event.len);
        }
    }
    return out;
}

}  // namespace sluice::files
