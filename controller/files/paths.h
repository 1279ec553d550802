// Paths as text: no system call, so that they stay right when what they name is gone.
#pragma once

#include <string>
#include <string_view>

namespace sluice::files {

// Without "." steps, double and trailing slashes.
std::string normal_path(const std::string& path);
// "a/b" gives "a", "a" gives ".".
std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);
// "a/b" lies below "a".
bool is_below(std::string_view path, std::string_view directory);
// "a" and "b" give "a/b"; "/" and "b" give "/b".
std::string join(std::string_view directory, std::string_view name);

}  // namespace sluice::files
