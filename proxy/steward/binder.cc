// Identities and names of what has statistics.
#include "proxy/steward/binder.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "proxy/net/address.h"

namespace sluice::steward {
namespace {

using live::Slot;

constexpr uint32_t kReservedCounters = live::kUnroutedSlot + 1;
constexpr uint32_t kReservedLoads = live::kOtherSlot + 1;

// murmur3's finish: each bit of the input moves half of the output.
uint64_t mix(uint64_t hash) {
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdull;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53ull;
    return hash ^ hash >> 33;
}

// A rule's shares of one backend are one identity, as are all that no backend answers.
live::Identity identity_of(const table::Rule& rule, uint64_t backend_key) {
    return {
        mix(rule.key_high ^ mix(backend_key)),
        mix(rule.key_low ^ std::rotl(mix(backend_key + 1), 32)),
    };
}

// What live workers' new requests use is no older than this. One that counts as stuck, or refuses
// the newest table, still serves by its own.
uint64_t oldest_generation(const live::Mapping& mapping) {
    uint64_t oldest = std::numeric_limits<uint64_t>::max();
    for (uint32_t i = 0; i < mapping.sizes().workers; ++i) {
        const uint64_t generation = mapping.worker(i).generation.load(std::memory_order_relaxed);
        if (generation != 0) oldest = std::min(oldest, generation);
    }
    return oldest;
}

uint32_t sum(const live::Mapping& mapping, Slot slot, bool counters) {
    uint32_t total = 0;
    for (uint32_t i = 0; i < mapping.sizes().workers; ++i) {
        const auto words = counters ? mapping.counter_loads(i) : mapping.loads(i);
        total += words[slot].load(std::memory_order_relaxed);
    }
    return total;
}

// Nobody writes them any more: no generation names the slot and nothing is in flight.
void zero(live::Counter& counter) {
    const auto clear = [](live::Count& count) { count.store(0, std::memory_order_relaxed); };
    for (live::Count& count : counter.outcomes) clear(count);
    for (live::Buckets& buckets : counter.buckets) {
        clear(buckets.duration);
        clear(buckets.first_byte);
    }
    for (live::Count* count :
         {&counter.duration_ns,
          &counter.first_byte_ns,
          &counter.bytes_in,
          &counter.bytes_out,
          &counter.retries}) {
        clear(*count);
    }
}

}  // namespace

Binder::Binder(const live::Mapping& mapping)
    : mapping_(mapping),
      counters_(mapping.counter_slots(), kReservedCounters),
      loads_(mapping.load_slots(), kReservedLoads) {}

std::vector<uint32_t> Binder::bind(
    const table::RoutesView& routes, uint64_t generation, int64_t now_ns
) {
    std::vector<live::SlotName> names;
    std::vector<uint32_t> numbers;
    const auto rules = routes.rules();
    for (const table::Rule& rule : rules) {
        numbers.push_back(static_cast<uint32_t>(rules.size() + names.size()));
        const std::string_view name = routes.name(rule);
        names.push_back({identity_of(rule, 0), name, {}});
        for (const table::Split& split : routes.splits_of(rule)) {
            if (split.backend == table::kNone) {
                names.push_back({identity_of(rule, 0), name, {}});
                continue;
            }
            const table::Backend& backend = routes.backends()[split.backend];
            names.push_back({identity_of(rule, backend.key), name, routes.text(backend.name)});
        }
    }
    const std::vector<Slot> slots = counters_.bind(names, generation, now_ns);
    numbers.insert(numbers.end(), slots.begin(), slots.end());
    return numbers;
}

std::vector<uint32_t> Binder::bind(
    const table::EndpointsView& endpoints, uint64_t generation, int64_t now_ns
) {
    std::vector<std::string> addresses;
    addresses.reserve(endpoints.endpoints().size());
    std::vector<live::SlotName> names;
    for (const table::Endpoint& endpoint : endpoints.endpoints()) {
        addresses.push_back(net::with_port({endpoint.address, endpoint.port}));
        names.push_back({
            {endpoint.identity_high, endpoint.identity_low},
            endpoints.text(endpoint.name),
            addresses.back(),
        });
    }
    return loads_.bind(names, generation, now_ns);
}

void Binder::sweep(int64_t now_ns) {
    const uint64_t oldest = oldest_generation(mapping_);
    const uint32_t workers = mapping_.sizes().workers;
    counters_.sweep(
        oldest,
        now_ns,
        [this](Slot slot) { return sum(mapping_, slot, true); },
        [this, workers](Slot slot) {
            for (uint32_t i = 0; i < workers; ++i) zero(mapping_.counters(i)[slot]);
        }
    );
    loads_.sweep(
        oldest,
        now_ns,
        [this](Slot slot) { return sum(mapping_, slot, false); },
        [this, workers](Slot slot) {
            for (uint32_t i = 0; i < workers; ++i) {
                mapping_.failures(i)[slot].store(0, std::memory_order_relaxed);
            }
        }
    );
}

}  // namespace sluice::steward
