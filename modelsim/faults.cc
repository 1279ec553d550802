// Faults on demand: what a broken model server does, chosen by a header or for the next n requests.
#include "modelsim/faults.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "modelsim/answer.h"

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

struct Row {
    FaultKind kind;
    std::string_view name;
    uint32_t default_argument;
};
constexpr std::array kRows = {
    Row{FaultKind::none, "none", 0},
    Row{FaultKind::error, "error", 500},
    Row{FaultKind::reset_before, "reset-before", 0},
    Row{FaultKind::reset_after, "reset-after", 10},
    Row{FaultKind::stall, "stall", 0},
    Row{FaultKind::stall_after, "stall-after", 10},
    Row{FaultKind::hang_up, "hang-up", 0},
    Row{FaultKind::garbage, "garbage", 0},
    Row{FaultKind::slow, "slow", 1},
};

}  // namespace

std::string_view fault_name(FaultKind kind) {
    return kRows[static_cast<size_t>(kind)].name;
}

std::optional<Fault> parse_fault(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const auto row =
        std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.name == name; });
    if (row == kRows.end()) return std::nullopt;
    Fault fault{row->kind, row->default_argument};
    if (colon == std::string_view::npos) return fault;
    const std::string_view number = text.substr(colon + 1);
    const char* const last = number.data() + number.size();
    const auto [end, error] = std::from_chars(number.data(), last, fault.argument);
    if (error != std::errc{} || end != last) return std::nullopt;
    const bool is_status = fault.argument >= 400 && fault.argument <= 599;
    if (fault.kind == FaultKind::error && !is_status) return std::nullopt;
    if (fault.kind == FaultKind::slow && fault.argument == 0) return std::nullopt;
    return fault;
}

void Valve::start(Fault fault, int64_t now_ns) {
    fault_ = fault;
    started_ns_ = now_ns;
    head_bytes_ = 0;
    sent_ = 0;
}

size_t Valve::budget(int64_t now_ns) const {
    if (fault_.kind == FaultKind::slow) {
        // The first byte leaves at once, or a reader could not tell slow from stalled.
        const auto elapsed_ns = static_cast<uint64_t>(now_ns - started_ns_);
        return 1 + static_cast<size_t>(elapsed_ns * fault_.argument / kNsPerSecond);
    }
    return head_bytes_ + fault_.argument;
}

size_t Valve::allowed(size_t pending, int64_t now_ns) const {
    const bool limits = fault_.kind == FaultKind::slow || fault_.kind == FaultKind::reset_after ||
                        fault_.kind == FaultKind::stall_after;
    if (!limits) return pending;
    const size_t total = budget(now_ns);
    return total > sent_ ? std::min(pending, total - sent_) : 0;
}

int64_t Valve::opens_at_ns() const {
    if (fault_.kind != FaultKind::slow) return Answer::kNever;
    const auto next = static_cast<int64_t>(sent_);
    return started_ns_ + next * kNsPerSecond / fault_.argument + 1;
}

}  // namespace sluice::modelsim
