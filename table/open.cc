// From bytes to spans: FlatBuffers' check, the schema's hash, and sizes that must agree. Constant
// work, so that workers can do it inside a loop turn.
#include <cstdint>
#include <string>

#include <flatbuffers/flatbuffers.h>

#include "table/buckets.h"
#include "table/endpoints_generated.h"
#include "table/limits.h"
#include "table/routes_generated.h"
#include "table/schema_hash.h"
#include "table/view.h"

namespace sluice::table {
namespace {

tl::unexpected<Refusal> refused(Reason reason, std::string message) {
    return tl::unexpected<Refusal>(Refusal{reason, std::move(message)});
}

bool is_aligned(const void* address, size_t alignment) {
    return reinterpret_cast<uintptr_t>(address) % alignment == 0;
}

// FlatBuffers checks the place of a vector's length; its elements may need more alignment than
// that. An empty vector's elements stand anywhere.
template <class Ours, class Theirs>
bool borrow(std::span<const Ours>& ours, const flatbuffers::Vector<Theirs>& theirs) {
    if (theirs.size() == 0) return true;
    ours = {reinterpret_cast<const Ours*>(theirs.Data()), theirs.size()};
    return is_aligned(theirs.Data(), alignof(Ours));
}

bool has_offsets(std::span<const uint32_t> offsets, uint32_t bits) {
    return bits <= kBucketBits && offsets.size() == (size_t{1} << bits) + 1;
}

template <class Root>
tl::expected<const Root*, Refusal> root_of(std::span<const std::byte> bytes, const char* kind) {
    using Result = tl::expected<const Root*, Refusal>;
    if (bytes.size() > limits::kSegmentBytes) {
        return refused(
            Reason::table_too_large,
            "a segment of " + std::to_string(bytes.size()) + " bytes; at most " +
                std::to_string(limits::kSegmentBytes) + " are allowed"
        );
    }
    if (!is_aligned(bytes.data(), alignof(uint64_t))) {
        return refused(Reason::table_corrupt, "a segment at an odd address");
    }
    const auto* const data = reinterpret_cast<const uint8_t*>(bytes.data());
    flatbuffers::Verifier verifier(data, bytes.size());
    if (!verifier.VerifyBuffer<Root>(kind)) {
        return refused(Reason::table_corrupt, std::string("not a segment of kind ") + kind);
    }
    const auto* const root = flatbuffers::GetRoot<Root>(data);
    if (root->header()->schema() != kSchemaHash) {
        return refused(Reason::table_foreign_schema, "a segment of another schema");
    }
    return Result(root);
}

}  // namespace

tl::expected<RoutesView, Refusal> RoutesView::open(std::span<const std::byte> bytes) {
    const auto opened = root_of<fbs::Routes>(bytes, fbs::RoutesIdentifier());
    if (!opened) return tl::unexpected<Refusal>(opened.error());
    const fbs::Routes& root = **opened;
    RoutesView view;
    const bool aligned =
        borrow(view.host_buckets_, *root.host_buckets()) && borrow(view.hosts_, *root.hosts()) &&
        borrow(view.path_buckets_, *root.path_buckets()) && borrow(view.paths_, *root.paths()) &&
        borrow(view.path_order_, *root.path_order()) && borrow(view.matches_, *root.matches()) &&
        borrow(view.by_regex_, *root.by_regex()) && borrow(view.predicates_, *root.predicates()) &&
        borrow(view.rules_, *root.rules()) && borrow(view.conducts_, *root.conducts()) &&
        borrow(view.splits_, *root.splits()) && borrow(view.redirects_, *root.redirects()) &&
        borrow(view.edits_, *root.edits()) && borrow(view.regexes_, *root.regexes()) &&
        borrow(view.backends_, *root.backends());
    if (!aligned) return refused(Reason::table_corrupt, "a vector at an odd address");
    view.pool_ = reinterpret_cast<const char*>(root.pool()->data());
    view.pool_size_ = root.pool()->size();
    view.path_depth_ = root.header()->path_depth();
    view.host_bits_ = root.header()->host_bits();
    if (!has_offsets(view.host_buckets_, view.host_bits_)) {
        return refused(Reason::table_corrupt, "host buckets that do not fit the header");
    }
    if (view.path_order_.size() != view.paths_.size()) {
        return refused(Reason::table_corrupt, "paths whose order is not that of as many");
    }
    return view;
}

tl::expected<EndpointsView, Refusal> EndpointsView::attach(std::span<const std::byte> bytes) {
    const auto opened = root_of<fbs::Endpoints>(bytes, fbs::EndpointsIdentifier());
    if (!opened) return tl::unexpected<Refusal>(opened.error());
    const fbs::Endpoints& root = **opened;
    EndpointsView view;
    const bool aligned = borrow(view.set_buckets_, *root.set_buckets()) &&
                         borrow(view.sets_, *root.sets()) &&
                         borrow(view.endpoints_, *root.endpoints());
    if (!aligned) return refused(Reason::table_corrupt, "a vector at an odd address");
    view.pool_ = reinterpret_cast<const char*>(root.pool()->data());
    view.pool_size_ = root.pool()->size();
    view.set_bits_ = root.header()->set_bits();
    if (!has_offsets(view.set_buckets_, view.set_bits_)) {
        return refused(Reason::table_corrupt, "set buckets that do not fit the header");
    }
    return view;
}

}  // namespace sluice::table
