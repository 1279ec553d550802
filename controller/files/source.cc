// From inotify's hints to batches. Hints are only hints: what counts is what stands in the file or
// directory when it is looked at. Three lists carry the work of one poll: files to read now, files
// to read when they have settled, directories to walk again.
#include "controller/files/source.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "controller/files/catalog.h"
#include "controller/files/complaints.h"
#include "controller/files/paths.h"
#include "controller/files/reader.h"
#include "controller/files/settling.h"
#include "controller/files/tree.h"
#include "controller/files/watch.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

struct Source::State {
    // What is known of a file besides its objects.
    struct Seen {
        Signature signature;
        uint64_t hash = 0;
        bool parsed = false;
    };
    enum class Trust : uint8_t {
        whole,    // the writer is done
        unknown,  // found by a walk: a writer may be half-way
        writing,  // the writer still holds the file open
    };

    std::vector<std::string> roots;
    Watch watch;
    Catalog catalog;
    FileReport report;
    uint64_t parsed = 0;

    std::map<std::string, Seen> seen;
    Settling settling;
    std::set<std::string> directories;  // those that belong to a root
    Complaints complaints;
    std::map<std::string, std::set<std::string>>
        sentinels;  // path of an entry → roots that hang on it

    std::set<std::string> read_now;
    std::set<std::string> walk_now;
    std::set<std::string> roots_now;

    void walk_root(const std::string& root, int64_t now);
    void walk(const std::string& directory, int64_t now);
    bool anchor(const std::string& root);
    void rehang(const std::string& directory);
    void forget_directories(const std::string& top, const std::vector<std::string>& alive);
    void take(const Change& change, int64_t now);
    void take_entry(const Change& change, const std::string& path, int64_t now);
    void take_file(Change::What what, const std::string& path, int64_t now);
    void read(const std::string& path, Trust trust, int64_t now);
    void absent(const std::string& path, int64_t now);
    void run_pending(int64_t now);
    void drop_moved(const std::vector<Change>& changes);
    void forget_file(const std::string& path);
    bool is_root(const std::string& path) const {
        return std::find(roots.begin(), roots.end(), path) != roots.end();
    }
    void work(int64_t now);
    model::Batch finish();
};

// Hangs the root on the nearest directory that exists above it, so that it is noticed when it
// appears, is replaced or comes back.
bool Source::State::anchor(const std::string& root) {
    for (auto at = sentinels.begin(); at != sentinels.end();) {
        at->second.erase(root);
        at = at->second.empty() ? sentinels.erase(at) : std::next(at);
    }
    std::string entry = root;
    for (int retries = 3; entry != "." && entry != "/";) {
        const std::string parent = parent_of(entry);
        if (watch.add(parent).has_value()) {
            entry = parent;
            continue;
        }
        // What appears from now on is told; what appeared just before is looked for again.
        if (entry != root && retries-- > 0 && look_at(entry).type == EntryType::directory) {
            entry = root;
            continue;
        }
        sentinels[join(parent, name_of(entry))].insert(root);
        return entry == root;
    }
    return root == "." || root == "/";
}

void Source::State::walk_root(const std::string& root, int64_t now) {
    const bool watched = anchor(root);
    complaints.clear(root);
    const Entry entry = look_at(root);
    if (entry.type == EntryType::directory) return walk(root, now);
    if (entry.type == EntryType::unknown) {
        return complaints.set(root, unknown_text(entry.error));
    }
    forget_directories(root, {});
    if (entry.type != EntryType::absent) {
        read(root, Trust::unknown, now);
        if (!watched) complaints.set(root, "cannot be watched: edits go unseen");
        return;
    }
    complaints.set(root, "does not exist: it is read as soon as it appears");
    for (const auto& [path, file] : seen) {
        if (path == root || is_below(path, root)) absent(path, now);
    }
}

void Source::State::forget_directories(
    const std::string& top, const std::vector<std::string>& alive
) {
    std::vector<std::string> gone;
    for (auto at = directories.lower_bound(top); at != directories.end(); ++at) {
        if (*at != top && !at->starts_with(top)) break;
        const bool inside = *at == top || is_below(*at, top);
        if (inside && !std::binary_search(alive.begin(), alive.end(), *at)) gone.push_back(*at);
    }
    for (const std::string& directory : gone) {
        directories.erase(directory);
        complaints.clear(directory);
        watch.forget(directory);
        rehang(directory);
    }
}

