// A hash table whose keys stand in the pool itself: no allocation a text.
#include "table/pool.h"

#include <utility>

namespace sluice::table {
namespace {

constexpr size_t kFirstSlots = 256;

}  // namespace

Text Pool::append(std::string_view text) {
    if (text.empty()) return {};
    const Text place{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
    bytes_.append(text);
    return place;
}

Text Pool::add(const PoolText& text) {
    if (text.text.empty()) return {};
    if (2 * (taken_ + 1) > slots_.size()) grow();
    Slot& slot = slot_for(text);
    if (slot.text.length == 0) {
        slot = {static_cast<uint32_t>(text.hash), append(text.text)};
        ++taken_;
    }
    return slot.text;
}

void Pool::clear() {
    bytes_.clear();
    slots_.assign(slots_.size(), Slot{});
    taken_ = 0;
}

// Its own, or the free one where it belongs.
Pool::Slot& Pool::slot_for(const PoolText& text) {
    const auto hash = static_cast<uint32_t>(text.hash);
    for (size_t at = hash;; ++at) {
        Slot& slot = slots_[at & (slots_.size() - 1)];
        if (slot.text.length == 0) return slot;
        if (slot.hash != hash || slot.text.length != text.text.size()) continue;
        if (bytes_.compare(slot.text.offset, slot.text.length, text.text) == 0) return slot;
    }
}

void Pool::grow() {
    std::vector<Slot> old(slots_.empty() ? kFirstSlots : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.text.length == 0) continue;
        size_t at = slot.hash & (slots_.size() - 1);
        while (slots_[at].text.length != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = slot;
    }
}

}  // namespace sluice::table
