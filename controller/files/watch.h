// inotify on directories: which names changed and how. Knows nothing of manifests; a path is
// whatever text the caller gave, and stays right when the directory behind it is replaced and added
// again.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct inotify_event;

namespace sluice::files {

struct Change {
    enum class What : uint8_t {
        complete,  // closed after writing, or moved here: the content is whole
        created,   // a new entry; a regular file will still be written
        modified,  // bytes or attributes; a writer may go on
        gone,      // deleted or moved away
    };
    std::string directory;
    std::string name;  // "" = the directory itself
    What what = What::modified;
    bool is_directory = false;
    uint32_t move = 0;  // equal for the two ends of one rename, 0 = none
};

class Watch {
public:
    Watch();
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    int fd() const { return fd_; }

    // Watches what stands at this path now; harmless when it is watched already. An error is words
    // for people.
    std::optional<std::string> add(const std::string& directory);
    // Forgets this directory and all below it.
    void forget(const std::string& directory);

    struct Drained {
        std::vector<Change> changes;
        bool overflow = false;  // events were lost: look at everything again
    };
    // What happened since the last call; never blocks. What is left over after a bounded number of
    // reads keeps fd() readable.
    Drained drain();

    size_t directories() const { return by_path_.size(); }

private:
    void unlink(const std::string& path, int descriptor);
    void translate(const inotify_event& event, std::string_view name, Drained& out);

    int fd_;
    std::map<std::string, int> by_path_;
    std::map<int, std::set<std::string>> by_descriptor_;  // one directory may have several paths
};

}  // namespace sluice::files
