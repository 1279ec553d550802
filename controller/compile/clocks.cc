// Four clocks, one table: where each stands in the object and in the spec, and the least it may be.
#include "controller/compile/clocks.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "table/limits.h"

namespace sluice::compile {
namespace {

constexpr uint32_t kConnectMs = 1'000;
constexpr uint32_t kFirstByteMs = 60'000;
constexpr uint32_t kAiFirstByteMs = 300'000;
constexpr uint32_t kIdleMs = 60'000;

struct Clock {
    std::string_view name;
    std::optional<int64_t> model::Timeouts::* given;
    uint32_t table::RuleSpec::* set;
    int64_t least_ms;
};

// Only the total may be 0, which means no limit.
constexpr std::array<Clock, 4> kClocks{{
    {"connect", &model::Timeouts::connect_ms, &table::RuleSpec::connect_ms, 1},
    {"firstToken", &model::Timeouts::first_token_ms, &table::RuleSpec::first_byte_ms, 1},
    {"idle", &model::Timeouts::idle_ms, &table::RuleSpec::idle_ms, 1},
    {"request", &model::Timeouts::request_ms, &table::RuleSpec::request_ms, 0},
}};

}  // namespace

void set_default_clocks(table::RuleSpec& spec) {
    spec.connect_ms = kConnectMs;
    spec.first_byte_ms = spec.ai ? kAiFirstByteMs : kFirstByteMs;
    spec.idle_ms = kIdleMs;
    spec.request_ms = 0;
}

tl::expected<void, Refusal> set_clocks(
    table::RuleSpec& spec, const model::Timeouts& timeouts, const std::string& field
) {
    for (const Clock& clock : kClocks) {
        const std::optional<int64_t> given = timeouts.*clock.given;
        if (!given) continue;
        if (*given < clock.least_ms || *given > int64_t{limits::kTimeoutMs}) {
            return tl::unexpected<Refusal>(Refusal{
                field + ".timeouts." + std::string(clock.name),
                Reason::invalid_field,
                std::to_string(*given) + " ms is out of range: from " +
                    std::to_string(clock.least_ms) + " to " + std::to_string(limits::kTimeoutMs) +
                    " ms are allowed"
            });
        }
        spec.*clock.set = static_cast<uint32_t>(*given);
    }
    return {};
}

}  // namespace sluice::compile
