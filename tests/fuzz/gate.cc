// Fuzzes what a gateway does to a request: parse, strip, forward, write. What comes out must be a
// request that the gate accepts and reads the same, with our framing alone.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/http/caller.h"
#include "proxy/http/h1_codec.h"
#include "proxy/http/hop.h"
#include "proxy/http/write.h"

namespace {

using namespace sluice::http;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(std::string_view bytes) {
    static const auto scratch = std::make_unique<Scratch>();
    static const auto head = std::make_unique<RequestHead>();
    static const auto again = std::make_unique<RequestHead>();
    static const auto other_scratch = std::make_unique<Scratch>();
    size_t scanned = 0;
    if (parse_request(bytes, scanned, *scratch, *head).state != Parse::complete) return;
    if (strip_hop_by_hop(head->fields) != sluice::Reason::ok) return;
    Peer peer{.address = "192.0.2.1", .scheme = "http", .port = 80};
    peer.trusted = bytes.size() % 2 == 1;
    if (rebuild_forwarded(*head, peer, *scratch) != sluice::Reason::ok) return;
    const std::string_view id = ensure_request_id(*head, 1, 2, *scratch);
    require(!id.empty() && id.size() <= sluice::limits::kRequestIdBytes);
    if (head->authority.empty()) return;  // HTTP/1.0 without a host is answered locally

    static std::string out(128 * 1024, '\0');
    HeadWriter writer(out.data(), out.size());
    const std::string_view target = head->target_is_canonical ? head->target : head->path;
    write_request(writer, *head, target, head->authority, head->body);
    require(writer.ok());
    scanned = 0;
    const Parsed parsed = parse_request(writer.text(), scanned, *other_scratch, *again);
    if (parsed.state == Parse::refused) {
        // What we add may push a head over a limit; nothing else may be wrong with it.
        require(
            parsed.reason == sluice::Reason::head_too_large ||
            parsed.reason == sluice::Reason::too_many_fields
        );
        return;
    }
    require(parsed.state == Parse::complete && again->size == writer.size());
    require(
        again->method == head->method && again->path == head->path && again->host == head->host
    );
    require(again->body.kind == head->body.kind && again->body.length == head->body.length);
    require(again->target_is_canonical);
    for (const FieldId id_once : {FieldId::x_forwarded_for, FieldId::x_request_id, FieldId::host}) {
        size_t count = 0;
        for (const Field& field : again->fields.all()) count += field.id == id_once ? 1 : 0;
        require(count == 1);
    }
    const std::string_view chain = again->fields.find(FieldId::x_forwarded_for)->value;
    require(peer.trusted ? chain.ends_with(peer.address) : chain == peer.address);
    const HopChain hops = read_chain(again->fields);
    require(hops.count > 0 && hops.hops[0].text == peer.address);
    require(!again->fields.may_have(field_set({FieldId::connection, FieldId::te, FieldId::upgrade}))
    );
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    check({reinterpret_cast<const char*>(data), size});
    return 0;
}
