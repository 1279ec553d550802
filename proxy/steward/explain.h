// The /explain page: what a request would meet, told by the very functions that workers use (gate,
// match, split, pick, rewrite) on the table that runs and the loads of this moment. Nothing is
// counted and nothing is sent. docs/explain.md has the question and the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string_view>

#include "proxy/live/mapping.h"
#include "proxy/route/regexes.h"
#include "proxy/steward/current.h"
#include "proxy/steward/page.h"

namespace sluice::steward {

class Explainer {
public:
    // Both outlive this.
    Explainer(const live::Mapping& mapping, const Current& current);

    // `query`: method=…&host=…&path=…&header=name:value…, percent-encoded.
    Response answer(std::string_view query);

private:
    const route::Regexes& regexes_of(const std::shared_ptr<const RoutesPart>& routes);

    const live::Mapping& mapping_;
    const Current& current_;
    std::shared_ptr<const RoutesPart> compiled_;  // whose patterns regexes_ are
    route::Regexes regexes_;
    std::mt19937_64 random_;
};

}  // namespace sluice::steward