// The roots that hang on an entry of a directory that is gone, or swaps its content, are looked at
// again.
void Source::State::rehang(const std::string& directory) {
    for (const auto& [entry, hanging] : sentinels) {
        if (is_below(entry, directory)) roots_now.insert(hanging.begin(), hanging.end());
    }
}

void Source::State::walk(const std::string& directory, int64_t now) {
    Tree tree = read_tree(directory, watch);
    // What cannot be looked at just now is kept as it was.
    for (const std::string& known : directories) {
        if (tree.is_unknown(known)) tree.directories.push_back(known);
    }
    std::sort(tree.directories.begin(), tree.directories.end());
    forget_directories(directory, tree.directories);
    directories.insert(tree.directories.begin(), tree.directories.end());
    complaints.set(directory, std::move(tree.problems));

    std::set<std::string_view> found;
    for (const FoundFile& file : tree.files) {
        found.insert(file.path);
        const auto known = seen.find(file.path);
        const bool same = known != seen.end() && known->second.signature == file.signature;
        if (!same) read(file.path, Trust::unknown, now);
    }
    std::vector<std::string> missing;
    for (auto at = seen.lower_bound(directory); at != seen.end(); ++at) {
        if (!at->first.starts_with(directory)) break;
        const bool listed = is_below(at->first, directory) && !tree.is_unknown(at->first);
        if (listed && !found.contains(at->first)) missing.push_back(at->first);
    }
    for (const std::string& path : missing) absent(path, now);
}

void Source::State::take(const Change& change, int64_t now) {
    const std::string path =
        change.name.empty() ? change.directory : join(change.directory, change.name);
    if (const auto hung = sentinels.find(path); hung != sentinels.end()) {
        for (const std::string& root : hung->second) {
            const bool file = seen.contains(root) || look_at(root).type == EntryType::file;
            if (normal_path(path) == root && file && !change.is_directory) {
                take_file(change.what, root, now);
            } else {
                roots_now.insert(root);
            }
        }
    }
    // A file that is given by name may be a link into a volume that swaps its content.
    if (is_swap_name(change.name)) rehang(change.directory);
    if (change.name.empty()) {
        rehang(change.directory);
        if (directories.contains(change.directory)) walk_now.insert(change.directory);
        return;
    }
    if (directories.contains(change.directory)) take_entry(change, path, now);
}

void Source::State::take_entry(const Change& change, const std::string& path, int64_t now) {
    if (is_swap_name(change.name)) {
        walk_now.insert(change.directory);
        return;
    }
    if (is_hidden(change.name)) return;
    if (change.is_directory) {
        walk_now.insert(path);
        return;
    }
    // A link to a directory looks like a file in the event.
    const bool was_directory = directories.contains(path);
    const bool appeared =
        change.what == Change::What::created || change.what == Change::What::complete;
    if (was_directory || (appeared && look_at(path).type == EntryType::directory)) {
        walk_now.insert(path);
        return;
    }
    if (is_manifest_name(change.name)) take_file(change.what, path, now);
}

void Source::State::take_file(Change::What what, const std::string& path, int64_t now) {
    if (what == Change::What::complete ||
        (what == Change::What::created && look_at(path).is_link)) {
        settling.drop(path);
        read_now.insert(path);
        return;
    }
    if (what == Change::What::gone && !seen.contains(path)) {
        settling.drop(path);
        complaints.forgive(path);
        return;
    }
    settling.touch(path, now);
}

void Source::State::absent(const std::string& path, int64_t now) {
    if (!settling.contains(path)) settling.touch(path, now);
}

void Source::State::read(const std::string& path, Trust trust, int64_t now) {
    // The signature is taken first: a write between the two makes it differ from the next one.
    const Entry entry = look_at(path);
    const auto content = read_content(path);
    if (!content) {
        if (content.error().absent) {
            if (seen.contains(path)) absent(path, now);
            return;
        }
        // Read again as soon as it can be, whatever its signature says then.
        seen[path] = {{}, seen[path].hash, false};
        catalog.fail(path, {{path, {}}, "", content.error().message});
        return;
    }
    if (!seen.contains(path) && seen.size() >= limits::kManifestFiles) {
        const std::string most = std::to_string(limits::kManifestFiles);
        return complaints.set(path, "is one file too many: at most " + most + " are read");
    }
    // Half of a file may well parse, and then lacks objects, or rules of the last one: serving that
    // meanwhile would be an outage.
    const auto known = seen.find(path);
    const bool same = known != seen.end() && known->second.hash == content->hash;
    if (!same && catalog.holds_objects(path)) {
        if (trust == Trust::writing) return settling.believe_after(path, now, kUnclosed);
        const bool emptied = trust == Trust::unknown && is_blank(content->text);
        if (emptied) return settling.believe_after(path, now, kSettleMost);
    }
    complaints.clear(path);
    Seen& file = seen[path];
    file.signature = entry.signature;
    if (file.parsed && same) return;
    file.hash = content->hash;
    file.parsed = true;
    ++parsed;
    catalog.replace(path, parse_manifest(content->text, path));
}

