// One file's bytes: bounded, never blocking (a FIFO or device named like a manifest is refused),
// with the hash that tells whether they need parsing.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

namespace sluice::files {

struct Content {
    std::string text;  // at most limits::kManifestBytes + 1 bytes: one more shows that the file is
                       // too large
    uint64_t hash = 0;
};

struct ReadError {
    bool absent = false;
    std::string message;  // for people
};

tl::expected<Content, ReadError> read_content(const std::string& path);

}  // namespace sluice::files
