// What the grammar of HTTP allows and the gate refuses all the same: one list, each entry with its
// reason code and why it stays out.
#pragma once

#include "table/reason.h"
#include "tests/fuzz/oracle/rfc_request.h"

namespace sluice::fuzz {

// Whether the refusal of this lawful or tolerated request stands in the list.
bool is_kept_out(Reason reason, const RfcRequest& request);

}  // namespace sluice::fuzz
