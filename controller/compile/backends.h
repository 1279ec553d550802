// References to Services, resolved: each Service port that a rule names is one backend, whether by
// its name or by its number.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "controller/compile/backend.h"
#include "controller/model/snapshot.h"
#include "table/key.h"
#include "table/reason.h"

namespace sluice::compile {

// Keys that were given out, and to whom: two names with one key cannot both be in a table.
template <class Key>
class KeyClaims {
public:
    // False when another name has the key.
    bool claim(const Key& key, std::string_view name) {
        return claims_.try_emplace(key, name).first->second == name;
    }

private:
    std::map<Key, std::string> claims_;
};

class Backends {
public:
    using Index = uint32_t;

    struct Resolved {
        Reason reason = Reason::ok;
        std::string message;  // when not ok
        Index index = 0;      // when ok
    };

    explicit Backends(const model::Snapshot& snapshot) : snapshot_(snapshot) {}

    // `port` is a number or a name as text; "" = none given.
    const Resolved& resolve(
        const std::string& ns, const std::string& service, const std::string& port
    );
    const std::vector<Backend>& all() const { return backends_; }

private:
    Resolved look_up(const std::string& ns, const std::string& service, const std::string& port);
    Resolved add(const model::ObjectKey& service, const model::ServicePort& port);

    const model::Snapshot& snapshot_;
    std::map<std::tuple<std::string, std::string, std::string>, Resolved> answers_;
    std::map<std::pair<model::ObjectKey, std::string>, Index> by_port_;
    std::vector<Backend> backends_;
    KeyClaims<table::Key64> keys_;
};

}  // namespace sluice::compile
