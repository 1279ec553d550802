// Parts to one spec: indexes into a part become indexes into the whole.
#include "table/spec.h"

#include <unordered_map>

namespace sluice::table {
namespace {

class Joining {
public:
    void add(const RulesPart& part) {
        bases_.emplace(&part, static_cast<uint32_t>(spec_.rules.size()));
        std::vector<uint32_t> places;
        for (const BackendSpec& backend : part.backends) places.push_back(place_of(backend));
        for (const RuleSpec& from : part.rules) {
            RuleSpec& rule = spec_.rules.emplace_back(from);
            for (SplitSpec& split : rule.splits) {
                if (split.refuse == Reason::ok) split.backend = places[split.backend];
            }
        }
    }

    void add(const HostPart& part) {
        HostSpec& host = spec_.hosts.emplace_back(static_cast<const HostSpec&>(part));
        for (size_t i = 0; i < host.matches.size(); ++i) {
            host.matches[i].rule += bases_.at(part.parts[part.part_of[i]].get());
        }
    }

    RoutesSpec take() { return std::move(spec_); }

private:
    uint32_t place_of(const BackendSpec& backend) {
        const auto next = static_cast<uint32_t>(spec_.backends.size());
        const auto [at, is_new] = backends_.try_emplace(backend.key, next);
        if (is_new) spec_.backends.push_back(backend);
        return at->second;
    }

    RoutesSpec spec_;
    std::unordered_map<const RulesPart*, uint32_t> bases_;
    std::unordered_map<Key64, uint32_t> backends_;
};

}  // namespace

RoutesSpec joined(const RoutesParts& parts) {
    Joining joining;
    for (const auto& part : parts.rules) joining.add(*part);
    for (const auto& host : parts.hosts) joining.add(*host);
    return joining.take();
}

}  // namespace sluice::table
