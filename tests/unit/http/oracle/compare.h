// Holds the gate's reading of some bytes against the oracles'. Empty when they agree, else what
// differs.
#pragma once

#include <string>
#include <string_view>

namespace sluice::http::oracle {

std::string compare_request(std::string_view bytes);
std::string compare_response(std::string_view bytes);

}  // namespace sluice::http::oracle
