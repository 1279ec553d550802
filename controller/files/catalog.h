// Which object comes from which file: remembers the last good content of each, settles who wins
// when two files hold one object, and says what changed. No I/O.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controller/files/manifest.h"
#include "controller/files/source.h"

namespace sluice::files {

class Catalog {
public:
    // What the file holds now. With problems, its former objects stay.
    void replace(const std::string& path, Manifest manifest);
    // Something keeps the file from being read; its former objects stay.
    void fail(const std::string& path, model::Problem problem);
    void remove(const std::string& path);

    bool holds_objects(const std::string& path) const;

    // What changed since the last call, in the order of keys.
    model::Batch take_changes();
    // Problems and notes of all files, in the order of paths.
    FileReport report() const;

private:
    struct File {
        std::vector<model::ObjectKey> keys;
        std::vector<model::Problem> problems;
        std::vector<std::string> skipped;
    };
    void drop_objects(const std::string& path, File& file);

    std::map<std::string, File> files_;
    // Every file that holds the object, the winner first: the order of paths.
    std::map<model::ObjectKey, std::map<std::string, model::Object>> owners_;
    std::map<model::ObjectKey, model::Object> sent_;
    std::set<model::ObjectKey> touched_;
    std::set<model::ObjectKey> contested_;
};

}  // namespace sluice::files
