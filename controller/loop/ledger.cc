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

template <class T>
void Ledger::note(std::map<model::ObjectKey, Known>& next, const model::Objects<T>& objects) {
    uint64_t& highest = versions_[static_cast<size_t>(T::kKind)];
    for (const auto& [key, object] : objects) {
        highest = std::max(highest, version_of(object->meta));
        const auto before = known_.find(key);
        const bool same = before != known_.end() && before->second.object == object;
        next.emplace(key, same ? before->second : Known{object, newest_});
    }
}

Ledger::Revision Ledger::compiled(
    std::shared_ptr<const model::Snapshot> snapshot, std::vector<compile::Verdict> verdicts
) {
    ++newest_;
    std::map<model::ObjectKey, Known> next;
    note(next, snapshot->ingress_classes);
    note(next, snapshot->ingresses);
    note(next, snapshot->services);
    note(next, snapshot->endpoint_slices);
    note(next, snapshot->model_routes);
    known_ = std::move(next);
    snapshot_ = std::move(snapshot);
    verdicts_ = std::move(verdicts);
    return newest_;
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
    const auto known = known_.find(verdict.object);
    if (known != known_.end() && known->second.since <= running_) return {Status::yes, {}, ""};
    if (refused_ == newest_ && newest_ > 0) return {Status::refused, refusal_, refusal_message_};
    return {Status::pending, {}, "waiting for the proxy to run a table that has it"};
}

}  // namespace sluice::loop
