// One client of an event stream: asks once, then takes events and holds them against their stamps.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include <netinet/in.h>

#include "bench/load/tally.h"
#include "modelsim/loop.h"

namespace sluice::bench {

// What all streams of a round share; outlives them.
struct Shared {
    Tally tally;
    std::array<char, 64 * 1024> scratch;  // one read; never live across two calls
    uint32_t streaming = 0;               // streams whose answer has begun
    uint32_t ended = 0;                   // streams that are over before their time
};

class Stream final : public modelsim::Watched {
public:
    explicit Stream(Shared& shared) : shared_(shared) {}
    ~Stream() override;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    // Connects and asks; the error says what failed.
    tl::expected<void, std::string> open(
        const sockaddr_in& address, std::string_view request, modelsim::Loop& loop
    );
    void on_ready(uint32_t events) override;

private:
    void take(std::string_view bytes, int64_t now_ns);
    bool take_head(std::string_view& bytes);
    void end();

    Shared& shared_;
    int fd_ = -1;
    bool streaming_ = false;
    bool over_ = false;
    uint64_t next_ = 0;  // the number that the next event must have
    std::string rest_;   // of a head or an event that has not come whole
};

}  // namespace sluice::bench
