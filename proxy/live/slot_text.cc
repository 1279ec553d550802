// Names into a slot's record and out of it.
#include "proxy/live/slot_text.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "proxy/live/slots.h"

namespace sluice::live {
namespace {

constexpr size_t kRoom = std::tuple_size_v<decltype(SlotRecord::text)>;
constexpr size_t kHashDigits = 16;

uint64_t hash_of(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char each : text) hash = (hash ^ static_cast<uint8_t>(each)) * 0x100000001b3ULL;
    return hash;
}

bool continues(char byte) {
    return (static_cast<uint8_t>(byte) & 0xc0U) == 0x80U;
}

// Writes `text` into `room` bytes; returns how many it took.
uint32_t put(char* to, std::string_view text, size_t room) {
    if (text.size() <= room) {
        if (!text.empty()) std::memcpy(to, text.data(), text.size());
        return static_cast<uint32_t>(text.size());
    }
    size_t kept = room - kHashDigits - 1;
    while (kept > 0 && continues(text[kept])) --kept;  // a character is cut off as a whole
    std::memcpy(to, text.data(), kept);
    to[kept] = '~';
    uint64_t hash = hash_of(text);
    for (size_t i = kHashDigits; i > 0; --i, hash >>= 4)
        to[kept + i] = "0123456789abcdef"[hash & 15];
    return static_cast<uint32_t>(kept + 1 + kHashDigits);
}

}  // namespace

void write_texts(SlotRecord& record, std::string_view first, std::string_view second) {
    const size_t half = kRoom / 2;
    const size_t room = second.size() >= half ? half : kRoom - second.size();
    record.first_length = put(record.text.data(), first, room);
    record.second_length =
        put(record.text.data() + record.first_length, second, kRoom - record.first_length);
}

SlotTexts texts_of(const SlotRecord& record) {
    const SlotState state = record.state.load(std::memory_order_acquire);
    if (state != SlotState::bound && state != SlotState::retired) return {};
    const size_t first = std::min<size_t>(record.first_length, kRoom);
    const size_t second = std::min<size_t>(record.second_length, kRoom - first);
    return {
        .first = {record.text.data(), first},
        .second = {record.text.data() + first, second},
    };
}

}  // namespace sluice::live
