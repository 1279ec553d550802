// What /explain found out about one request, before it is written down.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proxy/balance/pick.h"
#include "proxy/filter/rewrite.h"
#include "proxy/http/message.h"
#include "proxy/route/match.h"
#include "proxy/steward/candidates.h"
#include "proxy/steward/current.h"
#include "table/reason.h"

namespace sluice::steward {

// Views point into `bytes`, `scratch` and the table's parts, so it stays where it was made.
struct Told {
    std::string bytes;  // the head as a client would send it
    http::RequestHead head;
    http::Scratch scratch;
    http::Scratch rewritten;  // what filters made
    std::shared_ptr<const Table> table;

    Reason reason = Reason::ok;  // ok: it is forwarded
    std::string near_miss;       // the words of the 404
    bool is_parsed = false;
    Candidates candidates;
    route::Matched matched;
    filter::Location location;  // of a redirect
    filter::Target target;      // of what is forwarded
    uint32_t backend = table::kNone;
    std::span<const table::Endpoint> endpoints;  // of the backend
    uint32_t picked = balance::kNoPick;          // index into endpoints
};

// The endpoints of a backend and their slots, as workers see them.
struct EndpointSet {
    std::span<const table::Endpoint> endpoints;
    std::span<const live::Slot> slots;
};
EndpointSet endpoints_of(const Table& table, const table::Backend& backend);

// The answer's body (docs/explain.md).
std::string json_of(const Told& told, const live::Mapping& mapping);

}  // namespace sluice::steward
