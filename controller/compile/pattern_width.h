// How many places of a pattern can be meant at the same time: what a match costs for each byte of
// its text. "[ab]*a[ab]{900}c" has 900, and takes 70 ms for a header of 8 KiB; with 16 it is 1 ms
// (docs/decisions/0006-pattern-width.md).
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::compile {

using ByteSet = std::bitset<256>;

// Told of a pattern's pieces from left to right; counts never overflow.
class PatternWidth {
public:
    // `folds`: in either case.
    void literal(uint8_t character, bool folds);
    // One character of a set. No set: any.
    void set(const std::optional<ByteSet>& members = std::nullopt);
    void open();
    void branch();
    void close();
    // The piece before, at least so often; no `most`: without end.
    void repeat(uint64_t least, std::optional<uint64_t> most);

    // A literal for people; empty while the pattern may stand in a table.
    std::string_view fault() const;

private:
    // Places that match one of several characters, and those that match one.
    struct Places {
        uint64_t sets = 0;
        uint64_t literals = 0;
    };
    // A part of the pattern. `ways`: in how many ways a text may have come so far, which is how
    // many of the following places are meant at the same time.
    struct Piece {
        uint64_t ways_before = 1;
        Places places;  // all it has
        Places meant;   // of them at the same time
    };
    struct Group {
        uint64_t ways_at_entry = 1;
        uint64_t ways = 1;
        uint64_t ways_of_branches = 0;
        uint64_t branches = 1;
        Places places;
        Places meant;
        Piece last;
        // Behind an endless repetition of one set: a literal that is not in it tells where the
        // repetition ended.
        std::optional<ByteSet> endless;
        uint64_t ways_before_endless = 1;
        std::optional<ByteSet> last_set;
    };

    static Places times(const Places& places, uint64_t count);
    void add(const Piece& piece);
    void one(const Places& place);

    std::vector<Group> groups_{1};
};

}  // namespace sluice::compile
