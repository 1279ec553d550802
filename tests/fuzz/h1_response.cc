// Fuzzes the response parser against the independent oracle and Beast, whole and cut in two,
// and what a client is sent of what it took.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/http/write.h"
#include "table/limits.h"
#include "tests/unit/http/oracle/compare.h"
#include "tests/unit/http/support.h"

namespace {

using namespace sluice::http;

// A byte of the input says where to cut: the answer must not depend on it.
void check_cut(std::string_view bytes, size_t cut) {
    const ResponseResult whole(bytes);
    if (whole.state == Parse::need_more) return;
    static const auto head = std::make_unique<ResponseHead>();
    size_t scanned = 0;
    Parsed parsed = parse_response(Alone(bytes.substr(0, cut)).view(), scanned, false, *head);
    if (parsed.state == Parse::need_more) parsed = parse_response(bytes, scanned, false, *head);
    if (parsed.state == Parse::need_more) {
        // Between the first piece and the blank line only bytes that no head may hold are looked
        // for.
        parsed = parse_response(std::string(bytes) + "\r\n\r\n", scanned, false, *head);
    }
    if (parsed.state == whole.state && parsed.reason == whole.reason) return;
    // A head that is over the limit and has a fault too is refused, for the one or for the other.
    const bool over = bytes.substr(0, sluice::limits::kHeadBytes).find("\r\n\r\n") == bytes.npos;
    const bool refused = parsed.state == Parse::refused && whole.state == Parse::refused;
    if (!over || !refused || parsed.reason != sluice::Reason::head_too_large) std::abort();
}

// What a client gets of an answer: a head that reads the same, with our framing alone.
void check_written(std::string_view bytes) {
    const ResponseResult read(bytes);
    if (read.state != Parse::complete) return;
    static std::string room(128 * 1024, '\0');
    for (const bool close : {false, true}) {
        HeadWriter out(room.data(), room.size());
        write_response(out, *read.head, read->body, close, true);
        if (!out.ok()) std::abort();
        const ResponseResult again(out.text());
        // What we add may push a head over a limit; nothing else may be wrong with it.
        if (again.reason == sluice::Reason::head_too_large) return;
        if (again.reason == sluice::Reason::too_many_fields) return;
        if (again.state != Parse::complete || again->size != out.size()) std::abort();
        if (again->status != read->status || again->phrase != read->phrase) std::abort();
        const bool has_body = read->body.kind != Framing::none;
        if (has_body && again->body.kind != read->body.kind) std::abort();
        if (again->body.length != read->body.length) std::abort();
        if (close && again->keep_alive) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const std::string difference = oracle::compare_response(bytes);
    if (!difference.empty()) {
        std::fprintf(stderr, "%s\n", difference.c_str());
        std::abort();
    }
    check_written(bytes);
    if (size > 0) check_cut(bytes, (data[size / 2] * size_t{7}) % size);
    return 0;
}
