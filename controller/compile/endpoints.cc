// EndpointSlices to endpoint sets, by the rules that kube-proxy follows: ready ones, or, when none
// is ready, those that still serve while they terminate.
#include "controller/compile/endpoints.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "controller/model/checks.h"
#include "table/key.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

bool is_ready(const model::SliceEndpoint& endpoint) {
    return endpoint.ready.value_or(true);
}

bool drains(const model::SliceEndpoint& endpoint) {
    return endpoint.serving.value_or(is_ready(endpoint)) && endpoint.terminating.value_or(false);
}

bool is_tcp(const model::SlicePort& port) {
    return port.protocol.empty() || port.protocol == "TCP";
}

// A slice may have a name twice with two numbers (a mixed rollout of target ports would make two
// slices, but nothing forbids it): all count.
std::vector<uint16_t> port_numbers(const model::EndpointSlice& slice, const std::string& name) {
    std::vector<uint16_t> numbers;
    for (const model::SlicePort& port : slice.ports) {
        if (port.name != name || !is_tcp(port) || !port.port) continue;
        if (*port.port < 1 || *port.port > 65535) continue;
        numbers.push_back(static_cast<uint16_t>(*port.port));
    }
    return numbers;
}

// For people only, so an impossible name is left out rather than its endpoint.
std::string shown_name(const std::string& pod_name) {
    const bool fits = pod_name.size() <= limits::kNameBytes;
    return fits && model::check_printable(pod_name).empty() ? pod_name : std::string();
}

table::EndpointSpec make_endpoint(
    const Address& address, uint16_t port, const model::SliceEndpoint& source
) {
    const std::string_view bytes(reinterpret_cast<const char*>(address.data()), address.size());
    return {
        .address = address,
        .port = port,
        .identity = table::key128({bytes, std::to_string(port), source.pod_uid}),
        .name = shown_name(source.pod_name)
    };
}

}  // namespace

Endpoints::Endpoints(
    const model::Objects<model::EndpointSlice>& slices, const Options& options, Report& report
)
    : options_(options), report_(report) {
    for (const auto& [key, slice] : slices) {
        if (slice->service.empty()) continue;
        slices_[{key.ns, slice->service}].push_back(slice.get());
    }
}

// Slices get a verdict only when there is something to say: a cluster has many, and no one reads
// theirs.
ObjectReport& Endpoints::report_on(const model::EndpointSlice& slice) {
    return report_.open(
        {model::Kind::endpoint_slice, slice.meta.ns, slice.meta.name}, slice.meta.generation
    );
}

void Endpoints::refuse(
    const model::EndpointSlice& slice,
    const std::string& field,
    Reason reason,
    const std::string& message
) {
    report_on(slice).refuse(field, reason, message);
}

const std::vector<Endpoints::Member>& Endpoints::members(const model::EndpointSlice& slice) {
    const auto at = members_.find(&slice);
    if (at != members_.end()) return at->second;
    return members_.emplace(&slice, read(slice)).first->second;
}

std::vector<Endpoints::Member> Endpoints::read(const model::EndpointSlice& slice) {
    if (slice.address_type == model::AddressType::fqdn) {
        refuse(
            slice,
            "addressType",
            Reason::unsupported_value,
            "FQDN is not supported: the proxy resolves no names; list IPv4 or IPv6 addresses"
        );
        return {};
    }
    std::vector<Member> members;
    bool all_taken = true;
    for (size_t i = 0; i < slice.endpoints.size(); ++i) {
        const model::SliceEndpoint& endpoint = slice.endpoints[i];
        const bool ready = is_ready(endpoint);
        if (!ready && !drains(endpoint)) continue;
        Address address;
        if (!take_address(slice, i, address)) {
            all_taken = false;
            continue;
        }
        members.push_back({.address = address, .ready = ready, .source = &endpoint, .slice = &slice}
        );
    }
    if (!all_taken && !members.empty()) report_on(slice).served();
    return members;
}

// The API calls the addresses of one endpoint interchangeable, so the first stands for all: each of
// them would otherwise draw a whole endpoint's share.
bool Endpoints::take_address(const model::EndpointSlice& slice, size_t index, Address& address) {
    const std::vector<std::string>& texts = slice.endpoints[index].addresses;
    const std::string field = "endpoints[" + std::to_string(index) + "].addresses";
    if (texts.empty()) {
        refuse(slice, field, Reason::invalid_field, "is empty: an endpoint needs an address");
        return false;
    }
    const std::optional<Address> parsed = parse_address(texts.front());
    if (!parsed) {
        refuse(
            slice,
            field + "[0]",
            Reason::invalid_field,
            in_quotes(texts.front()) + " is not an IP address"
        );
        return false;
    }
    const std::string_view complaint = why_refused(*parsed, options_.allow_loopback_endpoints);
    if (!complaint.empty()) {
        refuse(
            slice,
            field + "[0]",
            Reason::endpoint_refused,
            in_quotes(texts.front()) + " " + std::string(complaint) + ": it is not sent traffic"
        );
        return false;
    }
    address = *parsed;
    return true;
}

// In the order of the set; of one address and port that stands in several slices, only the best is
// kept: a ready one, then the one with the smallest uid.
std::vector<Endpoints::Member> Endpoints::candidates(const Backend& backend) {
    std::vector<Member> all;
    const auto slices = slices_.find({backend.service.ns, backend.service.name});
    if (slices == slices_.end()) return all;
    for (const model::EndpointSlice* slice : slices->second) {
        for (const uint16_t port : port_numbers(*slice, backend.port)) {
            for (Member member : members(*slice)) {
                member.port = port;
                all.push_back(member);
            }
        }
    }
    const auto place = [](const Member& m) { return std::tie(m.address, m.port); };
    std::sort(all.begin(), all.end(), [&](const Member& a, const Member& b) {
        if (place(a) != place(b)) return place(a) < place(b);
        if (a.ready != b.ready) return a.ready;
        return std::tie(a.source->pod_uid, a.source->pod_name) <
               std::tie(b.source->pod_uid, b.source->pod_name);
    });
    const auto same = [&](const Member& a, const Member& b) { return place(a) == place(b); };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
    return all;
}

Endpoints::Set Endpoints::of(const Backend& backend, size_t room) {
    std::vector<Member> all = candidates(backend);
    Set set;
    for (const Member& member : all) set.ready += member.ready ? 1 : 0;
    if (set.ready > 0) std::erase_if(all, [](const Member& member) { return !member.ready; });
    for (size_t i = 0; i < std::min(room, all.size()); ++i) {
        set.endpoints.push_back(make_endpoint(all[i].address, all[i].port, *all[i].source));
    }
    if (all.size() > room) {
        refuse(
            *all[room].slice,
            "endpoints",
            Reason::too_many_objects,
            std::to_string(all.size() - room) + " endpoints of " + backend.name +
                " are left out: a table holds " + std::to_string(limits::kEndpoints)
        );
        set.ready = std::min(set.ready, static_cast<uint32_t>(room));
    }
    return set;
}

}  // namespace sluice::compile
