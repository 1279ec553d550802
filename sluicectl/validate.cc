// Words a validation from the source's report and the compiler's verdicts.
#include "sluicectl/validate.h"

#include <algorithm>
#include <cstdio>

#include "controller/compile/json.h"
#include "controller/compile/print.h"

namespace sluice::ctl {
namespace {

size_t faulty_objects(const Manifests& manifests) {
    const auto& verdicts = manifests.compiled.verdicts;
    return static_cast<size_t>(
        std::count_if(verdicts.begin(), verdicts.end(), compile::has_refusals)
    );
}

std::string counted(size_t number, const char* what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

bool has_faults(const Manifests& manifests) {
    return !manifests.report.problems.empty() || faulty_objects(manifests) > 0;
}

std::string validation_text(const Manifests& manifests) {
    std::string text;
    for (const auto& problem : manifests.report.problems) text += model::to_string(problem) + "\n";
    for (const std::string& skipped : manifests.report.skipped) text += skipped + "\n";
    text += compile::to_text(manifests.compiled.verdicts);
    text += counted(manifests.compiled.verdicts.size(), "object") + ", ";
    text += std::to_string(faulty_objects(manifests)) + " with refusals, ";
    text += counted(manifests.report.problems.size(), "problem") + " in files\n";
    return text;
}

std::string validation_json(const Manifests& manifests) {
    compile::JsonWriter problems(0);
    problems.begin_list();
    for (const auto& problem : manifests.report.problems) {
        problems.begin_object();
        problems.member("file", problem.origin.file);
        problems.member("line", static_cast<int64_t>(problem.origin.place.line));
        problems.member("column", static_cast<int64_t>(problem.origin.place.column));
        problems.member("field", problem.field);
        problems.member("message", problem.message);
        problems.end_object();
    }
    problems.end_list();
    compile::JsonWriter skipped(0);
    skipped.begin_list();
    for (const std::string& note : manifests.report.skipped) skipped.value(note);
    skipped.end_list();
    return "{\"valid\": " + std::string(has_faults(manifests) ? "false" : "true") +
           ",\n\"problems\": " + problems.take() + ",\n\"skipped\": " + skipped.take() +
           ",\n\"verdicts\": " + compile::to_json(manifests.compiled.verdicts) + "}\n";
}

int validate(const ValidateSettings& settings) {
    const Manifests manifests = read_manifests(settings.paths, settings.options);
    const std::string text =
        settings.output == "json" ? validation_json(manifests) : validation_text(manifests);
    std::fputs(text.c_str(), stdout);
    return has_faults(manifests) ? 1 : 0;
}

}  // namespace sluice::ctl
