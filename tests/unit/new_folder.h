// A folder of a test's own. One function, because each test makes and removes its folder in the
// order that suits what lives there.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace sluice {

// The path of a new, empty folder that the caller removes; short enough for a unix socket in it.
inline std::string new_folder() {
    // mkdtemp(3) puts a name that nobody has in the place of the six Xs.
    std::string path = (std::filesystem::temp_directory_path() / "sluice-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp: " + path);
    return path;
}

}  // namespace sluice
