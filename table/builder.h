// Spec to bytes. Pure: the same spec gives the same bytes on every machine, so replicas and
// restarts agree by digest. The compiler's order is kept among matches of one path; everything else
// is sorted here.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "table/reason.h"
#include "table/spec.h"

namespace sluice::table {

using Bytes = std::vector<std::byte>;

struct BuildError {
    Reason reason;
    std::string message;  // names the field and the value
};

// Errors are the compiler's bugs or limits it did not keep (table_too_large, table_bad_value,
// key_collision).
tl::expected<Bytes, BuildError> build_routes(const RoutesSpec& spec);
tl::expected<Bytes, BuildError> build_endpoints(const EndpointsSpec& spec);

// The same bytes as build_routes() of the joined parts, and the same errors in other words; only
// parts that the builder has not seen in the build before are looked at.
class RoutesBuilder {
public:
    RoutesBuilder();
    ~RoutesBuilder();
    // The bytes are the builder's, and good until the next call.
    tl::expected<std::span<const std::byte>, BuildError> build(const RoutesParts& parts);

private:
    class Memo;
    std::unique_ptr<Memo> memo_;
};

// Content digest of a segment; equal digests mean equal bytes for hello and hand-over.
uint64_t digest(std::span<const std::byte> bytes);

}  // namespace sluice::table
