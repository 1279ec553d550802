// Fuzzes the canonical form of paths against the independent oracle: the same form or refused by
// both, and once canonical a path stays as it is.
#include "proxy/http/path.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/http/oracle/strict_oracle.h"

namespace {

using namespace sluice::http;

void require(bool condition) {
    if (!condition) std::abort();
}

// What the request line lets through to canonical_path().
bool may_stand_in_target(char c) {
    return c > ' ' && c <= '~' && c != '?' && c != '#';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const auto scratch = std::make_unique<Scratch>();
    std::string raw = "/";
    for (size_t i = 0; i < size && raw.size() < sluice::limits::kTargetBytes; ++i) {
        const auto c = static_cast<char>(data[i]);
        if (may_stand_in_target(c)) raw += c;
    }
    scratch->reset();
    const CanonicalPath ours = canonical_path(raw, *scratch);
    const auto theirs = oracle::canonical(raw);
    require((ours.reason == sluice::Reason::ok) == theirs.has_value());
    if (!theirs) return 0;
    require(ours.path == *theirs);
    require(ours.changed == (ours.path != raw));
    require(ours.path.front() == '/' && ours.path.find("//") == std::string_view::npos);
    const std::string once(ours.path);
    const CanonicalPath twice = canonical_path(once, *scratch);
    require(twice.reason == sluice::Reason::ok && !twice.changed && twice.path == once);
    return 0;
}
