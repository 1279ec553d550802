// What the gate should say, written a second time and differently: whole text in, split into lines
// and elements, copies everywhere, no state machine. Tests and fuzzers compare the two.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http::oracle {

struct Verdict {
    enum class Kind { incomplete, accepted, refused };
    Kind kind = Kind::refused;
    size_t size = 0;
    std::string method;
    std::string target;
    std::string path;
    std::string host;
    int status = 0;
    std::vector<std::pair<std::string, std::string>> fields;
    bool chunked = false;
    std::optional<uint64_t> length;
    bool keep_alive = false;
};

Verdict judge_request(std::string_view bytes);
Verdict judge_response(std::string_view bytes);

// Canonical form, or nothing when the path is refused.
std::optional<std::string> canonical(std::string_view path);

}  // namespace sluice::http::oracle
