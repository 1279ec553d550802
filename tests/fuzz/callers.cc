// Fuzzes who is taken for the client: each line of the input is one X-Forwarded-For of a trusted
// peer, and the oracle reads the chain a second time. The log's spelling of what comes out reads
// back as the same address.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/caller.h"
#include "proxy/http/trace.h"
#include "tests/unit/http/chain_oracle.h"

namespace {

using namespace sluice::http;

constexpr size_t kMostLines = 20;

void require(bool condition) {
    if (!condition) std::abort();
}

const std::vector<std::string>& cidrs() {
    static const std::vector<std::string> kCidrs{
        "10.0.0.0/8", "192.0.2.1", "2001:db8::/33", "::ffff:172.16.0.0/108"
    };
    return kCidrs;
}

// The oracle knows IPv4 ranges by their own spelling only.
const std::vector<std::string>& cidrs_for_oracle() {
    static const std::vector<std::string> kCidrs{
        "10.0.0.0/8", "192.0.2.1", "2001:db8::/33", "172.16.0.0/12"
    };
    return kCidrs;
}

void check_chain(const std::vector<std::string>& lines) {
    static const TrustedHops hops = *TrustedHops::parse(cidrs());
    static const auto fields = std::make_unique<FieldList>();
    fields->clear();
    for (const std::string& line : lines) fields->add("X-Forwarded-For", line);
    IpBytes peer;
    require(parse_ipv4("10.1.2.3", peer) && hops.contains(peer));
    const IpBytes ours = client_of(*fields, peer, hops);
    const auto theirs = chain_oracle::client_of("10.1.2.3", lines, cidrs_for_oracle());
    for (size_t i = 0; i < theirs.size(); ++i) {
        require(theirs[i] == ours[2 * i] * 256U + ours[2 * i + 1]);
    }
    const HopChain chain = read_chain(*fields);
    require(chain.count <= sluice::limits::kForwardedHops);
    for (size_t i = 0; i < chain.count; ++i) {
        IpBytes again;
        require(parse_hop(chain.hops[i].text, again) && again == chain.hops[i].address);
    }
}

// Options and other fields of a hop: any text, one answer, and no read outside.
void check_text(const std::string& line) {
    const auto parsed = TrustedHops::parse(std::span(&line, 1));
    require(parsed || !parsed.error().empty());
    static const auto fields = std::make_unique<FieldList>();
    fields->clear();
    fields->add("X-Forwarded-Proto", line);
    const std::string_view scheme = scheme_said(*fields);
    require(scheme.empty() || scheme == "http" || scheme == "https");
    require(only_value(*fields, FieldId::x_forwarded_proto) == line);
    const std::array<uint8_t, 16> none{};
    if (trace_id(line) != none) require(line.size() >= 55);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::vector<std::string> lines(1);
    for (size_t i = 0; i < size; ++i) {
        const auto c = static_cast<char>(data[i]);
        if (c != '\n') {
            lines.back() += c;
        } else if (lines.size() < kMostLines) {
            lines.emplace_back();
        }
    }
    check_chain(lines);
    for (const std::string& line : lines) check_text(line);
    return 0;
}
