// Fill the pipe, empty the pipe, until one side says no.
#include "proxy/upstream/splice.h"

#include <algorithm>

#include "table/limits.h"

namespace sluice::upstream {

// What is staged goes first; the pipe is taken last, when everything else allows it.
bool Splice::begin(const H1Stream* from, H1Stream* to, net::PipePool& pipes, Stop& stop) {
    stop = Stop::nothing_left;
    if (from == nullptr || to == nullptr || !to->takes_plain_bytes()) return false;
    if (from->passable() < limits::kSpliceBytes) return false;
    const Io flushed = to->flush();
    if (flushed != Io::done) {
        stop = flushed == Io::again ? Stop::to_again : Stop::to_closed;
        return false;
    }
    pipe_ = pipes.take();
    return pipe_.open();
}

Splice::Stop Splice::move(
    H1Stream* from, H1Stream* to, net::PipePool& pipes, size_t& budget, uint64_t& delivered
) {
    Stop stop = Stop::nothing_left;
    if (!pipe_.open() && !begin(from, to, pipes, stop)) return stop;
    for (;;) {
        if (pipe_.held() == 0) {
            if (from->passable() == 0) {
                // Not yet known to be dry: a connection with bytes behind its answer is not reused.
                from->fill();
                break;
            }
            if (budget == 0) return Stop::budget;
            const net::Transfer in =
                pipe_.fill(from->socket, std::min<uint64_t>(from->passable(), budget));
            if (in.io == Io::again) return Stop::from_again;
            if (in.io == Io::closed) {
                from->fail_read(in.error);
                return Stop::from_closed;
            }
            from->passed_in(in.bytes);
            to->passing_out(in.bytes);  // until the first, all that was sent can be repeated
            budget -= std::min(budget, in.bytes);
        }
        const net::Transfer out = pipe_.drain(to->socket);
        if (out.io == Io::again) return Stop::to_again;
        if (out.io == Io::closed) {
            to->fail_write(out.error);
            return Stop::to_closed;
        }
        to->passed_out(out.bytes);
        delivered += out.bytes;
    }
    rest(pipes);
    return Stop::nothing_left;
}

}  // namespace sluice::upstream
