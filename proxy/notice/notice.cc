// One write, where there is room for it.
#include "proxy/notice/notice.h"

#include <climits>
#include <poll.h>

#include <unistd.h>

namespace sluice::notice {

void say(const std::string& line) {
    const std::string text = ("sluice-proxy: " + line).substr(0, PIPE_BUF - 1) + "\n";
    pollfd writable{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
    // A pipe that is writable has room for so much at once.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace sluice::notice
