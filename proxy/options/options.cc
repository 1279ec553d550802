// Flags to settings, checked one by one.
#include "proxy/options/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>

#include <sys/un.h>
#include <unistd.h>

#include "proxy/http/trusted.h"
#include "proxy/listen/listeners.h"
#include "proxy/options/cpus.h"
#include "proxy/options/memory.h"
#include "table/limits.h"

namespace sluice::options {
namespace {

constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kLongestS = 24 * 3'600;
constexpr int64_t kLongestHeadS = 600;
constexpr uint64_t kFastestBytes = uint64_t{1} << 20;  // no client is asked for more
constexpr size_t kAdminListeners = 4;

using Texts = std::vector<std::string>;
using Checked = tl::expected<void, std::string>;

tl::unexpected<std::string> wrong(
    const std::string& flag, const std::string& value, const std::string& remedy
) {
    return tl::unexpected<std::string>(flag + " " + value + ": " + remedy);
}

tl::unexpected<std::string> missing(const std::string& flag, const std::string& remedy) {
    return tl::unexpected<std::string>(flag + " is missing: " + remedy);
}

Checked check_addresses(const std::string& flag, const Texts& addresses) {
    for (const std::string& each : addresses) {
        if (auto checked = listen::check({flag, each}); !checked) return checked;
    }
    return {};
}

Checked check_listeners(const Options& options) {
    if (options.listen.empty() && options.listen_proxy.empty()) {
        return missing("--listen", "add --listen 127.0.0.1:8080");
    }
    if (auto checked = check_addresses("--listen", options.listen); !checked) return checked;
    if (auto checked = check_addresses("--listen-proxy", options.listen_proxy); !checked) {
        return checked;
    }
    const size_t count = options.listen.size() + options.listen_proxy.size();
    if (count <= limits::kListeners) return {};
    const bool plain = options.listen_proxy.empty();
    return wrong(
        plain ? "--listen" : "--listen-proxy",
        plain ? options.listen.back() : options.listen_proxy.back(),
        "at most " + std::to_string(limits::kListeners) + " addresses are served; leave some out"
    );
}

Checked check_hops(const Texts& hops) {
    const char* const flag = "--trusted-hop";
    if (hops.size() > limits::kTrustedHops) {
        return wrong(
            flag,
            hops[limits::kTrustedHops],
            "at most " + std::to_string(limits::kTrustedHops) + " are taken; write wider ones"
        );
    }
    const auto parsed = http::TrustedHops::parse(hops);
    if (parsed) return {};
    return tl::unexpected<std::string>(std::string(flag) + ": " + parsed.error());
}

Checked check_admin(const Options& options) {
    if (auto checked = check_addresses("--admin", options.admin); !checked) return checked;
    if (options.admin.size() > kAdminListeners) {
        return wrong(
            "--admin", options.admin[kAdminListeners], "at most 4 are served; leave it out"
        );
    }
    const std::string& token = options.admin_token_file;
    if (token.empty() || ::access(token.c_str(), R_OK) == 0) return {};
    return wrong("--admin-token-file", token, "cannot be read; name a file that holds the token");
}

Checked check_state(const std::string& folder) {
    if (folder.empty()) return {};
    std::error_code error;
    if (!std::filesystem::is_directory(folder, error)) {
        return wrong("--state", folder, "is no directory; make it first");
    }
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
    return wrong("--state", folder, "cannot be written; give it to the user that runs this");
}

Checked check_memory(const std::string& limit, uint32_t workers) {
    const char* const flag = "--memory-limit";
    if (limit.empty() || limit == "none") return {};
    const auto bytes = bytes_of(limit);
    if (!bytes) return wrong(flag, limit, "write bytes, 512Mi, 2Gi, or none");
    constexpr uint64_t kMebibyte = uint64_t{1} << 20;
    const uint64_t least = (least_limit(workers) + kMebibyte - 1) / kMebibyte;
    if (*bytes >= least * kMebibyte) return {};
    return wrong(
        flag,
        limit,
        "is too little for " + std::to_string(workers) + " workers; give at least " +
            std::to_string(least) + "Mi, or start fewer"
    );
}

// The text behind `prefix`; nullopt: it does not begin so.
std::optional<std::string> behind(const std::string& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return text.substr(prefix.size());
}

Checked check_log(const std::string& sink) {
    const char* const flag = "--access-log";
    if (sink == "off" || sink == "stdout" || sink == "syslog") return {};
    if (const auto address = behind(sink, "syslog:udp:")) {
        const auto last = address->find_last_not_of('0');  // the colon when the port is 0
        if (listen::check({flag, *address}) && (*address)[last] != ':') return {};
        return wrong(flag, sink, "write syslog:udp:ADDRESS:PORT, with an IP address and a port");
    }
    for (const char* const prefix : {"file:", "syslog:"}) {
        const auto path = behind(sink, prefix);
        const bool is_socket = !sink.starts_with("file:");
        if (path && is_socket && path->size() >= sizeof sockaddr_un{}.sun_path) {
            return wrong(flag, sink, "a socket's path has at most 107 bytes");
        }
        if (path && path->starts_with('/')) return {};
        if (path) return wrong(flag, sink, std::string("write ") + prefix + "/PATH, from the root");
    }
    return wrong(
        flag, sink, "use off, stdout, file:PATH, syslog, syslog:PATH or syslog:udp:ADDRESS:PORT"
    );
}

// A field name of HTTP (RFC 9110 5.6.2).
bool is_token(std::string_view name) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    const auto lawful = [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != kMarks.npos;
    };
    return !name.empty() && name.size() <= limits::kFieldNameBytes &&
           std::all_of(name.begin(), name.end(), lawful);
}

Checked check_log_headers(const Texts& names) {
    const char* const flag = "--access-log-header";
    if (names.size() > limits::kLogHeaders) {
        return wrong(
            flag,
            names[limits::kLogHeaders],
            "at most " + std::to_string(limits::kLogHeaders) + " are logged; leave it out"
        );
    }
    for (const std::string& name : names) {
        if (!is_token(name)) {
            return wrong(flag, name, "is no header's name; write one such as user-agent");
        }
    }
    return {};
}

Checked check(const Options& options) {
    if (auto checked = check_listeners(options); !checked) return checked;
    if (options.socket.empty()) {
        return missing("--socket", "add --socket PATH, the same as the controller's");
    }
    if (auto checked = check_hops(options.trusted_hops); !checked) return checked;
    if (auto checked = check_admin(options); !checked) return checked;
    if (auto checked = check_state(options.state); !checked) return checked;
    if (auto checked = check_memory(options.memory_limit, options.workers); !checked) {
        return checked;
    }
    if (auto checked = check_log(options.access_log); !checked) return checked;
    return check_log_headers(options.access_log_headers);
}

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

Texts steward_arguments(const Options& options) {
    Texts words{"--log", options.access_log};
    for (const std::string& name : options.access_log_headers) {
        words.insert(words.end(), {"--log-header", lower(name)});
    }
    if (!options.state.empty()) words.insert(words.end(), {"--state", options.state});
    if (!options.admin_token_file.empty()) {
        words.insert(words.end(), {"--token-file", options.admin_token_file});
    }
    return words;
}

Texts memory_arguments(const Options& options) {
    const MemoryLimit limit = memory_limit(options.memory_limit, container_limit());
    if (limit.bytes == 0) return {};
    const uint64_t share = worker_share(limit.bytes, options.workers);
    Texts words{"--memory-share", std::to_string(share)};
    words.insert(words.end(), {"--memory-workers", std::to_string(options.workers)});
    if (limit.cgroup.empty()) return words;
    words.insert(words.end(), {"--memory-cgroup", limit.cgroup});
    words.insert(words.end(), {"--memory-cgroup-limit", std::to_string(limit.cgroup_bytes)});
    return words;
}

Texts worker_arguments(const Options& options) {
    Texts words{"--log-sample", std::to_string(options.access_log_sample)};
    if (options.access_log == "off") words.emplace_back("--no-log");
    for (const std::string& name : options.access_log_headers) {
        words.insert(words.end(), {"--log-header", lower(name)});
    }
    for (const std::string& hop : options.trusted_hops) {
        words.insert(words.end(), {"--trusted-hop", hop});
    }
    words.insert(words.end(), {"--per-source", std::to_string(options.connections_per_source)});
    words.insert(words.end(), {"--head-timeout", std::to_string(options.client_head_timeout_s)});
    words.insert(words.end(), {"--min-rate", std::to_string(options.client_min_rate)});
    const Texts memory = memory_arguments(options);
    words.insert(words.end(), memory.begin(), memory.end());
    return words;
}

void add_traffic(CLI::App& app, Options& options) {
    app.add_option("--listen", options.listen, "ADDRESS:PORT for clients (repeatable)")
        ->type_name("ADDRESS:PORT");
    app.add_option(
           "--listen-proxy",
           options.listen_proxy,
           "the same, for a load balancer that speaks the PROXY protocol, v1 or v2 (repeatable)"
    )
        ->type_name("ADDRESS:PORT");
    app.add_option(
           "--trusted-hop",
           options.trusted_hops,
           "proxies in front whose X-Forwarded-For and PROXY headers are believed (repeatable)"
    )
        ->type_name("CIDR");
    app.add_option("--socket", options.socket, "where the controller connects to")
        ->type_name("PATH");
    app.add_option(
           "--workers",
           options.workers,
           "processes that serve clients; the default is the CPU quota, else the cores"
    )
        ->check(CLI::Range(size_t{1}, limits::kWorkers))
        ->capture_default_str();
    app.add_option(
           "--memory-limit",
           options.memory_limit,
           "of the whole proxy: load is shed before it is reached (default: the container's; none)"
    )
        ->type_name("BYTES");
    app.add_option("--grace", options.grace_s, "seconds until requests still open are cut")
        ->check(CLI::Range(int64_t{0}, kLongestS))
        ->capture_default_str();
    app.add_option(
           "--drain-wait",
           options.drain_wait_s,
           "seconds from SIGTERM, served but not ready, until the listeners close"
    )
        ->check(CLI::Range(int64_t{0}, kLongestS))
        ->capture_default_str();
    app.add_option(
           "--state",
           options.state,
           "where the last good table is kept over restarts (default: not)"
    )
        ->type_name("DIR");
}

// What one client may take (docs/attrition.md).
void add_client_limits(CLI::App& app, Options& options) {
    app.add_option(
           "--max-connections-per-source",
           options.connections_per_source,
           "open to one worker from one client address (IPv6: from one /64)"
    )
        ->check(CLI::Range(size_t{1}, limits::kConnections))
        ->capture_default_str();
    app.add_option(
           "--client-head-timeout",
           options.client_head_timeout_s,
           "seconds from a request head's first byte to its last"
    )
        ->check(CLI::Range(int64_t{1}, kLongestHeadS))
        ->capture_default_str();
    app.add_option(
           "--client-min-rate",
           options.client_min_rate,
           "bytes a second that a client sends or reads of a body, while it alone is waited for; "
           "0 for any"
    )
        ->check(CLI::Range(uint64_t{0}, kFastestBytes))
        ->capture_default_str();
}

void add_observation(CLI::App& app, Options& options) {
    app.add_option("--admin", options.admin, "health and metrics (repeatable, at most 4)")
        ->type_name("ADDRESS:PORT");
    app.add_option("--admin-socket", options.admin_socket, "the same and all else, for this user")
        ->type_name("PATH");
    app.add_option(
           "--admin-token-file",
           options.admin_token_file,
           "holds the token that opens all else on --admin too"
    )
        ->type_name("PATH");
    app.add_option(
           "--access-log",
           options.access_log,
           "off, stdout, file:PATH, syslog, syslog:PATH or syslog:udp:ADDRESS:PORT"
    )
        ->type_name("SINK")
        ->capture_default_str();
    app.add_option(
           "--access-log-header",
           options.access_log_headers,
           "a request header that is logged (repeatable, at most 8)"
    )
        ->type_name("NAME");
    app.add_option(
           "--access-log-sample",
           options.access_log_sample,
           "logs one in so many of the requests that went well"
    )
        ->check(CLI::Range(uint32_t{1}, UINT32_MAX))
        ->capture_default_str();
}

}  // namespace

