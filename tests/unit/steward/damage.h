// Publishes that no steward may run, drawn from one sound table: each class of damage is wrong by
// construction, or is drawn again until it is.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/steward/tables.h"
#include "tests/unit/table/header.h"
#include "tests/unit/table/samples.h"

namespace sluice::steward {

enum class Damage : uint8_t {
    corrupt,       // some bits, under the digest of the sound bytes
    resealed,      // some words, under their own digest
    truncated,     // under its own digest
    foreign,       // another schema's hash
    exchanged,     // the other segment's bytes
    unsealed,      // at least one seal is missing
    wrong_digest,  // sound bytes
    huge_count,    // a vector longer than the segment
    dangling,      // a reference behind the end
    not_whole,     // what is not sent is not what runs, or a descriptor is missing
    noise,
    kCount
};

class Damaged {
public:
    Damaged(table::Bytes routes, table::Bytes endpoints, uint32_t seed)
        : routes_(std::move(routes)), endpoints_(std::move(endpoints)), random_(seed) {}

    Publish make(Damage damage, uint64_t generation) {
        switch (damage) {
            case Damage::corrupt:
                return sent(generation, flipped(), table::digest(sound()));
            case Damage::resealed:
                return honest(generation, refused_by_view([this] { return with_words(); }));
            case Damage::truncated:
                return honest(generation, refused_by_view([this] { return cut(); }));
            case Damage::foreign:
                return honest(generation, with_other_schema());
            case Damage::exchanged:
                return honest(generation, is_routes_ ? endpoints_ : routes_);
            case Damage::unsealed:
                return unsealed(generation);
            case Damage::wrong_digest:
                return sent(generation, sound(), table::digest(sound()) ^ (1 + below(1000)));
            case Damage::huge_count:
                return honest(generation, with_huge_count());
            case Damage::dangling:
                return honest(generation, dangling());
            case Damage::not_whole:
                return not_whole(generation);
            case Damage::noise:
            case Damage::kCount:
                break;
        }
        return honest(generation, noise());
    }

    // The next draws damage this segment.
    void turn() { is_routes_ = !is_routes_; }

private:
    size_t below(size_t bound) { return random_() % bound; }
    const table::Bytes& sound() const { return is_routes_ ? routes_ : endpoints_; }
    table::Segment segment() const {
        return is_routes_ ? table::Segment::routes : table::Segment::endpoints;
    }
    table::Digests running() const { return {table::digest(routes_), table::digest(endpoints_)}; }

    Publish sent(uint64_t generation, const table::Bytes& bytes, uint64_t digest) {
        Publish publish(generation, running());
        auto memory = table::seal("damaged", bytes);
        EXPECT_TRUE(memory);
        publish.with(segment(), std::move(*memory), digest);
        return publish;
    }
    Publish honest(uint64_t generation, const table::Bytes& bytes) {
        return sent(generation, bytes, table::digest(bytes));
    }

    table::Bytes flipped() {
        table::Bytes bytes = sound();
        do {
            bytes[below(bytes.size())] ^= static_cast<std::byte>(1U << below(8));
        } while (bytes == sound());
        return bytes;
    }

    // A change of a clock or a port gives another sound table: that is no damage.
    template <class Draw>
    table::Bytes refused_by_view(Draw draw) {
        for (;;) {
            table::Bytes bytes = draw();
            const bool sound = is_routes_ ? table::RoutesView::verify(bytes).has_value()
                                          : table::EndpointsView::verify(bytes).has_value();
            if (!sound) return bytes;
        }
    }
    table::Bytes with_words() {
        table::Bytes bytes = sound();
        for (size_t i = 1 + below(3); i > 0; --i) {
            const size_t at = below(bytes.size() / 4) * 4;
            uint32_t word = 0;
            std::memcpy(&word, bytes.data() + at, sizeof word);
            word = below(2) == 0 ? static_cast<uint32_t>(random_())
                                 : word + static_cast<uint32_t>(below(9)) - 4;
            std::memcpy(bytes.data() + at, &word, sizeof word);
        }
        return bytes;
    }
    table::Bytes cut() {
        table::Bytes bytes = sound();
        bytes.resize(below(bytes.size()));
        return bytes;
    }
    table::Bytes with_other_schema() {
        table::Bytes bytes = sound();
        const uint64_t other = table::schema_hash() ^ (uint64_t{1} << below(64));
        table::overwrite(bytes, table::header_of(bytes), other);
        return bytes;
    }
    table::Bytes noise() {
        table::Bytes bytes(1 + below(2 * sound().size()));
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
        return bytes;
    }

