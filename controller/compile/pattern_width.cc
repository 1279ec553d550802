// Ways and places, piece by piece.
#include "controller/compile/pattern_width.h"

#include <algorithm>

#include "table/limits.h"

namespace sluice::compile {
namespace {

constexpr uint64_t kLiteralsPerSet = 4;        // in a choice
constexpr uint64_t kMany = uint64_t{1} << 20;  // stands for "any number"

uint64_t product(uint64_t a, uint64_t b) {
    return std::min(std::min(a, kMany) * std::min(b, kMany), kMany);
}

uint64_t power(uint64_t base, uint64_t exponent) {
    uint64_t result = 1;
    for (uint64_t i = 0; i < exponent && result < kMany && base > 1; ++i) {
        result = product(result, base);
    }
    return result;
}

}  // namespace

PatternWidth::Places PatternWidth::times(const Places& places, uint64_t count) {
    return {product(places.sets, count), product(places.literals, count)};
}

void PatternWidth::add(const Piece& piece) {
    Group& group = groups_.back();
    group.places.sets += piece.places.sets;
    group.places.literals += piece.places.literals;
    group.meant.sets += piece.meant.sets;
    group.meant.literals += piece.meant.literals;
    group.last = piece;
}

// One character: meant beside others when the text before it may have come in several ways.
void PatternWidth::one(const Places& place) {
    const uint64_t ways = groups_.back().ways;
    add({.ways_before = ways, .places = place, .meant = ways > 1 ? place : Places{}});
}

void PatternWidth::literal(uint8_t character, bool folds) {
    Group& group = groups_.back();
    const bool letter = (character | 0x20) >= 'a' && (character | 0x20) <= 'z';
    const uint8_t other = folds && letter ? character ^ 0x20 : character;  // its other case
    const bool tells =
        group.endless && !group.endless->test(character) && !group.endless->test(other);
    if (tells) group.ways = group.ways_before_endless;
    group.endless.reset();
    group.last_set.reset();
    one({.sets = 0, .literals = 1});
}

void PatternWidth::set(const std::optional<ByteSet>& members) {
    Group& group = groups_.back();
    group.endless.reset();
    group.last_set = members;
    one({.sets = 1, .literals = 0});
}

void PatternWidth::open() {
    Group& outer = groups_.back();
    outer.endless.reset();
    const uint64_t ways = outer.ways;
    Group inner;
    inner.ways_at_entry = inner.ways = ways;
    groups_.push_back(inner);
}

void PatternWidth::branch() {
    Group& group = groups_.back();
    group.ways_of_branches = std::min(group.ways_of_branches + group.ways, kMany);
    ++group.branches;
    group.ways = group.ways_at_entry;
    group.endless.reset();
    group.last_set.reset();
}

// A choice is as good as places that match several characters: one, and one more for each four
// characters in it, because "(aa|ab|ba|bb)" is "[ab][ab]".
void PatternWidth::close() {
    Group inner = groups_.back();
    groups_.pop_back();
    Group& outer = groups_.back();
    if (inner.branches > 1) {
        const uint64_t sets = 1 + inner.places.literals / kLiteralsPerSet;
        inner.places.sets += sets;
        if (inner.ways_at_entry > 1) inner.meant.sets += sets;
    }
    outer.ways = std::min(inner.ways + inner.ways_of_branches, kMany);
    outer.last_set.reset();
    add({.ways_before = inner.ways_at_entry, .places = inner.places, .meant = inner.meant});
}

void PatternWidth::repeat(uint64_t least, std::optional<uint64_t> most) {
    Group& group = groups_.back();
    Piece piece = group.last;
    group.meant.sets -= piece.meant.sets;
    group.meant.literals -= piece.meant.literals;
    group.places.sets -= piece.places.sets;
    group.places.literals -= piece.places.literals;

    // The ways that one copy multiplies the ways before it by.
    const uint64_t growth = group.ways / std::max<uint64_t>(piece.ways_before, 1);
    const uint64_t copies = std::max<uint64_t>(most.value_or(least + 1), 1);
    const bool again = copies > 1 || !most;
    piece.places = times(piece.places, copies);
    if (again && growth > 1) {
        piece.meant = piece.places;  // the next copy begins before the last one ends
    } else {
        const uint64_t meant = piece.ways_before > 1 ? std::min(piece.ways_before, copies) : 0;
        const bool finite = piece.ways_before < kMany;
        piece.meant = finite && group.last_set ? Places{meant, 0} : times(piece.meant, copies);
    }
    const uint64_t variants = most ? *most - least + 1 : kMany;
    const uint64_t before = piece.ways_before;
    group.ways = product(product(before, power(growth, copies)), variants);
    group.endless.reset();
    if (!most && group.last_set) {
        group.endless = group.last_set;
        group.ways_before_endless = before;
    }
    group.last_set.reset();
    add(piece);
}

std::string_view PatternWidth::fault() const {
    Places meant;
    for (const Group& group : groups_) {
        meant.sets += group.meant.sets;
        meant.literals += group.meant.literals;
    }
    if (meant.sets <= limits::kRegexWideSets && meant.literals <= limits::kRegexWideLiterals) {
        return {};
    }
    return "has too much behind a repetition or a choice to be matched fast: repeat less there, or "
           "begin that part with a character that cannot be repeated before it";
}

}  // namespace sluice::compile
