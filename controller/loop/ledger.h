// Which compile the proxy runs, and so which objects are Programmed: true when the running table
// was compiled from the object as it is now. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/compile/reach.h"
#include "controller/model/snapshot.h"
#include "table/channel.h"

namespace sluice::loop {

// The condition Programmed of one object.
struct Programmed {
    enum class Status : uint8_t { yes, pending, refused, not_accepted };
    Status status = Status::pending;
    Reason reason = Reason::ok;  // refused, not_accepted: why
    std::string message;
};

// Per model::Kind the highest resourceVersion; 0 where objects have none (files).
using Versions = std::array<uint64_t, model::kKinds>;

class Ledger {
public:
    // Offers that an answer may still name. A proxy has one table at most on its way, so older ones
    // matter only until it answers; without a proxy they would pile up.
    static constexpr size_t kOffers = 256;

    // Numbers the compiles of this process, from 1.
    using Revision = uint64_t;

    // What is said of all objects, slices included; endpoints are filled in when someone asks.
    struct Said {
        compile::Verdicts verdicts;  // ordered
        std::shared_ptr<const compile::Reach> reach;
    };

    // A compile is done. An object that is the same as in the last one keeps its revision.
    Revision compiled(const model::Snapshot& snapshot, Said said);
    // So is an update of endpoints: a compile in which only these objects may differ.
    Revision updated(const model::Objects<model::EndpointSlice>& slices, Said said);
    // These bytes are what the newest compile made.
    void offered(const table::Digests& digests);
    // The proxy runs a table with these digests. Unknown ones (another controller's) change
    // nothing.
    void running(uint64_t generation, const table::Digests& digests);
    // The newest compile is not taken: by the builder, or by the proxy, which keeps what it runs.
    void refused(Reason reason, std::string message);

    Programmed programmed(const compile::Verdict& verdict) const;
    const compile::Verdicts& verdicts() const { return said_.verdicts; }
    // One of verdicts() with its endpoints.
    compile::Verdict whole(const compile::Verdict& verdict) const {
        return compile::with_endpoints(verdict, said_.reach->ready);
    }

    Revision newest() const { return newest_; }
    // 0 until something of this process runs.
    Revision running_revision() const { return running_; }
    uint64_t running_generation() const { return generation_; }
    // What the running table was compiled from: a leader compares it over replicas.
    const Versions& running_versions() const { return running_versions_; }

private:
    struct Known {
        std::shared_ptr<const void>
            object;  // its identity; kept, so that no other takes its address
        Revision since = 0;
    };
    struct Offer {
        Revision revision;
        table::Digests digests;
        Versions versions;
    };
    template <class T>
    void note(const model::Objects<T>& objects);
    const Known* find(const model::ObjectKey& key) const;

    Said said_;
    std::array<std::map<model::ObjectKey, Known>, model::kKinds> known_;
    std::deque<Offer> offers_;  // from the running one on; the newest kOffers
    Versions versions_{};       // of the newest compile
    Versions running_versions_{};
    Revision newest_ = 0;
    Revision running_ = 0;
    uint64_t generation_ = 0;
    Revision refused_ = 0;  // the newest compile that was not taken
    Reason refusal_ = Reason::ok;
    std::string refusal_message_;
};

}  // namespace sluice::loop
