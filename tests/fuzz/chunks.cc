// Fuzzes the body scanner: the first byte chooses how the rest is cut; payload, trailers, end and
// verdict must be those of the uncut body, and what is accepted must be the body that its payload
// makes when framed by us. Bodies without chunks are scanned too.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/http/body.h"
#include "tests/unit/http/support.h"

namespace {

using namespace sluice::http;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Outcome {
    std::string payload;
    std::string trailers;
    sluice::Reason reason = sluice::Reason::ok;
    bool ended = false;
    size_t consumed = 0;
};

Outcome scan(std::string_view text, size_t step) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::chunked});
    Outcome outcome;
    while (outcome.consumed < text.size() && !scanner.ended()) {
        const Alone piece(text.substr(outcome.consumed, step));
        const BodyScanner::Step taken = scanner.next(piece.view());
        require(taken.consumed <= piece.view().size());
        outcome.payload += taken.payload;
        outcome.reason = taken.reason;
        if (taken.reason != sluice::Reason::ok) return outcome;
        require(taken.consumed > 0 && taken.payload.size() <= taken.consumed);
        outcome.consumed += taken.consumed;
    }
    outcome.ended = scanner.ended();
    outcome.trailers = scanner.trailers();
    return outcome;
}

// The same bytes as a body of known length, part of which passes unseen, and as one that the close
// ends.
void check_unframed(std::string_view text, size_t step) {
    const size_t shown = std::min(text.size(), step);
    BodyScanner scanner;
    scanner.start({.kind = Framing::length, .length = text.size()});
    require(scanner.ended() == text.empty());
    if (!text.empty()) {
        require(scanner.next(text.substr(0, shown)).payload == text.substr(0, shown));
        require(scanner.remaining() == text.size() - shown);
        require(scanner.end_of_stream() == (shown == text.size()));
        scanner.skip(text.size() - shown);
    }
    require(scanner.ended() && scanner.next("behind").consumed == 0);
    scanner.start({.kind = Framing::until_close});
    require(scanner.next(text).payload == text && !scanner.ended());
    require(scanner.end_of_stream() && scanner.ended());
    scanner.start({.kind = Framing::none});
    require(scanner.ended());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_unframed(text, data[0]);
    const Outcome whole = scan(text, std::string_view::npos);
    const Outcome cut = scan(text, 1 + data[0] % 32);
    require(whole.reason == cut.reason && whole.ended == cut.ended);
    require(whole.trailers == cut.trailers);
    if (whole.reason == sluice::Reason::ok) {
        require(whole.payload == cut.payload && whole.consumed == cut.consumed);
    }
    if (!whole.ended || whole.payload.empty()) return 0;
    char head[18];
    const size_t head_size = write_chunk_head(head, whole.payload.size());
    const std::string framed = std::string(head, head_size) + whole.payload +
                               std::string(kChunkEnd) + std::string(kLastChunk);
    require(scan(framed, std::string_view::npos).payload == whole.payload);
    return 0;
}
