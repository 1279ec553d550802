// The walk over a directory. Links to directories are followed (a ConfigMap volume uses them for
// sub-paths) but never into one that is being walked already.
#include "controller/files/tree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <memory>

#include <sys/stat.h>

#include "controller/files/paths.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

using model::Problem;

int64_t nanoseconds(const timespec& time) {
    return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

class Walk {
public:
    Walk(const std::string& top, Watch& watch, Tree& out) : top_(top), watch_(watch), out_(out) {}

    void run() { enter(top_); }

private:
    void enter(const std::string& path) {
        const Entry entry = look_at(path);
        if (entry.type == EntryType::unknown) return unknown(path, unknown_text(entry.error));
        if (entry.type != EntryType::directory) return;
        const std::pair identity{entry.signature.device, entry.signature.inode};
        if (std::find(open_.begin(), open_.end(), identity) != open_.end()) return;
        if (open_.size() > limits::kManifestDirectoryDepth) {
            return problem(path, "is nested too deep: it is not read");
        }
        if (const auto error = watch_.add(path)) problem(path, *error);
        out_.directories.push_back(path);
        open_.push_back(identity);
        list(path);
        open_.pop_back();
    }

    void problem(const std::string& path, std::string message) {
        if (out_.problems.size() >= limits::kManifestProblems) return;
        out_.problems.push_back({{path, {}}, "", std::move(message)});
    }

    void unknown(const std::string& path, std::string message) {
        // Many single entries are kept as one: all that lies below the top.
        if (out_.unknown.size() >= limits::kManifestProblems) out_.unknown = {top_};
        out_.unknown.push_back(path);
        problem(path, std::move(message));
    }

    void list(const std::string& path) {
        std::vector<std::string> names;
        {
            // Closed before going deeper: descriptors must not add up with the depth.
            const Directory directory{opendir(path.c_str())};
            if (!directory) {
                return unknown(path, std::string("cannot be listed: ") + std::strerror(errno));
            }
            errno = 0;
            for (; const dirent* entry = readdir(directory.get()); errno = 0) {
                const std::string_view name = entry->d_name;
                const bool leaf = entry->d_type == DT_REG && !is_manifest_name(name);
                if (is_hidden(name) || leaf) continue;
                if (names.size() >= 2 * limits::kManifestFiles) {
                    problem(path, "has too many entries: not all are read");
                    break;
                }
                names.emplace_back(name);
            }
            if (errno != 0) {
                unknown(path, std::string("cannot be listed whole: ") + std::strerror(errno));
            }
        }
        std::sort(names.begin(), names.end());
        for (const std::string& name : names) visit(join(path, name), name);
    }

    void visit(const std::string& path, std::string_view name) {
        const Entry entry = look_at(path);
        if (entry.type == EntryType::unknown) return unknown(path, unknown_text(entry.error));
        if (entry.type == EntryType::directory) return enter(path);
        if (!is_manifest_name(name) || entry.type == EntryType::absent) return;
        if (out_.files.size() >= limits::kManifestFiles) {
            const std::string most = std::to_string(limits::kManifestFiles);
            return problem(path, "is one file too many: at most " + most + " are read");
        }
        out_.files.push_back({path, entry.signature});
    }

    const std::string& top_;
    Watch& watch_;
    Tree& out_;
    std::vector<std::pair<uint64_t, uint64_t>> open_;  // directories from the top to here
};

}  // namespace

bool is_hidden(std::string_view name) {
    return name.starts_with('.');
}

bool is_swap_name(std::string_view name) {
    return name.starts_with("..") && name.size() > 2;
}

bool is_manifest_name(std::string_view name) {
    if (is_hidden(name)) return false;
    return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

bool means_absent(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

std::string unknown_text(int error) {
    return std::string("cannot be looked at: ") + std::strerror(error);
}

bool Tree::is_unknown(const std::string& path) const {
    return std::any_of(unknown.begin(), unknown.end(), [&](const std::string& top) {
        return path == top || is_below(path, top);
    });
}

Entry look_at(const std::string& path) {
    struct stat link{};
    struct stat target{};
    Entry entry;
    if (lstat(path.c_str(), &link) != 0 || stat(path.c_str(), &target) != 0) {
        if (means_absent(errno)) return entry;
        entry.type = EntryType::unknown;
        entry.error = errno;
        return entry;
    }
    entry.type = S_ISDIR(target.st_mode)   ? EntryType::directory
                 : S_ISREG(target.st_mode) ? EntryType::file
                                           : EntryType::other;
    entry.is_link = S_ISLNK(link.st_mode) || (S_ISREG(link.st_mode) && link.st_nlink > 1);
    entry.signature = {
        target.st_dev,
        target.st_ino,
        target.st_size,
        nanoseconds(target.st_mtim),
        nanoseconds(target.st_ctim)
    };
    return entry;
}

Tree read_tree(const std::string& directory, Watch& watch) {
    Tree tree;
    Walk(directory, watch, tree).run();
    return tree;
}

}  // namespace sluice::files
