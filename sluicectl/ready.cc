// The smallest HTTP client: one request, and only the status line of the answer is read.
#include "sluicectl/ready.h"

#include <array>
#include <charconv>
#include <string_view>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::ctl {
namespace {

int status_of(std::string_view line) {
    constexpr std::string_view kStart = "HTTP/1.1 ";
    int status = 0;
    if (!line.starts_with(kStart)) return 0;
    line.remove_prefix(kStart.size());
    std::from_chars(line.data(), line.data() + line.size(), status);
    return status;
}

int ask(int fd, const sockaddr_un& address, const std::string& page) {
    const timeval patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(fd, where, sizeof address) != 0) return 0;
    const std::string request = "GET " + page + " HTTP/1.1\r\nhost: admin\r\n\r\n";
    if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return 0;
    std::array<char, 256> bytes;
    const ssize_t got = ::recv(fd, bytes.data(), bytes.size(), 0);
    return got <= 0 ? 0 : status_of({bytes.data(), static_cast<size_t>(got)});
}

}  // namespace

int admin_status(const std::string& socket_path, const std::string& page) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket_path.size() >= sizeof address.sun_path) return 0;
    socket_path.copy(address.sun_path, socket_path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    const int status = ask(fd, address, page);
    ::close(fd);
    return status;
}

}  // namespace sluice::ctl
