// Compiled RE2 programs of one generation, worker-local, kept by content digest over generations: what does not
// fit bytes (design 10.4).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "table/view.h"

namespace re2 {
class RE2;
}

namespace sluice::route {

class Regexes {
public:
    Regexes();
    ~Regexes();
    Regexes(Regexes&&) noexcept;
    Regexes& operator=(Regexes&&) noexcept;

    // Programs for `routes`; those whose digest is in `previous` are shared, not compiled again.
    static Regexes of(const table::RoutesView& routes, const Regexes* previous);
    // Whole-text match of regex `index` of the table. Linear in the text.
    bool matches(uint32_t index, std::string_view text) const;

private:
    struct Program {
        uint64_t digest;
        std::shared_ptr<const re2::RE2> program;
    };
    std::vector<Program> programs_;  // by table index
};

}  // namespace sluice::route
