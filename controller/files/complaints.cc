// Lists of problems by who says them.
#include "controller/files/complaints.h"

#include <utility>

#include "controller/files/paths.h"
#include "table/limits.h"

namespace sluice::files {

void Complaints::set(const std::string& by, std::vector<model::Problem> problems) {
    if (problems.empty()) return clear(by);
    lists_.insert_or_assign(by, std::move(problems));
}

void Complaints::set(const std::string& by, std::string message) {
    std::vector<model::Problem> problems;
    problems.push_back({{by, {}}, "", std::move(message)});
    set(by, std::move(problems));
}

void Complaints::forgive(const std::string& file) {
    for (std::string at = file;; at = parent_of(at)) {
        if (const auto list = lists_.find(at); list != lists_.end()) {
            std::erase_if(list->second, [&](const auto& one) { return one.origin.file == file; });
            if (list->second.empty()) lists_.erase(list);
        }
        if (at == "." || at == "/") return;
    }
}

void Complaints::append_to(std::vector<model::Problem>& report) const {
    for (const auto& [by, problems] : lists_) {
        for (const model::Problem& problem : problems) {
            if (report.size() < limits::kReportLines) report.push_back(problem);
        }
    }
}

}  // namespace sluice::files
