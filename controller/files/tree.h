// Which manifests lie in a directory: names, signatures, and the rules for what is none of our
// business (dotfiles, editors' leftovers, ConfigMap internals).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "controller/files/watch.h"
#include "controller/model/meta.h"

namespace sluice::files {

// What stat says about a file's content without reading it: equal signatures mean equal bytes, up
// to the clock's granularity; changes that inotify reports are read regardless.
struct Signature {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    bool operator==(const Signature&) const = default;
};

struct FoundFile {
    std::string path;
    Signature signature;
};

struct Tree {
    std::vector<FoundFile> files;
    std::vector<std::string> directories;  // watched, the top included
    std::vector<std::string> unknown;      // what lies here or below could not be looked at
    std::vector<model::Problem> problems;  // what could not be listed or watched

    bool is_unknown(const std::string& path) const;
};

// Watches each directory before it lists it, so that nothing slips between the two.
Tree read_tree(const std::string& directory, Watch& watch);

// *.yaml, *.yml or *.json, and not hidden.
bool is_manifest_name(std::string_view name);
// Hidden entries are never read; those beginning with ".." are how a ConfigMap volume swaps its
// content.
bool is_hidden(std::string_view name);
bool is_swap_name(std::string_view name);

// Only what is certainly not there is absent: what may not be looked at (no permission, an error of
// the disk) is unknown.
enum class EntryType : uint8_t { absent, file, directory, other, unknown };
struct Entry {
    EntryType type = EntryType::absent;
    int error = 0;         // why it is unknown
    bool is_link = false;  // symbolic, or one of several names: its content was there before it
    Signature signature;   // of what a link leads to
};
Entry look_at(const std::string& path);
bool means_absent(int error);
// "cannot be looked at: Permission denied"
std::string unknown_text(int error);

}  // namespace sluice::files
