// Which parts have to be encoded: all of a spec, or those that a builder has not seen before.
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "table/builder.h"
#include "table/limits.h"
#include "table/problem.h"
#include "table/routes_assembly.h"
#include "table/routes_parts.h"
#include "table/spec_check.h"

namespace sluice::table {
namespace {

// Any set of paths spreads under one of the first few seeds; a bound keeps this total.
constexpr uint32_t kPathSeeds = 64;

tl::unexpected<BuildError> crowded() {
    return tl::unexpected<BuildError>(
        BuildError{Reason::table_too_large, "paths: no seed spreads them over the buckets"}
    );
}

}  // namespace

tl::expected<Bytes, BuildError> build_routes(const RoutesSpec& spec) {
    if (auto problem = why_refused(spec)) return tl::unexpected<BuildError>(std::move(*problem));
    const EncodedRules rules = encode(spec.rules);
    for (uint32_t seed = 0; seed < kPathSeeds; ++seed) {
        std::vector<EncodedHost> encoded;
        encoded.reserve(spec.hosts.size());
        for (const HostSpec& host : spec.hosts) {
            encoded.push_back(encode(host, seed));
            if (!encoded.back().spread) break;
        }
        if (!encoded.empty() && !encoded.back().spread) continue;
        std::vector<HostIn> hosts;
        for (size_t i = 0; i < encoded.size(); ++i) {
            hosts.push_back({spec.hosts[i].name, &encoded[i], nullptr});
        }
        return assemble({{&rules, &spec.backends, nullptr}}, hosts, seed);
    }
    return crowded();
}

// Parts by their addresses, which stay theirs while the parts are held here.
class RoutesBuilder::Memo {
public:
    tl::expected<Bytes, BuildError> build(const RoutesParts& parts) {
        ++build_;
        if (auto problem = take(parts)) return tl::unexpected<BuildError>(std::move(*problem));
        drop_unused(rules_, parts.rules.size());
        drop_unused(hosts_, parts.hosts.size());
        std::vector<RulesIn> rules;
        rules.reserve(parts.rules.size());
        for (const auto& part : parts.rules) {
            rules.push_back({&rules_.at(part.get()).encoded, &part->backends, part.get()});
        }
        for (uint32_t seed = 0; seed < kPathSeeds; ++seed) {
            const std::vector<HostIn> hosts = encoded_hosts(parts, seed);
            if (hosts.size() == parts.hosts.size()) return assemble(rules, hosts, seed);
        }
        return crowded();
    }

private:
    struct Rules {
        std::shared_ptr<const RulesPart> part;
        EncodedRules encoded;
        uint64_t build = 0;  // that used it last
    };
    struct Host {
        std::shared_ptr<const HostPart> part;
        EncodedHost encoded;
        uint32_t seed = 0;  // of `encoded`
        uint64_t build = 0;
    };

    // What was seen before was found good then.
    Problem take(const RoutesParts& parts) {
        if (auto problem = bounded("hosts", parts.hosts.size(), limits::kHosts)) return problem;
        size_t rules = 0;
        for (size_t i = 0; i < parts.rules.size(); ++i) {
            if (auto problem = take(parts.rules[i])) return in("parts", i, std::move(problem));
            rules += parts.rules[i]->rules.size();
        }
        if (auto problem = bounded("rules", rules, limits::kRules)) return problem;
        for (size_t i = 0; i < parts.hosts.size(); ++i) {
            if (auto problem = take(parts.hosts[i])) return in("hosts", i, std::move(problem));
        }
        return std::nullopt;
    }

    Problem take(const std::shared_ptr<const RulesPart>& part) {
        auto known = rules_.find(part.get());
        if (known == rules_.end()) {
            if (auto problem = why_refused(*part)) return problem;
            known = rules_.emplace(part.get(), Rules{part, encode(part->rules)}).first;
        }
        known->second.build = build_;
        return std::nullopt;
    }

    Problem take(const std::shared_ptr<const HostPart>& part) {
        auto known = hosts_.find(part.get());
        if (known == hosts_.end()) {
            if (auto problem = why_refused(*part)) return problem;
            known = hosts_.emplace(part.get(), Host{part, encode(*part, 0)}).first;
        }
        known->second.build = build_;
        for (const auto& rules : part->parts) {
            const auto at = rules_.find(rules.get());
            if (at == rules_.end() || at->second.build != build_) {
                return bad("parts", "one is not in the table");
            }
        }
        return std::nullopt;
    }

    // Those before the first whose paths do not spread under this seed.
    std::vector<HostIn> encoded_hosts(const RoutesParts& parts, uint32_t seed) {
        std::vector<HostIn> hosts;
        hosts.reserve(parts.hosts.size());
        for (const auto& part : parts.hosts) {
            Host& host = hosts_.at(part.get());
            if (host.seed != seed) {
                host.encoded = encode(*part, seed);
                host.seed = seed;
            }
            if (!host.encoded.spread) break;
            hosts.push_back({part->name, &host.encoded, part.get()});
        }
        return hosts;
    }

    template <class Parts>
    void drop_unused(Parts& parts, size_t used) {
        if (parts.size() == used) return;
        std::erase_if(parts, [this](const auto& known) { return known.second.build != build_; });
    }

    std::unordered_map<const RulesPart*, Rules> rules_;
    std::unordered_map<const HostPart*, Host> hosts_;
    uint64_t build_ = 0;
};

RoutesBuilder::RoutesBuilder() : memo_(std::make_unique<Memo>()) {}
RoutesBuilder::~RoutesBuilder() = default;

tl::expected<Bytes, BuildError> RoutesBuilder::build(const RoutesParts& parts) {
    return memo_->build(parts);
}

}  // namespace sluice::table
