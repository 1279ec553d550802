// The few operations on paths that the watching of files needs.
#include "controller/files/paths.h"

#include <filesystem>

namespace sluice::files {

std::string normal_path(const std::string& path) {
    std::string text = std::filesystem::path(path).lexically_normal().string();
    while (text.size() > 1 && text.ends_with('/')) text.pop_back();
    return text;
}

std::string parent_of(const std::string& path) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

std::string name_of(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

bool is_below(std::string_view path, std::string_view directory) {
    if (directory == "/") return path.size() > 1 && path.front() == '/';
    return path.size() > directory.size() + 1 && path.starts_with(directory) &&
           path[directory.size()] == '/';
}

std::string join(std::string_view directory, std::string_view name) {
    std::string path{directory};
    if (!path.ends_with('/')) path += '/';
    return path += name;
}

}  // namespace sluice::files
