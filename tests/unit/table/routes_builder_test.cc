// A builder that remembers parts against one that sees the whole: the same bytes, however the rules
// are cut into parts, and whatever was built before.
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "table/builder.h"
#include "tests/unit/table/random_routes.h"
#include "tests/unit/table/samples.h"

namespace sluice::table {
namespace {

// Cuts the rules of a spec into runs, each with the backends that it names.
class Cutter {
public:
    explicit Cutter(const RoutesSpec& spec) : spec_(spec) {}

    RoutesParts cut(std::mt19937& random) {
        for (const RuleSpec& rule : spec_.rules) {
            if (!part_.rules.empty() && random() % 3 == 0) close();
            add(rule);
        }
        close();
        for (const HostSpec& host : spec_.hosts) add(host);
        return std::move(out_);
    }

private:
    void add(const RuleSpec& rule) {
        places_.emplace_back(out_.rules.size(), part_.rules.size());
        RuleSpec& own = part_.rules.emplace_back(rule);
        for (SplitSpec& split : own.splits) {
            if (split.refuse != Reason::ok) continue;
            const auto next = static_cast<uint32_t>(part_.backends.size());
            const auto [at, is_new] = backends_.try_emplace(split.backend, next);
            if (is_new) part_.backends.push_back(spec_.backends[split.backend]);
            split.backend = at->second;
        }
    }

    void close() {
        out_.rules.push_back(std::make_shared<const RulesPart>(std::move(part_)));
        part_ = {};
        backends_.clear();
    }

    void add(const HostSpec& host) {
        HostPart part{host, {}, {}};
        for (MatchSpec& match : part.matches) {
            const auto [owner, place] = places_[match.rule];
            match.rule = static_cast<uint32_t>(place);
            part.parts.push_back(out_.rules[owner]);
            part.part_of.push_back(static_cast<uint32_t>(part.parts.size() - 1));
        }
        out_.hosts.push_back(std::make_shared<const HostPart>(std::move(part)));
    }

    const RoutesSpec& spec_;
    RoutesParts out_;
    RulesPart part_;
    std::map<uint32_t, uint32_t> backends_;          // of the spec, in the part
    std::vector<std::pair<size_t, size_t>> places_;  // of each rule: part, and place in it
};

Bytes bytes_by(RoutesBuilder& builder, const RoutesParts& parts) {
    const auto bytes = builder.build(parts);
    if (bytes) return {bytes->begin(), bytes->end()};
    ADD_FAILURE() << bytes.error().message;
    return {};
}

TEST(RoutesBuilder, makes_the_bytes_of_the_whole) {
    RoutesBuilder builder;
    std::mt19937 random(3);
    RoutesParts last;
    for (uint32_t seed = 0; seed < 300; ++seed) {
        const RoutesParts parts = Cutter(RandomRoutes(seed).make()).cut(random);
        const Bytes whole = built(joined(parts));
        ASSERT_EQ(bytes_by(builder, parts), whole) << seed;
        ASSERT_EQ(bytes_by(builder, parts), whole) << seed << ", again";
        if (seed == 0) last = parts;
    }
    EXPECT_EQ(bytes_by(builder, last), built(joined(last))) << "parts that were forgotten";
}

TEST(RoutesBuilder, parts_may_come_and_go) {
    RoutesBuilder builder;
    std::mt19937 random(4);
    for (uint32_t seed = 0; seed < 100; ++seed) {
        RoutesParts parts = Cutter(RandomRoutes(seed).make()).cut(random);
        while (!parts.hosts.empty()) {
            ASSERT_EQ(bytes_by(builder, parts), built(joined(parts))) << seed;
            const size_t gone = random() % parts.hosts.size();
            parts.hosts.erase(parts.hosts.begin() + static_cast<ptrdiff_t>(gone));
        }
    }
}

// Texts that no table has any more are forgotten now and then; what is left must not notice.
TEST(RoutesBuilder, outlives_its_texts) {
    RoutesBuilder builder;
    std::mt19937 random(6);
    RoutesSpec spec = sample_routes();
    for (uint32_t round = 0; round < 20; ++round) {
        spec.hosts.resize(sample_routes().hosts.size());
        HostSpec& host = spec.hosts.emplace_back();
        host.name = "round.example";
        for (uint32_t i = 0; i < 600; ++i) {
            const std::string path = "/r" + std::to_string(round) + "/" + std::to_string(i);
            host.matches.push_back({PathKind::exact, path, {}, 0});
        }
        const RoutesParts parts = Cutter(spec).cut(random);
        ASSERT_EQ(bytes_by(builder, parts), built(joined(parts))) << round;
    }
}

RoutesParts sample_parts() {
    std::mt19937 random(5);
    return Cutter(sample_routes()).cut(random);
}

TEST(RoutesBuilder, refuses_what_a_part_has_wrong) {
    RoutesBuilder builder;
    RoutesParts parts = sample_parts();
    auto bad = std::make_shared<RulesPart>(*parts.rules[0]);
    bad->rules[0].connect_ms = 0;
    parts.rules[0] = bad;
    const auto refused = builder.build(parts);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::table_bad_value);
    EXPECT_EQ(refused.error().message, "parts[0].rules[0].connect_ms: is zero");
    EXPECT_TRUE(builder.build(sample_parts())) << "what was refused leaves nothing behind";
}

TEST(RoutesBuilder, refuses_hosts_whose_rules_are_not_there) {
    RoutesParts parts = sample_parts();
    RoutesBuilder builder;
    ASSERT_TRUE(builder.build(parts));
    parts.rules.clear();
    EXPECT_FALSE(builder.build(parts));
    parts = sample_parts();
    auto host = std::make_shared<HostPart>(*parts.hosts[0]);
    host->matches[0].rule = 1'000'000;
    parts.hosts[0] = host;
    EXPECT_EQ(builder.build(parts).error().reason, Reason::table_bad_reference);
    host->matches[0].rule = 0;
    host->part_of[0] = 1'000'000;
    EXPECT_FALSE(builder.build(parts));
}

TEST(RoutesBuilder, refuses_two_backends_of_one_key) {
    RoutesParts parts = sample_parts();
    auto other = std::make_shared<RulesPart>();
    other->rules = {sample_rule("other", 0)};
    other->backends = {sample_backend("llama")};
    parts.rules.push_back(other);
    EXPECT_TRUE(RoutesBuilder().build(parts));
    other->backends[0].name = "Service/demo/twin/http";
    EXPECT_EQ(RoutesBuilder().build(parts).error().reason, Reason::key_collision);
}

}  // namespace
}  // namespace sluice::table
