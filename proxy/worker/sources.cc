// Linear probing at half load at most, and entries moved up instead of tombstones: a walk stays
// short however many sources came and went.
#include "proxy/worker/sources.h"

#include <bit>
#include <cstdlib>
#include <new>

namespace sluice::worker {

uint64_t source_of(const net::Address& client) {
    uint64_t high = 0;
    uint64_t low = 0;
    for (size_t i = 0; i < sizeof high; ++i) {
        high = high << 8 | client.bytes[i];
        low = low << 8 | client.bytes[i + sizeof high];
    }
    // The mapped form ::ffff:a.b.c.d, which is nobody's network.
    return client.is_v4() ? low : high;
}

Sources::Sources(size_t most, size_t clients, uint64_t seed)
    : most_(most),
      mask_(std::bit_ceil(2 * clients) - 1),
      seed_(seed | 1),
      entries_(static_cast<Entry*>(std::calloc(mask_ + 1, sizeof(Entry))), &std::free) {
    if (entries_ == nullptr) throw std::bad_alloc();
}

size_t Sources::home_of(uint64_t source) const {
    const uint64_t mixed = (source ^ seed_) * 0x9e3779b97f4a7c15ull;
    return ((mixed ^ mixed >> 32) * seed_ >> 32) & mask_;
}

// Its entry, or the free one where it would stand.
size_t Sources::find(uint64_t source) const {
    size_t at = home_of(source);
    while (entries_[at].connections != 0 && entries_[at].source != source) at = (at + 1) & mask_;
    return at;
}

bool Sources::take(uint64_t source) {
    Entry& entry = entries_[find(source)];
    if (entry.connections >= most_) return false;
    entry.source = source;
    ++entry.connections;
    return true;
}

void Sources::give(uint64_t source) {
    const size_t at = find(source);
    if (entries_[at].connections == 0) return;
    if (--entries_[at].connections == 0) close_gap(at);
}

size_t Sources::count(uint64_t source) const {
    return entries_[find(source)].connections;
}

// Whoever walked past the gap to find a place moves into it, and leaves the next one.
void Sources::close_gap(size_t gap) {
    for (size_t at = (gap + 1) & mask_; entries_[at].connections != 0; at = (at + 1) & mask_) {
        const size_t walked = (at - home_of(entries_[at].source)) & mask_;
        if (walked < ((at - gap) & mask_)) continue;
        entries_[gap] = entries_[at];
        entries_[at].connections = 0;
        gap = at;
    }
}

}  // namespace sluice::worker
