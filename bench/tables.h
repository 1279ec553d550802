// Tables of the sizes that the marks name, and requests for them: what the benches of building,
// verifying and looking up share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "table/spec.h"

namespace sluice::bench {

// As people write them: ten well-known paths, or as many as wanted of "/team-7/service-104".
enum class Paths : uint8_t { known, numbered };

std::string host_of(uint32_t index);
std::string path_of(Paths style, uint32_t index);

// `hosts` names with `paths` prefixes each, a rule for each of them, and one backend a host, as an
// application has. REQUIRES: at most 10 paths that are known.
table::RoutesSpec routes(uint32_t hosts, uint32_t paths, Paths style = Paths::known);

// Two endpoints a backend.
table::EndpointsSpec endpoints(uint32_t count);

struct Key {
    std::string_view host;
    std::string_view path;
};

// Requests of random hosts for something below random paths of theirs, each of its own bytes, side
// by side in the order of use: as a head is when it was just read, so that the next one's bytes are
// on their way and a bench pays for the table and not for them.
class Keys {
public:
    Keys(uint32_t hosts, uint32_t paths, Paths style);
    // Round and round; more of them than fit any cache below the last.
    const Key& next() { return keys_[next_++ % keys_.size()]; }

private:
    std::string bytes_;
    std::vector<Key> keys_;
    size_t next_ = 0;
};

}  // namespace sluice::bench
