// A directory for one test, and the ways in which people and programs write files.
#pragma once

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/new_folder.h"

namespace sluice::files {

class Directory {
public:
    Directory() : path_(new_folder()) {}
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    const std::string& path() const { return path_; }
    std::string at(std::string_view name) const { return path_ + '/' + std::string(name); }

    void make(std::string_view name) const { std::filesystem::create_directories(at(name)); }
    // Written and closed.
    void write(std::string_view name, std::string_view text) const {
        std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
        const int fd = open(at(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        put(fd, text);
        close(fd);
    }
    // Written aside and moved over, as most editors and tools do.
    void replace(std::string_view name, std::string_view text) const {
        write(std::string(name) + ".tmp", text);
        rename(std::string(name) + ".tmp", name);
    }
    void rename(std::string_view from, std::string_view to) const {
        std::filesystem::rename(at(from), at(to));
    }
    void link(std::string_view target, std::string_view name) const {
        std::filesystem::create_symlink(std::string(target), at(name));
    }
    void remove(std::string_view name) const { std::filesystem::remove_all(at(name)); }

    static void put(int fd, std::string_view text) {
        if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
            throw std::runtime_error("write");
        }
    }

private:
    std::string path_;
};

// A file that its writer keeps open.
class OpenFile {
public:
    OpenFile(const std::string& path, int flags)
        : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644)) {}
    ~OpenFile() { finish(); }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    void put(std::string_view text) const { Directory::put(fd_, text); }
    void finish() {
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

}  // namespace sluice::files
