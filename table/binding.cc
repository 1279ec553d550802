// Layout, little endian: magic u64, digest u64, count u64, then the slots.
#include "table/binding.h"

#include <cstring>
#include <string>

namespace sluice::table {
namespace {

constexpr uint64_t kMagic = 0x73746f6c73656373;
struct Head {
    uint64_t magic;
    uint64_t digest;
    uint64_t count;
};

}  // namespace

std::vector<std::byte> binding_bytes(uint64_t digest, std::span<const uint32_t> slots) {
    const Head head{kMagic, digest, slots.size()};
    std::vector<std::byte> bytes(sizeof head + slots.size_bytes());
    std::memcpy(bytes.data(), &head, sizeof head);
    if (!slots.empty()) std::memcpy(bytes.data() + sizeof head, slots.data(), slots.size_bytes());
    return bytes;
}

tl::expected<std::span<const uint32_t>, Refusal> binding_slots(
    std::span<const std::byte> bytes, uint64_t digest, size_t count
) {
    Head head{};
    if (bytes.size() < sizeof head) {
        return tl::unexpected<Refusal>(Refusal{Reason::table_corrupt, "a binding that is cut"});
    }
    std::memcpy(&head, bytes.data(), sizeof head);
    const bool whole = head.magic == kMagic && head.count == count &&
                       (bytes.size() - sizeof head) / sizeof(uint32_t) == count &&
                       (bytes.size() - sizeof head) % sizeof(uint32_t) == 0;
    if (!whole || head.digest != digest) {
        return tl::unexpected<Refusal>(
            Refusal{Reason::table_bad_reference, "a binding of another segment"}
        );
    }
    return std::span(reinterpret_cast<const uint32_t*>(bytes.data() + sizeof head), count);
}

}  // namespace sluice::table
