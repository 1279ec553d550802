// Compiled RE2 programs of one generation, worker-local, kept by content digest over generations:
// what does not fit bytes (design 10.4). A program is compiled at its first use, so that a swap
// costs no compile time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "table/view.h"

namespace sluice::route {

class Regexes {
public:
    Regexes();
    ~Regexes();
    Regexes(Regexes&&) noexcept;
    Regexes& operator=(Regexes&&) noexcept;

    // Programs for `routes`; those that `previous` has are shared, not compiled again. Keeps no
    // view of the table's bytes.
    static Regexes of(const table::RoutesView& routes, const Regexes* previous);
    // Whole-text match of regex `index` of the table. Linear in the text. False for a pattern that
    // why_refused() refuses: a rule that cannot be understood takes no traffic.
    bool matches(uint32_t index, std::string_view text) const;

    size_t size() const { return programs_.size(); }
    // How many of these programs another generation holds too.
    size_t shared() const;

private:
    struct Program;
    std::vector<std::shared_ptr<Program>> programs_;  // by table index
};

// Why no table may hold this pattern (syntax, size of the compiled program); "" when it may.
std::string why_refused(std::string_view pattern);

}  // namespace sluice::route
