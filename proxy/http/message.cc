// Text that outlives the bytes it came from: copies into the worker's scratch.
#include "proxy/http/message.h"

#include <cstring>

namespace sluice::http {

std::string_view Scratch::copy(std::string_view text) {
    char* place = take(text.size());
    if (place == nullptr) return {};
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    return {place, text.size()};
}

}  // namespace sluice::http