void Source::State::forget_file(const std::string& path) {
    seen.erase(path);
    settling.drop(path);
    complaints.forgive(path);
    catalog.remove(path);
}

// What moved to a place where it is read leaves its old place at once: else the two would seem to
// contend for their objects while the old one may be on its way back.
void Source::State::drop_moved(const std::vector<Change>& changes) {
    std::set<uint32_t> arrived;
    for (const Change& change : changes) {
        if (change.move == 0 || change.what != Change::What::complete) continue;
        const std::string path = join(change.directory, change.name);
        if (read_now.contains(path) || walk_now.contains(path)) arrived.insert(change.move);
    }
    for (const Change& change : changes) {
        if (change.what != Change::What::gone || !arrived.contains(change.move)) continue;
        const std::string path = join(change.directory, change.name);
        if (look_at(path).type != EntryType::absent) continue;
        std::vector<std::string> left;
        for (const auto& [file, known] : seen) {
            if (file == path || is_below(file, path)) left.push_back(file);
        }
        for (const std::string& file : left) {
            if (!is_root(file)) forget_file(file);
        }
    }
}

void Source::State::run_pending(int64_t now) {
    for (const auto& [path, whole] : settling.take_ripe(now)) {
        if (look_at(path).type == EntryType::absent) {
            forget_file(path);
            // A root that is a file says that it is absent.
            if (is_root(path)) roots_now.insert(path);
            continue;
        }
        read(path, whole ? Trust::whole : Trust::writing, now);
    }
}

void Source::State::work(int64_t now) {
    // A walk may find that other roots lost their hold; each round ends with fewer directories, or
    // none lost.
    while (!roots_now.empty() || !walk_now.empty() || !read_now.empty()) {
        for (const std::string& root : std::exchange(roots_now, {})) walk_root(root, now);
        for (const std::string& directory : std::exchange(walk_now, {})) {
            // A root does more than walk: it says when it is absent.
            if (is_root(directory))
                walk_root(directory, now);
            else
                walk(directory, now);
        }
        for (const std::string& path : std::exchange(read_now, {})) read(path, Trust::whole, now);
    }
}

model::Batch Source::State::finish() {
    model::Batch batch = catalog.take_changes();
    report = catalog.report();
    complaints.append_to(report.problems);
    return batch;
}

Source::Source(std::vector<std::string> paths) : state_(std::make_unique<State>()) {
    for (const std::string& path : paths) {
        const std::string root = normal_path(path);
        if (std::find(state_->roots.begin(), state_->roots.end(), root) == state_->roots.end()) {
            state_->roots.push_back(root);
        }
    }
}

Source::~Source() = default;

model::Batch Source::load() {
    state_->roots_now.insert(state_->roots.begin(), state_->roots.end());
    state_->work(0);
    return state_->finish();
}

int Source::fd() const {
    return state_->watch.fd();
}

std::optional<int64_t> Source::due() const {
    return state_->settling.next_due();
}

model::Batch Source::poll(int64_t now) {
    const Watch::Drained drained = state_->watch.drain();
    for (const Change& change : drained.changes) state_->take(change, now);
    state_->drop_moved(drained.changes);
    if (drained.overflow) {
        // Anything may have happened, also to files whose signature looks the same.
        for (auto& [path, file] : state_->seen) file.signature = {};
        state_->roots_now.insert(state_->roots.begin(), state_->roots.end());
    }
    const bool ripe = state_->settling.next_due().value_or(now + 1) <= now;
    if (drained.changes.empty() && !drained.overflow && !ripe) return {};
    state_->run_pending(now);
    state_->work(now);
    return state_->finish();
}

const FileReport& Source::report() const {
    return state_->report;
}

uint64_t Source::files_parsed() const {
    return state_->parsed;
}

}  // namespace sluice::files
