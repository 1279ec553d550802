// Kernel pipes through which bytes go from one socket to another without being copied (splice(2)):
// a 1 MiB answer costs half of what reading and writing it does. A pipe is in use only while a body
// passes; the pool bounds how many exist. One worker's.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "proxy/net/socket.h"

namespace sluice::net {

class Pipe {
public:
    Pipe() = default;
    // Not open when the process has no descriptors left.
    static Pipe make();
    Pipe(Pipe&& other) noexcept { *this = std::move(other); }
    Pipe& operator=(Pipe&& other) noexcept;
    ~Pipe() { close(); }

    bool open() const { return read_end_ >= 0; }
    size_t held() const { return held_; }  // bytes in it

    // From the socket, `most` bytes at most; as Socket::read. REQUIRES: nothing is held, so `again`
    // speaks of the socket alone.
    Transfer fill(Socket& from, size_t most);
    // To the socket, as much as it takes; as Socket::write. REQUIRES: something is held.
    Transfer drain(Socket& to);

private:
    void close();

    int read_end_ = -1;
    int write_end_ = -1;
    size_t held_ = 0;
};

class PipePool {
public:
    // Not open: the pool is frugal, limits::kPipes are in use, or the process is out of
    // descriptors. The caller copies then.
    Pipe take();
    // A pipe that still holds bytes is closed; nobody may get another's.
    void give(Pipe pipe);
    // Closes half of those that lie unused.
    void trim();
    // Frugal: none is given out, and those that lie unused are closed.
    void set_frugal(bool frugal);
    size_t in_use() const { return in_use_; }
    size_t idle() const { return idle_.size(); }

private:
    std::vector<Pipe> idle_;
    size_t in_use_ = 0;
    bool frugal_ = false;
};

}  // namespace sluice::net
