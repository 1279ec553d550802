// The steward's loop: one publish after the other.
#include "proxy/steward/steward.h"

#include <cerrno>
#include <cstdio>
#include <poll.h>

#include "proxy/steward/verifier.h"
#include "table/channel.h"

namespace sluice::steward {
namespace {

// The supervisor is our own program: what it cannot say right is no reason to go on.
int broken(const std::string& why) {
    std::fprintf(stderr, "sluice-proxy: steward: %s\n", why.c_str());
    return 1;
}

}  // namespace

int run(const Settings& settings) {
    Verifier verifier;
    for (;;) {
        auto received = table::receive(settings.channel);
        if (!received) return broken(received.error().message);
        if (received->closed) return 0;
        if (received->again) {
            pollfd readable{settings.channel, POLLIN, 0};
            if (::poll(&readable, 1, -1) < 0 && errno != EINTR) return broken("poll failed");
            continue;
        }
        if (received->message.kind != table::MessageKind::publish) continue;
        const table::Message answer = verifier.answer(received->message, received->descriptors);
        if (auto sent = table::send(settings.channel, answer); !sent) {
            return broken(sent.error().message);
        }
    }
}

}  // namespace sluice::steward
