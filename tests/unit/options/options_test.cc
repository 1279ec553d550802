// What the command line becomes; what is wrong with it is tested on the program itself
// (tests/process/test_supervisor.py).
#include "proxy/options/options.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::options {
namespace {

using Words = std::vector<std::string>;

Options least() {
    Options options;
    options.listen = {"127.0.0.1:0"};
    options.socket = "/run/sluice/control";
    return options;
}

supervisor::Settings settings(const Options& options) {
    auto made = settings_of(options, "1.2.3");
    EXPECT_TRUE(made) << made.error();
    return made.value_or(supervisor::Settings());
}

std::string error(const Options& options) {
    const auto made = settings_of(options, "1.2.3");
    return made ? "taken" : made.error();
}

TEST(Options, TheLeastIsEnough) {
    const supervisor::Settings made = settings(least());
    EXPECT_EQ(made.handover.build, "1.2.3");
    EXPECT_FALSE(made.handover.restores);
    EXPECT_EQ(made.clocks.grace_ms, 30'000);
    EXPECT_EQ(made.clocks.drain_wait_ms, 0);
    EXPECT_EQ(made.steward_arguments, (Words{"--log", "stdout"}));
    EXPECT_EQ(
        made.worker_arguments,
        (Words{
            "--log-sample",
            "1",
            "--per-source",
            "8192",
            "--head-timeout",
            "10",
            "--min-rate",
            "240",
        })
    );
}

TEST(Options, ReachTheChildThatTheyConcern) {
    Options options = least();
    options.listen_proxy = {"127.0.0.1:0"};
    options.trusted_hops = {"10.0.0.0/8", "fd00::/8"};
    options.connections_per_source = 10;
    options.client_head_timeout_s = 5;
    options.client_min_rate = 0;
    options.admin_token_file = "/dev/null";
    options.state = "/tmp";
    options.access_log = "file:/tmp/log";
    options.access_log_headers = {"User-Agent", "x-b"};
    options.access_log_sample = 7;
    options.drain_wait_s = 5;
    options.grace_s = 1;
    const supervisor::Settings made = settings(options);
    EXPECT_EQ(
        made.steward_arguments,
        (Words{
            "--log",
            "file:/tmp/log",
            "--log-header",
            "user-agent",
            "--log-header",
            "x-b",
            "--state",
            "/tmp",
            "--token-file",
            "/dev/null",
        })
    );
    EXPECT_EQ(
        made.worker_arguments,
        (Words{
            "--log-sample",
            "7",
            "--log-header",
            "user-agent",
            "--log-header",
            "x-b",
            "--trusted-hop",
            "10.0.0.0/8",
            "--trusted-hop",
            "fd00::/8",
            "--per-source",
            "10",
            "--head-timeout",
            "5",
            "--min-rate",
            "0",
        })
    );
    EXPECT_TRUE(made.handover.restores);
    EXPECT_EQ(made.clocks.drain_wait_ms, 5'000);
    EXPECT_EQ(made.clocks.grace_ms, 1'000);
}

TEST(Options, WithoutALogWorkersWriteNoRecords) {
    Options options = least();
    options.access_log = "off";
    EXPECT_EQ(
        settings(options).worker_arguments,
        (Words{
            "--log-sample",
            "1",
            "--no-log",
            "--per-source",
            "8192",
            "--head-timeout",
            "10",
            "--min-rate",
            "240",
        })
    );
}

TEST(Options, AListenerOfEitherKindIsEnough) {
    Options options = least();
    options.listen.clear();
    EXPECT_EQ(error(options), "--listen is missing: add --listen 127.0.0.1:8080");
    options.listen_proxy = {"127.0.0.1:0"};
    EXPECT_EQ(error(options), "taken");
}

TEST(Options, EachLimitHolds) {
    Options options = least();
    options.listen.assign(limits::kListeners - 1, "127.0.0.1:0");
    options.listen_proxy = {"127.0.0.1:0"};
    options.trusted_hops.assign(limits::kTrustedHops, "10.0.0.0/8");
    options.access_log_headers.assign(limits::kLogHeaders, "a");
    options.admin.assign(4, "127.0.0.1:0");
    EXPECT_EQ(error(options), "taken");
    Options more = options;
    more.listen.emplace_back("127.0.0.1:0");
    EXPECT_EQ(
        error(more), "--listen-proxy 127.0.0.1:0: at most 16 addresses are served; leave some out"
    );
    more = options;
    more.trusted_hops.emplace_back("10.0.0.0/8");
    EXPECT_EQ(error(more), "--trusted-hop 10.0.0.0/8: at most 64 are taken; write wider ones");
    more = options;
    more.access_log_headers.emplace_back("b");
    EXPECT_EQ(error(more), "--access-log-header b: at most 8 are logged; leave it out");
    more = options;
    more.admin.emplace_back("127.0.0.1:0");
    EXPECT_EQ(error(more), "--admin 127.0.0.1:0: at most 4 are served; leave it out");
}

TEST(Options, EverySinkIsKnown) {
    Options options = least();
    for (const char* const sink :
         {"off",
          "stdout",
          "syslog",
          "file:/var/log/x",
          "syslog:/dev/log",
          "syslog:udp:127.0.0.1:514",
          "syslog:udp:127.0.0.1:10",
          "syslog:udp:[::1]:514"}) {
        options.access_log = sink;
        EXPECT_EQ(error(options), "taken") << sink;
    }
    for (const char* const sink :
         {"",
          "on",
          "file:",
          "file:x",
          "syslog:",
          "syslog:udp:host:514",
          "syslog:udp:127.0.0.1:0",
          "syslog:udp:127.0.0.1:00"}) {
        options.access_log = sink;
        EXPECT_EQ(error(options).find("--access-log "), 0U) << sink;
    }
}

TEST(Options, ASyslogSocketsPathMayBeAsLongAsTheKernelTakesIt) {
    Options options = least();
    options.access_log = "syslog:/" + std::string(106, 'x');
    EXPECT_EQ(error(options), "taken");
    options.access_log += 'x';
    EXPECT_NE(error(options).find("at most 107 bytes"), std::string::npos);
}

}  // namespace
}  // namespace sluice::options
