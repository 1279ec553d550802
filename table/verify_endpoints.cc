// The meaning of an endpoints segment: sets in order, each with the next endpoints.
#include "table/buckets.h"
#include "table/flaw.h"
#include "table/limits.h"
#include "table/text_rules.h"
#include "table/verify.h"

namespace sluice::table {
namespace {

Flaw check(const EndpointsView& view, const Endpoint& endpoint) {
    if (!holds(view, endpoint.name)) return bad_reference("name outside the pool");
    if (endpoint.name.length > limits::kNameBytes) return too_large("name");
    if (endpoint.port == 0) return bad_value("port zero");
    return is_zero(endpoint.reserved) ? Flaw{} : bad_value("reserved bytes");
}

Flaw check_order(std::span<const EndpointSet> sets, size_t index) {
    if (index == 0) return {};
    const uint64_t before = sets[index - 1].backend;
    if (before == sets[index].backend) return {Reason::key_collision, "key of the one before"};
    return before < sets[index].backend ? Flaw{} : out_of_order("keys do not ascend");
}

Flaw check_bucket(const EndpointsView& view, uint32_t index) {
    const auto offsets = view.set_buckets();
    if (offsets[index + 1] < offsets[index] || offsets[index + 1] > view.sets().size()) {
        return out_of_order("offsets do not ascend");
    }
    const Range bucket = bucket_at(offsets, index);
    for (const EndpointSet& set : view.sets().subspan(bucket.first, bucket.count)) {
        if (bucket_of(set.backend, view.set_bits()) != index) {
            return out_of_order("set of another bucket");
        }
    }
    return {};
}

std::optional<Refusal> check_buckets(const EndpointsView& view) {
    const auto offsets = view.set_buckets();
    if (offsets.front() != 0 || offsets.back() != view.sets().size()) {
        return refusal("set_buckets", 0, bad_reference("do not span the sets"));
    }
    for (uint32_t i = 0; i + 1 < offsets.size(); ++i) {
        if (const Flaw flaw = check_bucket(view, i)) return refusal("set_buckets", i, flaw);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Refusal> why_refused(const EndpointsView& view) {
    if (view.sets().size() > limits::kBackends) {
        return Refusal{Reason::table_too_large, "sets: over the limit"};
    }
    if (view.endpoints().size() > limits::kEndpoints) {
        return Refusal{Reason::table_too_large, "endpoints: over the limit"};
    }
    if (!is_printable(view.pool())) {
        return Refusal{Reason::table_bad_value, "pool: has a control byte"};
    }
    Cursor endpoints(view.endpoints().size());
    for (size_t i = 0; i < view.sets().size(); ++i) {
        if (const Flaw flaw = check_order(view.sets(), i)) return refusal("sets", i, flaw);
        if (!endpoints.take(view.sets()[i].endpoints)) {
            return refusal("sets", i, bad_reference("endpoints that are not the next"));
        }
    }
    if (!endpoints.is_at_end()) {
        return refusal("endpoints", endpoints.at(), bad_reference("belongs to no set"));
    }
    for (size_t i = 0; i < view.endpoints().size(); ++i) {
        if (const Flaw flaw = check(view, view.endpoints()[i]))
            return refusal("endpoints", i, flaw);
    }
    return check_buckets(view);
}

}  // namespace sluice::table
