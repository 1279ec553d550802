// The index from object to files and back.
#include "controller/files/catalog.h"

#include "table/limits.h"

namespace sluice::files {
namespace {

std::string place_text(const model::Origin& origin) {
    return origin.file + ':' + std::to_string(origin.place.line) + ':' +
           std::to_string(origin.place.column);
}

}  // namespace

void Catalog::drop_objects(const std::string& path, File& file) {
    for (const model::ObjectKey& key : file.keys) {
        const auto owners = owners_.find(key);
        owners->second.erase(path);
        if (owners->second.empty()) owners_.erase(owners);
        touched_.insert(key);
    }
    file.keys.clear();
}

void Catalog::replace(const std::string& path, Manifest manifest) {
    File& file = files_[path];
    file.problems = std::move(manifest.problems);
    if (!file.problems.empty()) return;
    file.skipped = std::move(manifest.skipped);
    drop_objects(path, file);
    for (model::Object& object : manifest.objects) {
        const model::ObjectKey key = model::key_of(object);
        file.keys.push_back(key);
        touched_.insert(key);
        owners_[key].insert_or_assign(path, std::move(object));
    }
}

void Catalog::fail(const std::string& path, model::Problem problem) {
    files_[path].problems = {std::move(problem)};
}

void Catalog::remove(const std::string& path) {
    const auto file = files_.find(path);
    if (file == files_.end()) return;
    drop_objects(path, file->second);
    files_.erase(file);
}

bool Catalog::holds_objects(const std::string& path) const {
    const auto file = files_.find(path);
    return file != files_.end() && !file->second.keys.empty();
}

model::Batch Catalog::take_changes() {
    model::Batch batch;
    for (const model::ObjectKey& key : touched_) {
        const auto owners = owners_.find(key);
        if (owners == owners_.end()) {
            contested_.erase(key);
            if (sent_.erase(key) > 0) batch.remove.push_back(key);
            continue;
        }
        if (owners->second.size() > 1)
            contested_.insert(key);
        else
            contested_.erase(key);
        const model::Object& winner = owners->second.begin()->second;
        const auto sent = sent_.find(key);
        if (sent != sent_.end() && sent->second == winner) continue;  // the same pointer
        sent_.insert_or_assign(key, winner);
        batch.apply.push_back(winner);
    }
    touched_.clear();
    return batch;
}

FileReport Catalog::report() const {
    FileReport report;
    for (const auto& [path, file] : files_) {
        for (const model::Problem& problem : file.problems) {
            if (report.problems.size() < limits::kReportLines) report.problems.push_back(problem);
        }
        for (const std::string& note : file.skipped) {
            if (report.skipped.size() < limits::kReportLines) report.skipped.push_back(note);
        }
    }
    for (const model::ObjectKey& key : contested_) {
        const auto& owners = owners_.at(key);
        const model::Origin& winner = origin_of(owners.begin()->second);
        for (auto loser = std::next(owners.begin()); loser != owners.end(); ++loser) {
            if (report.problems.size() >= limits::kReportLines) return report;
            const std::string message = to_string(key) + " stands also in " + place_text(winner) +
                                        ", which wins as the first by path: keep one of them";
            report.problems.push_back({origin_of(loser->second), "metadata.name", message});
        }
    }
    return report;
}

}  // namespace sluice::files
