// Look-ups in a segment that is known to be sound.
#include "table/view.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "table/buckets.h"
#include "table/hash.h"
#include "table/limits.h"
#include "table/schema_hash.h"
#include "table/verify.h"

namespace sluice::table {

namespace {

// Of entries in the order of (hash, text).
template <class Entry, class TextOf>
const Entry* by_halves(
    const Entry* begin, const Entry* end, uint32_t hash, std::string_view text, TextOf text_of
) {
    const auto comes_before = [&](const Entry& one, std::string_view wanted) {
        return one.hash != hash ? one.hash < hash : text_of(one) < wanted;
    };
    const Entry* const found = std::lower_bound(begin, end, text, comes_before);
    return found != end && found->hash == hash && text_of(*found) == text ? found : nullptr;
}

}  // namespace

uint64_t schema_hash() {
    return kSchemaHash;
}

tl::expected<RoutesView, Refusal> RoutesView::attach(std::span<const std::byte> bytes) {
    auto view = open(bytes);
    if (view) view->any_host_ = view->find("");
    return view;
}

tl::expected<RoutesView, Refusal> RoutesView::verify(std::span<const std::byte> bytes) {
    auto view = open(bytes);
    if (!view) return view;
    if (auto refusal = why_refused(*view)) return tl::unexpected<Refusal>(std::move(*refusal));
    view->any_host_ = view->find("");
    return view;
}

const Host* RoutesView::find(std::string_view host) const {
    if (hosts_.empty()) return nullptr;
    const uint32_t hash = hash_text(host);
    const Range bucket = bucket_at(host_buckets_, bucket_of(hash, host_bits_));
    const Host* const begin = hosts_.data() + bucket.first;
    const auto name_of = [this](const Host& one) { return name(one); };
    if (bucket.count > limits::kProbe) {
        return by_halves(begin, begin + bucket.count, hash, host, name_of);
    }
    for (const Host& one : std::span(begin, bucket.count)) {
        if (one.hash == hash && name(one) == host) return &one;
    }
    return nullptr;
}

const Path* RoutesView::find_in_crowd(
    const Path* begin, const Path* end, uint32_t hash, std::string_view text
) const {
    return by_halves(begin, end, hash, text, [this](const Path& one) { return this->text(one); });
}

const Host* RoutesView::find_wildcard(std::string_view host) const {
    const size_t dot = host.find('.');
    if (dot == 0 || dot == std::string_view::npos) return nullptr;
    const std::string_view rest = host.substr(dot);
    if (rest.size() >= limits::kHostBytes) return nullptr;
    std::array<char, limits::kHostBytes> name;
    name[0] = '*';
    std::memcpy(name.data() + 1, rest.data(), rest.size());
    return find({name.data(), rest.size() + 1});
}

tl::expected<EndpointsView, Refusal> EndpointsView::verify(std::span<const std::byte> bytes) {
    auto view = attach(bytes);
    if (!view) return view;
    if (auto refusal = why_refused(*view)) return tl::unexpected<Refusal>(std::move(*refusal));
    return view;
}

std::span<const Endpoint> EndpointsView::find(uint64_t backend_key) const {
    if (sets_.empty()) return {};
    const Range bucket = bucket_at(set_buckets_, bucket_of(backend_key, set_bits_));
    const auto candidates = sets_.subspan(bucket.first, bucket.count);
    const auto set = std::ranges::lower_bound(candidates, backend_key, {}, &EndpointSet::backend);
    if (set == candidates.end() || set->backend != backend_key) return {};
    return endpoints_.subspan(set->endpoints.first, set->endpoints.count);
}

}  // namespace sluice::table
