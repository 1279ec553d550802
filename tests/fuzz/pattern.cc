// Fuzzes the compiler's judgement of regular expressions against RE2: what may stand in a table,
// the proxy can run within its limits.
#include "controller/compile/pattern.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/route/regexes.h"
#include "table/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > 2 * sluice::limits::kRegexBytes) return 0;
    const std::string pattern(reinterpret_cast<const char*>(data), size);
    const std::string refused = sluice::compile::why_pattern_refused(pattern);
    if (!refused.empty()) return 0;
    const std::string why = sluice::route::why_refused(pattern);
    if (why.empty()) return 0;
    std::fprintf(stderr, "taken into tables, refused by the proxy: %s\n", why.c_str());
    std::abort();
}
