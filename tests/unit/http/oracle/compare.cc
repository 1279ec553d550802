// The comparison that unit tests and fuzzers share.
#include "tests/unit/http/oracle/compare.h"

#include "proxy/http/hop.h"
#include "tests/unit/http/oracle/beast_oracle.h"
#include "tests/unit/http/oracle/strict_oracle.h"
#include "tests/unit/http/support.h"

namespace sluice::http::oracle {
namespace {

// Of states alone: "" when they fit together.
std::string compare_states(Parse state, Reason reason, const Verdict& verdict) {
    const bool complete = state == Parse::complete;
    const bool accepted = verdict.kind == Verdict::Kind::accepted;
    if (complete && !accepted) return "gate accepts, oracle does not";
    if (accepted && !complete)
        return "oracle accepts, gate says " + std::string(reason_text(reason));
    if (state == Parse::need_more && verdict.kind != Verdict::Kind::incomplete) {
        return "gate waits for a head that is there";
    }
    if ((reason == Reason::ok) == (state == Parse::refused)) return "reason and state disagree";
    return "";
}

template <typename Other>
std::string compare_fields(const FieldList& fields, const Other& other) {
    if (fields.size() != other.size()) return "number of fields";
    for (size_t i = 0; i < fields.size(); ++i) {
        const Field& field = fields.all()[i];
        if (field.name != other[i].first) return "name of a field";
        if (field.value != other[i].second) return "value of " + other[i].first;
        if (field.id != identify(other[i].first)) return "id of " + other[i].first;
    }
    return "";
}

// Beast looks into these values more closely than a parser of ours needs to; strip_hop_by_hop()
// does it, or drops them unread.
bool beast_minds(const FieldList& fields) {
    return fields.may_have(
        field_set({FieldId::connection, FieldId::proxy_connection, FieldId::upgrade})
    );
}

std::string compare_beast(
    const BeastReading& beast, const FieldList& fields, const Verdict& verdict
) {
    if (!beast.accepted) return beast_minds(fields) ? "" : "Beast refuses: " + beast.error;
    if (beast.method != verdict.method || beast.target != verdict.target)
        return "Beast's request line";
    if (beast.status != verdict.status) return "Beast's status";
    if (beast.chunked != verdict.chunked) return "Beast's coding";
    if (beast.has_length != verdict.length.has_value()) return "Beast's length";
    if (beast.has_length && beast.length != *verdict.length) return "Beast's length";
    const std::string difference = compare_fields(fields, beast.fields);
    return difference.empty() ? "" : "Beast's " + difference;
}

std::string compare_framing(BodyFraming body, const Verdict& verdict) {
    if (verdict.chunked) return body.kind == Framing::chunked ? "" : "coding";
    if (verdict.length) {
        return body.kind == Framing::length && body.length == *verdict.length ? "" : "length";
    }
    return body.kind == Framing::none || body.kind == Framing::until_close ? "" : "framing";
}

}  // namespace

std::string compare_request(std::string_view bytes) {
    const RequestResult result(bytes);
    const Verdict verdict = judge_request(bytes);
    std::string difference = compare_states(result.state, result.reason, verdict);
    if (!difference.empty() || result.state != Parse::complete) return difference;
    const RequestHead& head = *result.head;
    if (head.size != verdict.size) return "size";
    if (head.method != verdict.method) return "method";
    if (head.target != verdict.target) return "target";
    if (head.path != verdict.path) return "path";
    if (head.host != verdict.host) return "host";
    if (head.keep_alive != verdict.keep_alive) return "keep_alive";
    difference = compare_framing(head.body, verdict);
    if (difference.empty()) difference = compare_fields(head.fields, verdict.fields);
    if (!difference.empty()) return difference;
    return compare_beast(beast_reads_request(bytes.substr(0, head.size)), head.fields, verdict);
}

std::string compare_response(std::string_view bytes) {
    const ResponseResult result(bytes);
    const Verdict verdict = judge_response(bytes);
    std::string difference = compare_states(result.state, result.reason, verdict);
    if (!difference.empty() || result.state != Parse::complete) return difference;
    const ResponseHead& head = *result.head;
    if (head.size != verdict.size) return "size";
    if (head.status != verdict.status) return "status";
    difference = compare_fields(head.fields, verdict.fields);
    if (!difference.empty()) return difference;
    const bool has_body = head.status >= 200 && head.status != 204 && head.status != 304;
    if (!has_body && head.body.kind != Framing::none) return "a body where none may be";
    if (has_body) difference = compare_framing(head.body, verdict);
    if (!difference.empty()) return difference;
    return compare_beast(beast_reads_response(bytes.substr(0, head.size)), head.fields, verdict);
}

}  // namespace sluice::http::oracle
