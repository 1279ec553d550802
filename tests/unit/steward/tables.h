// Small tables as the controller would publish them, for the steward's tests.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

#include "table/builder.h"
#include "table/channel.h"

namespace sluice::steward {

// One rule to one backend, matched by these path patterns, or by every path when there are none.
inline table::RoutesSpec routes_with(
    const std::vector<std::string>& patterns, const std::string& host = "example.com"
) {
    table::RoutesSpec spec;
    spec.backends.push_back(
        {table::backend_key("Service", "demo", "llama", "http"), "Service/demo/llama/http"}
    );
    table::RuleSpec rule{};
    rule.key = table::key128({"ModelRoute", "demo", "chat", "default"});
    rule.name = "ModelRoute/demo/chat/default";
    rule.splits.push_back({1, Reason::ok, 0});
    rule.connect_ms = 1'000;
    rule.first_byte_ms = rule.idle_ms = 60'000;
    rule.request_ms = 0;
    spec.rules.push_back(rule);
    table::HostSpec entry{host, {}};
    for (const std::string& pattern : patterns)
        entry.matches.push_back({table::PathKind::regex, pattern, {}, 0});
    if (patterns.empty()) entry.matches.push_back({table::PathKind::prefix, "", {}, 0});
    spec.hosts.push_back(entry);
    return spec;
}

inline table::Bytes routes_bytes(const table::RoutesSpec& spec) {
    auto bytes = table::build_routes(spec);
    EXPECT_TRUE(bytes) << bytes.error().message;
    return bytes ? std::move(*bytes) : table::Bytes();
}

// One endpoint of that backend, or of one that no route names.
inline table::Bytes endpoints_bytes(
    uint16_t port, const std::string& backend = "llama", const std::string& uid = "uid"
) {
    table::EndpointsSpec spec;
    table::EndpointSetSpec set;
    set.backend = table::backend_key("Service", "demo", backend, "http");
    table::EndpointSpec endpoint{};
    endpoint.address[10] = endpoint.address[11] = 0xff;
    endpoint.address[12] = 10;
    endpoint.address[15] = 1;
    endpoint.port = port;
    endpoint.identity = table::key128({"10.0.0.1", std::to_string(port), uid});
    endpoint.name = "llama-0";
    set.endpoints.push_back(endpoint);
    spec.sets.push_back(set);
    auto bytes = table::build_endpoints(spec);
    EXPECT_TRUE(bytes) << bytes.error().message;
    return bytes ? std::move(*bytes) : table::Bytes();
}

// A publish and its descriptors. Digests of what was added before stay, as a publisher's would.
class Publish {
public:
    explicit Publish(uint64_t generation, const table::Digests& running = {}) {
        message.kind = table::MessageKind::publish;
        message.generation = generation;
        message.digests = running;
    }
    Publish& with(table::Segment segment, const table::Bytes& bytes) {
        auto memory = table::seal("test", bytes);
        EXPECT_TRUE(memory);
        return with(segment, std::move(*memory), table::digest(bytes));
    }
    Publish& with(table::Segment segment, table::Descriptor memory, uint64_t digest) {
        const auto index = static_cast<size_t>(segment);
        message.segments = static_cast<uint8_t>(message.segments | 1U << index);
        message.digests[index] = digest;
        descriptors.push_back(std::move(memory));
        return *this;
    }

    table::Message message;
    std::vector<table::Descriptor> descriptors;
};

}  // namespace sluice::steward
