// Bounds of patterns.
#include "controller/compile/pattern.h"

#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {

std::string why_pattern_refused(std::string_view pattern) {
    if (pattern.empty()) return "must not be empty";
    if (pattern.size() > limits::kRegexBytes) {
        return "has more than " + std::to_string(limits::kRegexBytes) + " bytes";
    }
    return std::string(model::check_printable(pattern));
}

}  // namespace sluice::compile
