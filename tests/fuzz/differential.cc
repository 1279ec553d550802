// Fuzzes whole requests, head and body, one behind another: the gate and the body scanner against
// an oracle written from the grammar of the RFCs. What we accept, the oracle accepts and reads
// alike; what it accepts and we refuse stands in the list of kept_out.h; and what we would forward
// reads as the same request.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/body.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/hop.h"
#include "proxy/http/write.h"
#include "tests/fuzz/oracle/kept_out.h"
#include "tests/fuzz/oracle/rfc_request.h"

namespace {

using namespace sluice::http;
using sluice::Reason;
using sluice::fuzz::Fields;
using sluice::fuzz::lower_case;
using sluice::fuzz::RfcRequest;

// Our reading of one whole request. Views in `head` borrow from the bytes.
struct Ours {
    Parsed head_read{Parse::need_more};
    Reason reason = Reason::ok;
    bool whole = false;
    std::string body;
    std::string trailers;
    size_t size = 0;
};

[[noreturn]] void differ(const char* what, std::string_view detail) {
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(detail.size()), detail.data());
    std::abort();
}

void require(bool holds, const char* what) {
    if (!holds) differ("differs", what);
}

Ours read(std::string_view bytes, Scratch& scratch, RequestHead& head) {
    Ours ours;
    size_t scanned = 0;
    ours.head_read = parse_request(bytes, scanned, scratch, head);
    ours.reason = ours.head_read.reason;
    if (ours.head_read.state != Parse::complete) return ours;
    BodyScanner scanner;
    scanner.start(head.body);
    ours.size = head.size;
    while (!scanner.ended()) {
        const BodyScanner::Step step = scanner.next(bytes.substr(ours.size));
        ours.reason = step.reason;
        if (step.reason != Reason::ok || step.consumed == 0) return ours;
        ours.body += step.payload;
        ours.size += step.consumed;
    }
    ours.whole = true;
    ours.trailers = scanner.trailers();
    return ours;
}

// The trailers that we keep are some of the oracle's, in its order.
void compare_trailers(std::string_view kept, const Fields& all) {
    size_t next = 0;
    while (!kept.empty()) {
        const std::string_view line = kept.substr(0, kept.find("\r\n"));
        kept.remove_prefix(line.size() + 2);
        const auto is_same = [&line](const auto& field) {
            return line.starts_with(field.first + ":") && line.find(field.second) != line.npos;
        };
        while (next < all.size() && !is_same(all[next])) ++next;
        require(next++ < all.size(), "trailers");
    }
}

// What the oracle takes for the host: lower case, without port and trailing dot.
std::string host_of(const RfcRequest& request) {
    std::string host = lower_case(request.host ? *request.host : request.authority.value_or(""));
    const size_t colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
        host.resize(colon);
    }
    if (host.ends_with('.')) host.pop_back();
    return host;
}

void compare(const RequestHead& head, const Ours& ours, const RfcRequest& theirs) {
    require(head.method == theirs.method, "method");
    require(head.target == theirs.target, "target");
    require(theirs.major == 1 && head.minor == theirs.minor, "version");
    require(head.host == host_of(theirs), "host");
    require(head.fields.size() == theirs.fields.size(), "number of fields");
    for (size_t i = 0; i < head.fields.size(); ++i) {
        require(head.fields.all()[i].name == theirs.fields[i].first, "name of a field");
        require(head.fields.all()[i].value == theirs.fields[i].second, "value of a field");
        const Field* const found = head.fields.find(theirs.fields[i].first);
        require(found != nullptr && found <= &head.fields.all()[i], "a field by its name");
    }
    require(head.keep_alive == !theirs.closes, "whether the connection goes on");
    require(head.size == theirs.head_size && ours.size == theirs.size, "size");
    require((head.body.kind == Framing::chunked) == theirs.chunked(), "framing");
    require((head.body.kind == Framing::length) == !theirs.length.empty(), "framing");
    require(ours.body == theirs.body, "body");
    compare_trailers(ours.trailers, theirs.trailers);
}

// What goes upstream: one request, lawful as far as its target was, with the same body.
void check_forwarded(RequestHead& head, const Ours& ours, Scratch& scratch) {
    if (strip_hop_by_hop(head.fields) != Reason::ok || head.authority.empty()) return;
    const Peer peer{.address = "192.0.2.1", .scheme = "http", .port = 80};
    if (rebuild_forwarded(head, peer, scratch) != Reason::ok) return;
    static std::string room(128 * 1024, '\0');
    HeadWriter writer(room.data(), room.size());
    const std::string_view target = head.target_is_canonical ? head.target : head.path;
    write_request(writer, head, target, head.authority, head.body);
    require(writer.ok(), "room for the head");
    std::string sent(writer.text());
    if (head.body.kind == Framing::chunked && !ours.body.empty()) {
        char size[18];
        sent.append(size, write_chunk_head(size, ours.body.size()));
        sent += ours.body + std::string(kChunkEnd);
    }
    sent += head.body.kind == Framing::chunked ? std::string(kLastChunk) : ours.body;
    const RfcRequest there = sluice::fuzz::read_rfc_request(sent);
    require(there.accepted(), "forwarded and not lawful");
    require(there.size == sent.size() && there.body == ours.body, "forwarded body");
    require(there.method == head.method, "forwarded method");
}

// Returns where the next request begins; 0: none does.
size_t check(std::string_view bytes) {
    static const auto scratch = std::make_unique<Scratch>();
    static const auto head = std::make_unique<RequestHead>();
    const Ours ours = read(bytes, *scratch, *head);
    const RfcRequest theirs = sluice::fuzz::read_rfc_request(bytes);
    if (!ours.whole) {
        if (!theirs.accepted()) return 0;
        if (ours.reason == Reason::ok) differ("we wait, the oracle has all of it", theirs.why);
        if (!sluice::fuzz::is_kept_out(ours.reason, theirs)) {
            differ("refused, and not in the list", sluice::reason_text(ours.reason));
        }
        return 0;
    }
    if (!theirs.accepted()) differ("we accept, the oracle does not", theirs.why);
    compare(*head, ours, theirs);
    const bool goes_on = head->keep_alive;
    check_forwarded(*head, ours, *scratch);
    return goes_on ? ours.size : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    while (!bytes.empty()) {
        const size_t next = check(bytes);
        if (next == 0) break;
        bytes.remove_prefix(next);
    }
    return 0;
}
