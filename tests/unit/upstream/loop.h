// A loop in miniature for tests of upstream connections: poller, blocks, a clock and a pool.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/net/poller.h"
#include "proxy/upstream/pool.h"
#include "tests/unit/net/sockets.h"

namespace sluice::upstream::testing {

using net::testing::Acceptor;
using net::testing::Plain;

struct Loop {
    net::Poller poller;
    net::BlockPool blocks;
    int64_t now = 1'000'000'000;
    Pool pool{poller, blocks, now};

    void turn() {
        poller.wait(10);
        poller.dispatch();
        poller.reclaim();
    }
    // Turns until `done` holds, at most two seconds.
    bool until(const std::function<bool()>& done) {
        for (int i = 0; i < 200; ++i) {
            if (done()) return true;
            turn();
        }
        return done();
    }
};

inline void fill_head(http::RequestHead& head) {
    head = {};
    head.method = "POST";
    head.target = head.path = "/v1/chat/completions";
    head.authority = head.host = "models.example";
    head.fields.clear();
    head.fields.add("accept", "*/*");
}

}  // namespace sluice::upstream::testing
