// Connected datagram sockets: a server that is gone shows as an error, a new one is connected to.
#include "proxy/steward/log_syslog.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::steward {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

socklen_t set_unix(sockaddr_storage& server, const std::string& path) {
    auto& address = reinterpret_cast<sockaddr_un&>(server);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return sizeof address;
}

socklen_t set_udp(sockaddr_storage& server, const std::string& address, uint16_t port) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(server);
    if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        return sizeof v4;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(server);
    ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    return sizeof v6;
}

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "-";
    return name.data();
}

// This datagram is too long or one too many: a new socket would change nothing.
bool about_the_line(int error) {
    return error == EMSGSIZE || error == ENOBUFS;
}

}  // namespace

SyslogSink::SyslogSink(const SinkSpec& spec) : spec_(spec) {
    if (spec_.kind == SinkKind::syslog_socket) {
        server_size_ = set_unix(server_, spec_.path);
        header_ = "<134>sluice-proxy: ";
        return;
    }
    server_size_ = set_udp(server_, spec_.address, spec_.port);
    header_ = "<134>1 ";
    time_at_ = header_.size();
    header_.append(kTimeBytes, ' ');
    header_ += " " + host_name() + " sluice-proxy " + std::to_string(::getpid()) + " access - ";
}

void SyslogSink::open(int64_t now_ms) {
    if (fd_ || now_ms < retry_at_ms_) return;
    retry_at_ms_ = now_ms + kSinkRetryMs;
    table::Descriptor fd(::socket(server_.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return refuse(errno);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server_), server_size_) != 0) {
        return refuse(errno);
    }
    fd_ = std::move(fd);
    trouble_.clear();
}

Taken SyslogSink::write(std::string_view lines, uint64_t count, int64_t now_ms) {
    Taken taken;
    open(now_ms);
    if (time_at_ != 0) stamp();
    while (fd_ && !lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(line.size() + 1);
        if (!send(line, now_ms)) continue;
        ++taken.written;
        taken.bytes += header_.size() + line.size();
    }
    taken.refused = count - taken.written;
    return taken;
}

// When it is sent; the line itself has the time of its request.
void SyslogSink::stamp() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    time_.put(header_.data() + time_at_, now.tv_sec * kNsPerSecond + now.tv_nsec);
}

// An error may be about the datagram before this one, or about a server that was restarted: then
// the line goes over a new connection.
bool SyslogSink::send(std::string_view line, int64_t now_ms) {
    int error = try_send(line);
    if (error != 0 && !about_the_line(error)) {
        fd_ = table::Descriptor();
        refuse(error);
        open(now_ms);
        if (!fd_) return false;
        error = try_send(line);
    }
    if (error == 0) {
        trouble_.clear();
        return true;
    }
    if (!about_the_line(error)) fd_ = table::Descriptor();
    refuse(error);
    return false;
}

// 0 or the error.
int SyslogSink::try_send(std::string_view line) {
    std::array<iovec, 2> parts{
        iovec{header_.data(), header_.size()},
        iovec{const_cast<char*>(line.data()), line.size()},
    };
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    while (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

void SyslogSink::refuse(int error) {
    const std::string whom = spec_.kind == SinkKind::syslog_socket ? spec_.path : "the server";
    trouble_ = std::string(std::strerror(error)) + ": " +
               (error == EMSGSIZE ? "the line is longer than one datagram"
                                  : "start a syslog server at " + whom + ", or log to stdout");
}

}  // namespace sluice::steward
