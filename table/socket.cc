// The sockets of the hand-over: who may listen and connect.
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/channel.h"

namespace sluice::table {
namespace {

constexpr int kBacklog = 32;
constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
constexpr int kType = SOCK_SEQPACKET | kFlags;

tl::unexpected<ChannelError> refusal(std::string message) {
    return tl::unexpected<ChannelError>(ChannelError{Reason::internal, std::move(message)});
}

tl::unexpected<ChannelError> failed(const std::string& what) {
    return refusal(what + ": " + std::strerror(errno));
}

tl::expected<sockaddr_un, ChannelError> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return refusal(
            "socket path \"" + path + "\" has " + std::to_string(path.size()) +
            " bytes; use 1 to " + std::to_string(sizeof address.sun_path - 1)
        );
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

tl::expected<void, ChannelError> check_peer(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return failed("credentials of the peer");
    }
    if (peer.uid == ::geteuid()) return {};
    return refusal(
        "the peer runs as user " + std::to_string(peer.uid) + ", we as " +
        std::to_string(::geteuid()) + "; run both as one user"
    );
}

// Makes room for a new socket, unless something else or somebody alive stands there.
tl::expected<void, ChannelError> clear(const std::string& path, const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        return failed("stat " + path);
    }
    if (!S_ISSOCK(status.st_mode)) return refusal(path + " is there and is no socket");
    const Descriptor probe(::socket(AF_UNIX, kType, 0));
    if (!probe) return failed("socket");
    const int connected = ::connect(probe.get(), generic(address), sizeof address);
    // EAGAIN: somebody listens and its backlog is full. EPROTOTYPE: somebody listens for another
    // kind of socket.
    if (connected == 0 || errno == EAGAIN || errno == EPROTOTYPE)
        return refusal(path + ": another process listens there");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("unlink " + path);
    return {};
}

}  // namespace

tl::expected<Descriptor, ChannelError> listen_at(const std::string& path, SocketKind kind) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected<ChannelError>(address.error());
    if (auto cleared = clear(path, *address); !cleared) {
        return tl::unexpected<ChannelError>(cleared.error());
    }
    const int type = kind == SocketKind::stream ? SOCK_STREAM | kFlags : kType;
    Descriptor listener(::socket(AF_UNIX, type, 0));
    if (!listener) return failed("socket");
    // bind() gives the file this mode less the umask: no moment passes in which others may connect.
    if (::fchmod(listener.get(), 0600) != 0) return failed("fchmod of a socket");
    if (::bind(listener.get(), generic(*address), sizeof *address) != 0) {
        return failed("bind " + path);
    }
    if (::listen(listener.get(), kBacklog) != 0) return failed("listen at " + path);
    return listener;
}

tl::expected<Descriptor, ChannelError> accept_from(int listener) {
    Descriptor peer(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!peer) {
        const bool nobody = errno == EAGAIN || errno == ECONNABORTED || errno == EINTR;
        if (nobody) return Descriptor();
        return failed("accept");
    }
    if (auto checked = check_peer(peer.get()); !checked) {
        return tl::unexpected<ChannelError>(checked.error());
    }
    return peer;
}

tl::expected<Descriptor, ChannelError> connect_to(const std::string& path) {
    const auto address = address_of(path);
    if (!address) return tl::unexpected<ChannelError>(address.error());
    Descriptor peer(::socket(AF_UNIX, kType, 0));
    if (!peer) return failed("socket");
    if (::connect(peer.get(), generic(*address), sizeof *address) != 0) {
        return failed("connect to " + path);
    }
    if (auto checked = check_peer(peer.get()); !checked) {
        return tl::unexpected<ChannelError>(checked.error());
    }
    return peer;
}

tl::expected<std::array<Descriptor, 2>, ChannelError> pair() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, kType, 0, ends) != 0) return failed("socketpair");
    return std::array<Descriptor, 2>{Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace sluice::table
