// What the log says of verdicts: a finding once when it begins to hold, and once when it is over.
// Only verdicts that changed are read. No I/O.
#pragma once

#include "controller/compile/compile.h"
#include "controller/loop/news.h"

namespace sluice::loop {

class Findings {
public:
    // `verdicts` are all that hold now, in the order of their objects.
    News::Change update(compile::Verdicts verdicts);

private:
    compile::Verdicts known_;
};

}  // namespace sluice::loop
