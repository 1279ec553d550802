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

size_t rule_slot_count(const RoutesView& routes) {
    size_t count = 0;
    for (const Rule& rule : routes.rules()) count += 2 + size_t{rule.split_count};
    return count;
}

tl::expected<std::span<const uint32_t>, Refusal> rule_slots(
    std::span<const std::byte> bytes, uint64_t digest, const RoutesView& routes
) {
    auto slots = binding_slots(bytes, digest, rule_slot_count(routes));
    if (!slots) return slots;
    for (size_t i = 0; i < routes.rules().size(); ++i) {
        const size_t end = size_t{(*slots)[i]} + 1 + routes.rules()[i].split_count;
        if (end > slots->size()) {
            return tl::unexpected<Refusal>(
                Refusal{Reason::table_bad_reference, "a rule's slots are outside the binding"}
            );
        }
    }
    return slots;
}

}  // namespace sluice::table
