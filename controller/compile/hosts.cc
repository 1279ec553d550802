// DNS names without regard to case; ports, addresses and inner wildcards are refused.
#include "controller/compile/hosts.h"

#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

tl::expected<std::string, std::string> canonical_host(std::string_view host) {
    if (host.empty()) return std::string();
    if (host.size() > limits::kHostBytes) {
        return tl::unexpected<std::string>(
            "has more than " + std::to_string(limits::kHostBytes) + " bytes"
        );
    }
    std::string lowered = lower_case(host);
    const model::Complaint complaint = model::check_host(lowered);
    if (!complaint.empty()) return tl::unexpected<std::string>(std::string(complaint));
    return lowered;
}

}  // namespace sluice::compile
