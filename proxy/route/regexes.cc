// RE2, fenced: quiet, bounded in program and memory, over bytes (Latin-1), so that no text is
// invalid.
#include "proxy/route/regexes.h"

#include <algorithm>
#include <re2/re2.h>
#include <unordered_map>
#include <utility>

#include "table/limits.h"

namespace sluice::route {
namespace {

std::unique_ptr<re2::RE2> compile(std::string_view pattern) {
    RE2::Options options(RE2::Latin1);
    options.set_log_errors(false);
    options.set_max_mem(limits::kRegexMemoryBytes);
    options.set_never_capture(true);
    return std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
}

bool acceptable(const re2::RE2& program) {
    return program.ok() && program.ProgramSize() <= limits::kRegexProgram;
}

}  // namespace

// Shared by the generations that name the same pattern; one thread owns them all.
struct Regexes::Program {
    uint64_t digest;
    std::string pattern;
    bool compiled = false;
    std::unique_ptr<re2::RE2> program;  // nullptr once compiled: the pattern is refused

    const re2::RE2* get() {
        if (compiled) return program.get();
        compiled = true;
        if (pattern.size() > limits::kRegexBytes) return nullptr;
        program = compile(pattern);
        if (!acceptable(*program)) program.reset();
        return program.get();
    }
};

Regexes::Regexes() = default;
Regexes::~Regexes() = default;
Regexes::Regexes(Regexes&&) noexcept = default;
Regexes& Regexes::operator=(Regexes&&) noexcept = default;

Regexes Regexes::of(const table::RoutesView& routes, const Regexes* previous) {
    std::unordered_map<uint64_t, std::shared_ptr<Program>> known;
    if (previous != nullptr) {
        known.reserve(previous->programs_.size());
        for (const auto& program : previous->programs_) known.emplace(program->digest, program);
    }
    Regexes result;
    result.programs_.reserve(routes.regexes().size());
    for (const table::Regex& regex : routes.regexes()) {
        const std::string_view pattern = routes.text(regex.pattern);
        const auto found = known.find(regex.digest);
        // Whoever writes patterns could make two of one digest meet over generations: the text
        // decides.
        if (found != known.end() && found->second->pattern == pattern) {
            result.programs_.push_back(found->second);
            continue;
        }
        result.programs_.push_back(
            std::make_shared<Program>(Program{regex.digest, std::string(pattern), false, nullptr})
        );
    }
    return result;
}

bool Regexes::matches(uint32_t index, std::string_view text) const {
    if (index >= programs_.size()) return false;
    const re2::RE2* const program = programs_[index]->get();
    if (program == nullptr) return false;
    return program->Match(
        re2::StringPiece(text.data(), text.size()),
        0,
        text.size(),
        re2::RE2::ANCHOR_BOTH,
        nullptr,
        0
    );
}

size_t Regexes::shared() const {
    const auto is_shared = [](const auto& program) { return program.use_count() > 1; };
    return static_cast<size_t>(std::count_if(programs_.begin(), programs_.end(), is_shared));
}

std::string why_refused(std::string_view pattern) {
    if (pattern.size() > limits::kRegexBytes) {
        return "the pattern is longer than " + std::to_string(limits::kRegexBytes) + " bytes";
    }
    const auto program = compile(pattern);
    if (!program->ok()) return program->error();
    if (acceptable(*program)) return {};
    return "the pattern compiles to " + std::to_string(program->ProgramSize()) +
           " instructions; at most " + std::to_string(limits::kRegexProgram) + " are allowed";
}

}  // namespace sluice::route
