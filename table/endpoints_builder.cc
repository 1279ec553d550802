// Endpoints: spec to vectors, sets in the order of their keys and each with its endpoints behind
// those of the set before, then to bytes.
#include <algorithm>
#include <string>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/builder.h"
#include "table/endpoints_generated.h"
#include "table/limits.h"
#include "table/pool.h"
#include "table/problem.h"
#include "table/schema_hash.h"
#include "table/spec_check.h"

namespace sluice::table {
namespace {

Endpoint written(const EndpointSpec& endpoint, Pool& pool) {
    Endpoint out{};
    out.identity_high = endpoint.identity.high;
    out.identity_low = endpoint.identity.low;
    out.address = endpoint.address;
    out.name = pool.add(endpoint.name);
    out.port = endpoint.port;
    return out;
}

std::vector<const EndpointSetSpec*> by_key(const EndpointsSpec& spec) {
    std::vector<const EndpointSetSpec*> order;
    for (const EndpointSetSpec& set : spec.sets) order.push_back(&set);
    std::ranges::sort(order, {}, &EndpointSetSpec::backend);
    return order;
}

Bytes written(
    const std::vector<EndpointSet>& sets, const std::vector<Endpoint>& endpoints, const Pool& pool
) {
    const uint32_t bits = bits_for(sets.size());
    const auto offsets = make_buckets(std::span(sets), bits, &EndpointSet::backend);
    flatbuffers::FlatBufferBuilder builder(
        offsets.size() * sizeof(uint32_t) + sets.size() * sizeof(EndpointSet) +
        endpoints.size() * sizeof(Endpoint) + pool.bytes().size() + 256
    );
    const auto buckets_at = builder.CreateVector(offsets);
    const auto sets_at = builder.CreateVectorOfStructs(
        reinterpret_cast<const fbs::EndpointSet*>(sets.data()), sets.size()
    );
    const auto endpoints_at = builder.CreateVectorOfStructs(
        reinterpret_cast<const fbs::Endpoint*>(endpoints.data()), endpoints.size()
    );
    const auto pool_at = builder.CreateVector(
        reinterpret_cast<const uint8_t*>(pool.bytes().data()), pool.bytes().size()
    );
    const fbs::EndpointsHeader header(kSchemaHash, bits, 0);
    fbs::FinishEndpointsBuffer(
        builder, fbs::CreateEndpoints(builder, &header, buckets_at, sets_at, endpoints_at, pool_at)
    );
    const auto* const begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {begin, begin + builder.GetSize()};
}

}  // namespace

// The limits on endpoints and their names keep every such segment far below limits::kSegmentBytes.
tl::expected<Bytes, BuildError> build_endpoints(const EndpointsSpec& spec) {
    if (auto problem = why_refused(spec)) return tl::unexpected<BuildError>(std::move(*problem));
    static_assert(
        limits::kEndpoints * (sizeof(Endpoint) + limits::kNameBytes) +
            limits::kBackends * (sizeof(EndpointSet) + 2 * sizeof(uint32_t)) <
        limits::kSegmentBytes
    );
    Pool pool;
    std::vector<EndpointSet> sets;
    std::vector<Endpoint> endpoints;
    for (const EndpointSetSpec* set : by_key(spec)) {
        if (!sets.empty() && sets.back().backend == set->backend) {
            return tl::unexpected<BuildError>(BuildError{
                Reason::key_collision, "sets: two have the key " + std::to_string(set->backend)
            });
        }
        EndpointSet out{.backend = set->backend};
        if (!set->endpoints.empty()) {
            out.endpoints = {
                static_cast<uint32_t>(endpoints.size()),
                static_cast<uint32_t>(set->endpoints.size())
            };
        }
        for (const EndpointSpec& endpoint : set->endpoints) {
            endpoints.push_back(written(endpoint, pool));
        }
        sets.push_back(out);
    }
    return written(sets, endpoints, pool);
}

}  // namespace sluice::table
