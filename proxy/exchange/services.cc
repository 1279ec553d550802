// Records into the ring of the access log.
#include "proxy/exchange/services.h"

#include <unistd.h>

namespace sluice::exchange {

void AccessLog::append(const live::LogFacts& facts, std::string_view first, std::string_view rest)
    const {
    bool hurry = false;
    writer->append(facts, first, rest, hurry);
    if (!hurry) return;
    const uint64_t one = 1;
    // A full counter means that it is awake already.
    [[maybe_unused]] const ssize_t written = ::write(wake, &one, sizeof one);
}

}  // namespace sluice::exchange
