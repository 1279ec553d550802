// The one place where a routes segment is written.
#include "table/routes_vectors.h"

#include <string>
#include <tuple>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/routes_generated.h"
#include "table/schema_hash.h"

namespace sluice::table {
namespace {

// Vectors of any constness, in no order that matters.
auto lists_of(auto& from) {
    return std::tie(
        from.hosts,
        from.path_buckets,
        from.paths,
        from.path_order,
        from.matches,
        from.by_regex,
        from.predicates,
        from.rules,
        from.conducts,
        from.splits,
        from.redirects,
        from.edits,
        from.regexes,
        from.backends
    );
}

// layout_check.cc has compared the two kinds of structs.
template <class Theirs, class Ours>
auto vector_of(flatbuffers::FlatBufferBuilder& builder, const std::vector<Ours>& ours) {
    return builder.CreateVectorOfStructs(reinterpret_cast<const Theirs*>(ours.data()), ours.size());
}

}  // namespace

void RoutesVectors::clear() {
    std::apply([](auto&... list) { (list.clear(), ...); }, lists_of(*this));
    pool.clear();
    deepest = 0;
}

uint64_t RoutesVectors::size() const {
    constexpr uint64_t kLengths = 512;  // of vectors, and their padding
    const auto bytes = [](const auto&... list) {
        return (uint64_t{0} + ... + (list.size() * sizeof(list[0])));
    };
    const uint64_t host_buckets = 2 * sizeof(uint32_t) * hosts.size();
    return std::apply(bytes, lists_of(*this)) + host_buckets + pool.bytes().size() + kLengths;
}

class RoutesWriter::Buffer {
public:
    flatbuffers::FlatBufferBuilder flat;
};

RoutesWriter::RoutesWriter() : buffer_(std::make_unique<Buffer>()) {}
RoutesWriter::~RoutesWriter() = default;

std::span<const std::byte> RoutesWriter::written(
    const RoutesVectors& from, const HostOrder& order
) {
    const auto buckets = make_buckets(std::span<const Host>(from.hosts), order.bits, &Host::hash);
    flatbuffers::FlatBufferBuilder& builder = buffer_->flat;
    builder.Clear();
    const auto host_buckets = builder.CreateVector(buckets);
    const auto hosts = vector_of<fbs::Host>(builder, from.hosts);
    const auto path_buckets = builder.CreateVector(from.path_buckets);
    const auto paths = vector_of<fbs::Path>(builder, from.paths);
    const auto path_order = builder.CreateVector(from.path_order);
    const auto matches = vector_of<fbs::Match>(builder, from.matches);
    const auto by_regex = vector_of<fbs::RegexMatch>(builder, from.by_regex);
    const auto predicates = vector_of<fbs::Predicate>(builder, from.predicates);
    const auto rules = vector_of<fbs::Rule>(builder, from.rules);
    const auto conducts = vector_of<fbs::Conduct>(builder, from.conducts);
    const auto splits = vector_of<fbs::Split>(builder, from.splits);
    const auto redirects = vector_of<fbs::Redirect>(builder, from.redirects);
    const auto edits = vector_of<fbs::Edit>(builder, from.edits);
    const auto regexes = vector_of<fbs::Regex>(builder, from.regexes);
    const auto backends = vector_of<fbs::Backend>(builder, from.backends);
    const std::string& bytes = from.pool.bytes();
    const auto pool =
        builder.CreateVector(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    const fbs::RoutesHeader header(kSchemaHash, order.bits, from.deepest);
    fbs::FinishRoutesBuffer(
        builder,
        fbs::CreateRoutes(
            builder,
            &header,
            host_buckets,
            hosts,
            path_buckets,
            paths,
            path_order,
            matches,
            by_regex,
            predicates,
            rules,
            conducts,
            splits,
            redirects,
            edits,
            regexes,
            backends,
            pool
        )
    );
    const auto* const begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return {begin, builder.GetSize()};
}

}  // namespace sluice::table
