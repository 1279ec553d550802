// Asks the controller's admin socket for a page.
#pragma once

#include <string>

namespace sluice::ctl {

// Status of GET `page`, or 0 when nobody answers within a second.
int admin_status(const std::string& socket_path, const std::string& page);

}  // namespace sluice::ctl
