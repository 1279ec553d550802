// The long rest of a body of known length, from one HTTP/1 stream to another inside the kernel. For
// bytes that nobody reads on their way; both streams must be in clear text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "proxy/net/pipe.h"
#include "proxy/upstream/h1_stream.h"
#include "table/limits.h"

namespace sluice::upstream {

class Splice {
public:
    // Of a new body. Most are short or of unknown length: nothing else need be asked of those.
    void expect(http::BodyFraming framing) {
        worth_ = framing.kind == http::Framing::length && framing.length >= limits::kSpliceBytes;
    }
    bool worth() const { return worth_; }

    // Who stopped the bytes: a side that says again or closed, or neither.
    enum class Stop : uint8_t {
        nothing_left,  // of the body; or it does not pay, or there is no pipe: go on by copying
        from_again,
        from_closed,
        to_again,
        to_closed,
        budget,
    };

    // Moves until something stops it and takes what moved from `budget`. A nullptr stands for a
    // stream whose bytes cannot pass this way. `delivered` comes out as the bytes that `to` took.
    Stop move(
        H1Stream* from, H1Stream* to, net::PipePool& pipes, size_t& budget, uint64_t& delivered
    );
    // Bytes are on their way: neither stream has them.
    bool holds() const { return pipe_.held() > 0; }
    // Before a wait an empty pipe is worth more to others; and before `to` is another stream, whose
    // staged bytes have to go first.
    void rest(net::PipePool& pipes) {
        if (!holds()) end(pipes);
    }
    // What is held is lost.
    void end(net::PipePool& pipes) {
        if (pipe_.open()) pipes.give(std::move(pipe_));
    }

private:
    bool begin(const H1Stream* from, H1Stream* to, net::PipePool& pipes, Stop& stop);

    net::Pipe pipe_;
    bool worth_ = false;
};

}  // namespace sluice::upstream
