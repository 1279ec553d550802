// Fuzzes the request parser against the independent oracle and Beast, whole and cut in two.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "table/limits.h"
#include "tests/unit/http/oracle/compare.h"
#include "tests/unit/http/support.h"

namespace {

using namespace sluice::http;

// A byte of the input says where to cut: the answer must not depend on it.
void check_cut(std::string_view bytes, size_t cut) {
    const RequestResult whole(bytes);
    if (whole.state == Parse::need_more) return;
    static const auto scratch = std::make_unique<Scratch>();
    static const auto head = std::make_unique<RequestHead>();
    size_t scanned = 0;
    Parsed parsed = parse_request(Alone(bytes.substr(0, cut)).view(), scanned, *scratch, *head);
    if (parsed.state == Parse::need_more) parsed = parse_request(bytes, scanned, *scratch, *head);
    if (parsed.state == Parse::need_more) {
        // Between the first piece and the blank line only bytes that no head may hold are looked
        // for.
        parsed = parse_request(std::string(bytes) + "\r\n\r\n", scanned, *scratch, *head);
    }
    if (parsed.state == whole.state && parsed.reason == whole.reason) return;
    // A head that is over the limit and has a fault too is refused, for the one or for the other.
    const bool over = bytes.substr(0, sluice::limits::kHeadBytes).find("\r\n\r\n") == bytes.npos;
    const bool refused = parsed.state == Parse::refused && whole.state == Parse::refused;
    if (!over || !refused || parsed.reason != sluice::Reason::head_too_large) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string difference = oracle::compare_request(bytes);
    if (!difference.empty()) {
        std::fprintf(stderr, "%s\n", difference.c_str());
        std::abort();
    }
    if (size > 0) check_cut(bytes, (data[size / 2] * size_t{7}) % size);
    return 0;
}
