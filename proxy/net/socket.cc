// System calls of one socket, and what their results say about readiness.
#include "proxy/net/socket.h"

#include <cerrno>
#include <cstddef>
#include <linux/tcp.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace sluice::net {

namespace {

// The kernel's tcp_info, because glibc's ends before the field we need; the two headers clash, so
// this file includes only the kernel's.
int64_t acked(const ::tcp_info& info, socklen_t length) {
    constexpr size_t kEnd = offsetof(::tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked);
    return length >= kEnd ? static_cast<int64_t>(info.tcpi_bytes_acked) : -1;
}

}  // namespace

Transfer Socket::read(std::span<char> into) {
    if (!readable()) return {Io::again, 0, 0};
    for (;;) {
        const ssize_t got = ::recv(fd, into.data(), into.size(), 0);
        if (got > 0) {
            const auto bytes = static_cast<size_t>(got);
            if (bytes < into.size() && !gone()) source.bits &= static_cast<uint8_t>(~kReadable);
            return {Io::done, bytes, 0};
        }
        if (got == 0) return {Io::closed, 0, 0};
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return {Io::closed, 0, errno};
        source.bits &= static_cast<uint8_t>(~kReadable);
        return {Io::again, 0, 0};
    }
}

Transfer Socket::write(std::span<const iovec> from) {
    if (!writable()) return {Io::again, 0, 0};
    size_t total = 0;
    for (const iovec& piece : from) total += piece.iov_len;
    for (;;) {
        ssize_t sent = 0;
        if (from.size() == 1) {
            sent = ::send(fd, from[0].iov_base, from[0].iov_len, MSG_NOSIGNAL);
        } else {
            msghdr message{};
            message.msg_iov = const_cast<iovec*>(from.data());
            message.msg_iovlen = from.size();
            sent = ::sendmsg(fd, &message, MSG_NOSIGNAL);
        }
        if (sent >= 0) {
            const auto bytes = static_cast<size_t>(sent);
            if (bytes < total) source.bits &= static_cast<uint8_t>(~kWritable);
            return {Io::done, bytes, 0};
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return {Io::closed, 0, errno};
        source.bits &= static_cast<uint8_t>(~kWritable);
        return {Io::again, 0, 0};
    }
}

void shut_write(const Socket& socket) {
    ::shutdown(socket.fd, SHUT_WR);
}

void reset_on_close(const Socket& socket) {
    const linger now{1, 0};
    ::setsockopt(socket.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int connect_error(const Socket& socket) {
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
}

int64_t acknowledged_bytes(const Socket& socket) {
    ::tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(socket.fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    return acked(info, length);
}

}  // namespace sluice::net
