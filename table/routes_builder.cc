// Which parts have to be encoded: all of a spec, or those that a builder has not seen before.
#include <cstddef>
#include <memory>
#include <span>
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

tl::expected<Bytes, BuildError> build_routes(const RoutesSpec& spec) {
    if (auto problem = why_refused(spec)) return tl::unexpected<BuildError>(std::move(*problem));
    const EncodedRules rules = encode(spec.rules);
    Texts texts;
    std::vector<EncodedHost> encoded;
    encoded.reserve(spec.hosts.size());
    std::vector<HostIn> hosts;
    for (const HostSpec& host : spec.hosts) {
        encoded.push_back(encode(host, texts));
        hosts.push_back({host.name, &encoded.back(), nullptr});
    }
    Assembler assembler;
    const auto bytes = assembler.assemble({{&rules, &spec.backends, nullptr}}, hosts, texts);
    if (!bytes) return tl::unexpected<BuildError>(bytes.error());
    return Bytes(bytes->begin(), bytes->end());
}

// Parts by their addresses, which stay theirs while the parts are held here.
class RoutesBuilder::Memo {
public:
    tl::expected<std::span<const std::byte>, BuildError> build(const RoutesParts& parts) {
        ++build_;
        rules_in_.clear();
        hosts_in_.clear();
        if (auto problem = take(parts)) return tl::unexpected<BuildError>(std::move(*problem));
        drop_unused(rules_, parts.rules.size());
        drop_unused(hosts_, parts.hosts.size());
        auto bytes = assembler_.assemble(rules_in_, hosts_in_, *texts_);
        forget_texts();
        return bytes;
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
        rules_in_.push_back({&known->second.encoded, &part->backends, part.get()});
        return std::nullopt;
    }

    Problem take(const std::shared_ptr<const HostPart>& part) {
        auto known = hosts_.find(part.get());
        if (known == hosts_.end()) {
            if (auto problem = why_refused(*part)) return problem;
            known = hosts_.emplace(part.get(), Host{part, encode(*part, *texts_)}).first;
        }
        known->second.build = build_;
        hosts_in_.push_back({part->name, &known->second.encoded, part.get()});
        for (const auto& rules : part->parts) {
            const auto at = rules_.find(rules.get());
            if (at == rules_.end() || at->second.build != build_) {
                return bad("parts", "one is not in the table");
            }
        }
        return std::nullopt;
    }

    // Numbers are never taken back, so once most of them are of no use all begin anew.
    void forget_texts() {
        constexpr size_t kFew = 4096;
        if (texts_->size() < 2 * assembler_.texts_used() + kFew) return;
        hosts_.clear();
        texts_ = std::make_unique<Texts>();
    }

    template <class Parts>
    void drop_unused(Parts& parts, size_t used) {
        if (parts.size() == used) return;
        std::erase_if(parts, [this](const auto& known) { return known.second.build != build_; });
    }

    std::unordered_map<const RulesPart*, Rules> rules_;
    std::unordered_map<const HostPart*, Host> hosts_;
    std::unique_ptr<Texts> texts_ = std::make_unique<Texts>();
    Assembler assembler_;
    uint64_t build_ = 0;
    // Of the build in hand, in the order of its parts.
    std::vector<RulesIn> rules_in_;
    std::vector<HostIn> hosts_in_;
};

RoutesBuilder::RoutesBuilder() : memo_(std::make_unique<Memo>()) {}
RoutesBuilder::~RoutesBuilder() = default;

tl::expected<std::span<const std::byte>, BuildError> RoutesBuilder::build(const RoutesParts& parts
) {
    return memo_->build(parts);
}

}  // namespace sluice::table