void add_to(CLI::App& app, Options& options) {
    options.workers = default_workers();
    add_traffic(app, options);
    add_client_limits(app, options);
    add_observation(app, options);
    app.footer(
        "SIGTERM or SIGINT drains: not ready for --drain-wait, then no new connections; open\n"
        "requests end within --grace, then it exits with 0. A second signal ends it at once.\n"
        "SIGHUP and SIGUSR1 open the access log's file anew, for those who moved it away; there "
        "is\n"
        "no configuration to read anew. \"listening ADDRESS:PORT\" and \"admin ADDRESS:PORT\" go "
        "to\n"
        "standard output once an address is bound; port 0 takes a free one.\n\n"
        "  sluice-proxy --listen 127.0.0.1:8080 --socket /run/sluice/control"
    );
}

tl::expected<supervisor::Settings, std::string> settings_of(
    const Options& options, const std::string& build
) {
    if (auto checked = check(options); !checked) {
        return tl::unexpected<std::string>(checked.error());
    }
    supervisor::Settings settings;
    settings.listen = options.listen;
    settings.listen_proxy = options.listen_proxy;
    settings.control_path = options.socket;
    settings.admin = options.admin;
    settings.admin_path = options.admin_socket;
    settings.workers = options.workers;
    settings.program = "/proc/self/exe";
    settings.steward_arguments = steward_arguments(options);
    settings.worker_arguments = worker_arguments(options);
    settings.handover.build = build;
    settings.handover.restores = !options.state.empty();
    settings.clocks.grace_ms = options.grace_s * kMsPerSecond;
    settings.clocks.drain_wait_ms = options.drain_wait_s * kMsPerSecond;
    return settings;
}

}  // namespace sluice::options
