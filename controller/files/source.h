// Directories of manifests as a source of events: parses YAML strictly, watches with inotify, and
// keeps a file's last good content when its new content does not parse. One thread: call poll()
// when fd() is readable or due() has passed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/model/event.h"

namespace sluice::files {

struct FileReport {
    std::vector<model::Problem>
        problems;  // of all files, as of now; a file with problems keeps its last good content
    std::vector<std::string> skipped;  // "app.yaml:12: apps/v1 Deployment is not read by Sluice"
};

class Source {
public:
    // Files (*.yaml, *.yml, *.json) or directories (recursive). A path that does not exist yet is a
    // problem, not a failure: it is picked up when it appears.
    explicit Source(std::vector<std::string> paths);
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    // Reads everything; call once before poll().
    model::Batch load();
    // The inotify descriptor to wait on (readable = call poll).
    int fd() const;
    // When poll() wants to be called although fd() is quiet (a half-written file settles);
    // CLOCK_MONOTONIC ns.
    std::optional<int64_t> due() const;
    // Only files whose content changed are parsed again. Never blocks.
    model::Batch poll(int64_t now);

    const FileReport& report() const;
    uint64_t files_parsed() const;  // total, for tests: unchanged files are not parsed again

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sluice::files
