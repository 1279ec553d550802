// What Boost.Beast reads out of a head: a widely used parser as a third opinion. It accepts more
// than the gate does, so the rule is: what the gate accepts, Beast accepts and reads alike.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http::oracle {

struct BeastReading {
    bool accepted = false;
    std::string error;
    std::string method;
    std::string target;
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    bool chunked = false;
    bool has_length = false;
    uint64_t length = 0;
};

// `bytes` is exactly one head.
BeastReading beast_reads_request(std::string_view bytes);
BeastReading beast_reads_response(std::string_view bytes);

// Whether a parser whose limit was lifted by body_limit(boost::none) still takes a Content-Length.
bool beast_without_limit_takes_length();

}  // namespace sluice::http::oracle