    Publish unsealed(uint64_t generation) {
        const int kSeals[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
        const size_t chosen = below(15);  // never all four
        int all = 0;
        for (size_t i = 0; i < std::size(kSeals); ++i) {
            if ((chosen >> i & 1) != 0) all |= kSeals[i];
        }
        table::Descriptor memory(::memfd_create("damaged", MFD_CLOEXEC | MFD_ALLOW_SEALING));
        const table::Bytes& bytes = sound();
        EXPECT_EQ(
            ::write(memory.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size())
        );
        EXPECT_EQ(::fcntl(memory.get(), F_ADD_SEALS, all), 0);
        Publish publish(generation, running());
        publish.with(segment(), std::move(memory), table::digest(bytes));
        return publish;
    }

    // Where the length of `entries` stands in the segment that they are read from.
    template <class Entry>
    static size_t length_of(const table::Bytes& bytes, std::span<const Entry> entries) {
        const auto* const first = reinterpret_cast<const std::byte*>(entries.data());
        return static_cast<size_t>(first - bytes.data()) - sizeof(uint32_t);
    }
    table::Bytes with_huge_count() {
        constexpr uint32_t kHuge[] = {0xffffffffU, 0x7fffffffU, 0x10000000U, 0x01000000U};
        table::Bytes bytes = sound();
        const uint32_t huge = kHuge[below(4)];
        if (!is_routes_) {
            const auto view = *table::EndpointsView::attach(bytes);
            const size_t places[] = {
                length_of(bytes, view.set_buckets()),
                length_of(bytes, view.sets()),
                length_of(bytes, view.endpoints())
            };
            table::overwrite(bytes, places[below(3)], huge);
            return bytes;
        }
        const auto view = *table::RoutesView::attach(bytes);
        const size_t places[] = {
            length_of(bytes, view.hosts()),
            length_of(bytes, view.paths()),
            length_of(bytes, view.path_order()),
            length_of(bytes, view.matches()),
            length_of(bytes, view.predicates()),
            length_of(bytes, view.rules()),
            length_of(bytes, view.conducts()),
            length_of(bytes, view.splits()),
            length_of(bytes, view.redirects()),
            length_of(bytes, view.edits()),
            length_of(bytes, view.regexes()),
            length_of(bytes, view.backends())
        };
        table::overwrite(bytes, places[below(std::size(places))], huge);
        return bytes;
    }

    table::Bytes dangling() {
        table::Bytes bytes = sound();
        const uint32_t far = 0x7fff0000U + static_cast<uint32_t>(below(0xffff));
        if (!is_routes_) {
            table::EndpointSet& set = entry(bytes, table::EndpointsView::attach(bytes)->sets());
            set.endpoints = {far, 1};
            return bytes;
        }
        const auto view = *table::RoutesView::attach(bytes);
        switch (below(6)) {
            case 0:
                entry(bytes, view.hosts()).name_offset = far;
                break;
            case 1:
                entry(bytes, view.paths()).matches = far;
                break;
            case 2:
                entry(bytes, view.matches()).rule = far;
                break;
            case 3:
                entry(bytes, view.rules()).splits = far;
                break;
            case 4:
                entry(bytes, view.splits()).backend = far;
                break;
            default:
                entry(bytes, view.backends()).name = {far, 9};
                break;
        }
        return bytes;
    }
    // Any of these entries, to be changed in place: the bytes are ours.
    template <class Entry>
    Entry& entry(table::Bytes&, std::span<const Entry> entries) {
        return const_cast<Entry&>(entries[below(entries.size())]);
    }

    Publish not_whole(uint64_t generation) {
        Publish publish(generation, running());
        if (below(2) == 0) {
            publish.with(segment(), sound());
            publish.descriptors.clear();
            return publish;
        }
        publish.message.digests[below(2)] ^= 1 + below(1000);
        return publish;
    }

    table::Bytes routes_;
    table::Bytes endpoints_;
    std::mt19937 random_;
    bool is_routes_ = true;
};

}  // namespace sluice::steward
