// The steward's main thread: one publish after the other, slots swept in between. Log and admin
// have threads of their own.
#include "proxy/steward/steward.h"

#include <cerrno>
#include <optional>
#include <poll.h>

#include "proxy/live/clock.h"
#include "proxy/notice/notice.h"
#include "proxy/steward/access_log.h"
#include "proxy/steward/admin.h"
#include "proxy/steward/keeper.h"
#include "table/channel.h"

namespace sluice::steward {
namespace {

constexpr int kSweepMs = 5'000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kLogPatienceMs = 2'000;  // for the last lines, once the workers are gone

// The supervisor is our own program: what it cannot say right is no reason to go on.
int broken(const std::string& why) {
    notice::say("steward: " + why);
    return 1;
}

bool send(int channel, const Answer& answer) {
    std::vector<int> descriptors;
    for (const table::Descriptor& descriptor : answer.descriptors) {
        descriptors.push_back(descriptor.get());
    }
    return table::send(channel, answer.message, descriptors).has_value();
}

// Everything that happens until the supervisor closes the channel.
class Duty {
public:
    Duty(const Settings& settings, Keeper& keeper, AccessLog& log)
        : channel_(settings.channel), keeper_(keeper), log_(log) {}

    // A first publish is there already if the supervisor has a table: then the copy is of no use.
    int begin() {
        pollfd readable{channel_, POLLIN, 0};
        std::optional<Answer> restored;
        if (::poll(&readable, 1, 0) == 0) restored = keeper_.restore(live::monotonic_ns());
        Answer ready;
        ready.message.kind = table::MessageKind::heartbeat;
        if (!send(channel_, restored ? *restored : ready)) return broken("the channel is gone");
        return serve();
    }

private:
    int serve() {
        int64_t sweep_at_ns = live::monotonic_ns() + kSweepMs * kNsPerMs;
        for (;;) {
            auto received = table::receive(channel_);
            if (!received) return broken(received.error().message);
            if (received->closed) return 0;
            if (!received->again) {
                if (!take(*received)) return broken("the channel is gone");
                continue;
            }
            pollfd readable{channel_, POLLIN, 0};
            if (::poll(&readable, 1, kSweepMs) < 0 && errno != EINTR) return broken("poll failed");
            if (live::monotonic_ns() < sweep_at_ns) continue;
            keeper_.sweep(live::monotonic_ns());
            sweep_at_ns = live::monotonic_ns() + kSweepMs * kNsPerMs;
        }
    }

    bool take(const table::Received& received) {
        if (received.message.kind == table::MessageKind::reopen) log_.reopen();
        if (received.message.kind != table::MessageKind::publish) return true;
        const int64_t now_ns = live::monotonic_ns();
        const Answer answer = keeper_.publish(received.message, received.descriptors, now_ns);
        if (!send(channel_, answer)) return false;
        keeper_.catch_up();
        return true;
    }

    int channel_;
    Keeper& keeper_;
    AccessLog& log_;
};

}  // namespace

int run(const Settings& settings) {
    auto mapping = live::Mapping::attach(settings.live);
    if (!mapping) return broken(mapping.error());
    Current current;
    Keeper keeper(*mapping, current, settings.state);
    AccessLog log(settings.log, *mapping, settings.log_wake);
    const Admin admin(settings.admin, settings.build, *mapping, current, log.tally());
    const int code = Duty(settings, keeper, log).begin();
    log.stop(kLogPatienceMs);
    return code;
}

}  // namespace sluice::steward
