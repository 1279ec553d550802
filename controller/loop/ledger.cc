// Remembers since which compile each object is as it is, and which compile runs.
#include "controller/loop/ledger.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace sluice::loop {
namespace {

// The highest is asked for (design 10.12), so they are compared as numbers.
uint64_t version_of(const model::Meta& meta) {
    const std::string& text = meta.resource_version;
    uint64_t version = 0;
    std::from_chars(text.data(), text.data() + text.size(), version);
    return version;
}

}  // namespace

// Both are in the order of keys, so one walk over the two brings the known ones up to date.
template <class T>
void Ledger::note(const model::Objects<T>& objects) {
    uint64_t& highest = versions_[static_cast<size_t>(T::kKind)];
    auto& known = known_[static_cast<size_t>(T::kKind)];
    auto at = known.begin();
    for (const auto& [key, object] : objects) {
        highest = std::max(highest, version_of(object->meta));
        while (at != known.end() && at->first < key) at = known.erase(at);
        if (at == known.end() || key < at->first) at = known.emplace_hint(at, key, Known{});
        if (at->second.object != object) at->second = {object, newest_};
        ++at;
    }
    known.erase(at, known.end());
}

Ledger::Revision Ledger::compiled(const model::Snapshot& snapshot, Said said) {
    ++newest_;
    note(snapshot.ingress_classes);
    note(snapshot.ingresses);
    note(snapshot.services);
    note(snapshot.endpoint_slices);
    note(snapshot.model_routes);
    said_ = std::move(said);
    return newest_;
}

Ledger::Revision Ledger::updated(const model::Objects<model::EndpointSlice>& slices, Said said) {
    ++newest_;
    note(slices);
    said_ = std::move(said);
    return newest_;
}

const Ledger::Known* Ledger::find(const model::ObjectKey& key) const {
    const auto& known = known_[static_cast<size_t>(key.kind)];
    const auto at = known.find(key);
    return at == known.end() ? nullptr : &at->second;
}

void Ledger::offered(const table::Digests& digests) {
    offers_.push_back({newest_, digests, versions_});
    if (offers_.size() > kOffers) offers_.pop_front();
}

void Ledger::running(uint64_t generation, const table::Digests& digests) {
    generation_ = generation;
    // The newest compile that made these bytes: an older one with the same bytes says less.
    const auto found =
        std::find_if(offers_.rbegin(), offers_.rend(), [&digests](const auto& offer) {
            return offer.digests == digests;
        });
    if (found == offers_.rend()) return;
    running_ = found->revision;
    running_versions_ = found->versions;
    offers_.erase(offers_.begin(), std::prev(found.base()));
}

void Ledger::refused(Reason reason, std::string message) {
    refused_ = newest_;
    refusal_ = reason;
    refusal_message_ = std::move(message);
}

Programmed Ledger::programmed(const compile::Verdict& verdict) const {
    using Status = Programmed::Status;
    if (!verdict.ours || !verdict.accepted) {
        return {Status::not_accepted, verdict.accepted_reason, "the object is not in the table"};
    }
    const Known* const known = find(verdict.object);
    if (known != nullptr && known->since <= running_) return {Status::yes, {}, ""};
    if (refused_ == newest_ && newest_ > 0) return {Status::refused, refusal_, refusal_message_};
    return {Status::pending, {}, "waiting for the proxy to run a table that has it"};
}

}  // namespace sluice::loop
