// References to Services, resolved: each Service port that a rule names is one backend, whether by
// its name or by its number.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "controller/compile/backend.h"
#include "controller/model/snapshot.h"
#include "table/reason.h"

namespace sluice::compile {

// Of a Service that was asked for. Two may share it: good for "may have changed" only.
uint64_t service_hash(std::string_view ns, std::string_view name);

// Gives out one BackendPtr a Service port for as long as anyone has it.
class Backends {
public:
    struct Resolved {
        Reason reason = Reason::ok;
        std::string message;  // when not ok
        BackendPtr backend;   // when ok
    };

    // What is resolved from here on goes by these Services. Returns the hashes of those that came,
    // changed or went since the last call.
    std::unordered_set<uint64_t> look_at(const model::Objects<model::Service>& services);

    // `port` is a number or a name as text; "" = none given. The answer is good until look_at().
    const Resolved& resolve(
        const std::string& ns, const std::string& service, const std::string& port
    );

private:
    Resolved look_up(const std::string& ns, const std::string& service, const std::string& port);
    Resolved add(const model::ObjectKey& service, const model::ServicePort& port);
    BackendPtr known(const std::string& identity);
    void forget_unused();

    model::Objects<model::Service> services_;
    std::unordered_map<std::string, Resolved> answers_;
    std::unordered_map<std::string, std::weak_ptr<const Backend>> backends_;  // by identity
    size_t forget_at_ = 1024;  // size of backends_ at which the unused ones go
};

}  // namespace sluice::compile
