// Endpoints of backends: all EndpointSlices of a Service as one set, with what may not be sent
// traffic left out. A slice is read once, however many backends its Service has.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/compile/address.h"
#include "controller/compile/compile.h"
#include "controller/compile/report.h"
#include "table/limits.h"
#include "table/spec.h"

namespace sluice::compile {

class Endpoints {
public:
    Endpoints(
        const model::Objects<model::EndpointSlice>& slices, const Options& options, Report& report
    );

    struct Set {
        std::vector<table::EndpointSpec> endpoints;  // by address, port, pod uid
        uint32_t ready = 0;  // 0 when only terminating ones are left to serve
    };
    // Endpoints beyond `room` are left out and said so in their slice's verdict.
    Set of(const Backend& backend, size_t room = limits::kEndpoints);

private:
    struct Member {  // one address of a slice that may be used
        Address address;
        bool ready;
        const model::SliceEndpoint* source;
        const model::EndpointSlice* slice;
        uint16_t port = 0;
    };
    using Service = std::pair<std::string, std::string>;  // namespace, name

    const std::vector<Member>& members(const model::EndpointSlice& slice);
    std::vector<Member> read(const model::EndpointSlice& slice);
    bool take_address(const model::EndpointSlice& slice, size_t index, Address& address);
    ObjectReport& report_on(const model::EndpointSlice& slice);
    std::vector<Member> candidates(const Backend& backend);
    void refuse(
        const model::EndpointSlice& slice,
        const std::string& field,
        Reason reason,
        const std::string& message
    );

    const Options& options_;
    Report& report_;
    std::map<Service, std::vector<const model::EndpointSlice*>> slices_;
    std::map<const model::EndpointSlice*, std::vector<Member>> members_;
};

}  // namespace sluice::compile
