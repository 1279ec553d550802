// The first half of the compiler with a memory: what an object made is kept while the object, its
// class's answer and the Services it names are the same, and conflicts are decided again only on
// the hosts that a changed object wants, or wanted. The memory never shows: whatever was compiled
// before, the same snapshot gives the same routes and verdicts.
#pragma once

#include <cstddef>
#include <memory>

#include "controller/compile/admit.h"
#include "controller/compile/compile.h"

namespace sluice::compile {

class Compiler {
public:
    explicit Compiler(const Options& options, const Caps& caps = {});
    ~Compiler();
    Compiler(Compiler&&) noexcept;
    Compiler& operator=(Compiler&&) noexcept;

    // An object counts as unchanged when it is the same pointer: a snapshot's objects never change.
    Routed run(const model::Snapshot& snapshot);

    // What the last run did anew: for tests, and for people who ask what a change costs.
    struct Work {
        size_t objects = 0;  // read
        size_t hosts = 0;    // decided
        bool operator==(const Work&) const = default;
    };
    const Work& work() const;

private:
    class Memo;
    std::unique_ptr<Memo> memo_;
};

}  // namespace sluice::compile
