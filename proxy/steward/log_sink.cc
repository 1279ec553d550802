// The spelling of --access-log, and the choice of a sink.
#include "proxy/steward/log_sink.h"

#include <arpa/inet.h>
#include <charconv>

#include <sys/un.h>

#include "proxy/steward/log_stream.h"
#include "proxy/steward/log_syslog.h"

namespace sluice::steward {
namespace {

constexpr const char* kSystemSocket = "/dev/log";

// --access-log off: exchanges that died with a worker are still counted, no line is kept.
class NoSink : public LogSink {
public:
    void open(int64_t) override {}
    Taken write(std::string_view, uint64_t, int64_t) override { return {}; }
};

tl::unexpected<std::string> refusal(std::string_view flag, const std::string& why) {
    return tl::unexpected<std::string>("--access-log " + std::string(flag) + ": " + why);
}

bool is_address(const std::string& text) {
    in6_addr bytes{};
    return ::inet_pton(AF_INET, text.c_str(), &bytes) == 1 ||
           ::inet_pton(AF_INET6, text.c_str(), &bytes) == 1;
}

// ADDRESS:PORT, an IPv6 address in brackets.
bool parse_udp(std::string_view text, SinkSpec& spec) {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view address = text.substr(0, colon);
    const bool v6 = address.find(':') != std::string_view::npos;
    if (v6) {
        if (address.front() != '[' || address.back() != ']') return false;
        address = address.substr(1, address.size() - 2);
    }
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), spec.port);
    if (error != std::errc{} || end != port.data() + port.size() || spec.port == 0) return false;
    spec.address = address;
    return is_address(spec.address);
}

bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

}  // namespace

Taken LogSink::reopen(int64_t) {
    return {};
}

tl::expected<SinkSpec, std::string> parse_sink(std::string_view flag) {
    SinkSpec spec;
    spec.flag = flag;
    std::string_view rest = flag;
    if (flag == "off") return spec;
    if (flag == "stdout") {
        spec.kind = SinkKind::standard_output;
        return spec;
    }
    if (take(rest, "file:")) {
        if (rest.empty()) return refusal(flag, "name the file, as in file:/var/log/sluice.log");
        spec.kind = SinkKind::file;
        spec.path = rest;
        return spec;
    }
    if (take(rest, "syslog:udp:")) {
        spec.kind = SinkKind::syslog_udp;
        if (parse_udp(rest, spec)) return spec;
        return refusal(
            flag, "write syslog:udp:ADDRESS:PORT with an IP address, [IPv6] in brackets"
        );
    }
    if (flag == "syslog" || take(rest, "syslog:")) {
        spec.kind = SinkKind::syslog_socket;
        spec.path = flag == "syslog" ? std::string_view(kSystemSocket) : rest;
        if (spec.path.empty()) return refusal(flag, "name the socket, as in syslog:/dev/log");
        if (spec.path.size() < sizeof(sockaddr_un::sun_path)) return spec;
        return refusal(flag, "a socket's path has at most 107 bytes");
    }
    return refusal(
        flag, "choose off, stdout, file:PATH, syslog, syslog:PATH or syslog:udp:ADDRESS:PORT"
    );
}

std::unique_ptr<LogSink> make_sink(const SinkSpec& spec) {
    switch (spec.kind) {
        case SinkKind::off:
            break;
        case SinkKind::standard_output:
        case SinkKind::file:
            return std::make_unique<StreamSink>(spec);
        case SinkKind::syslog_socket:
        case SinkKind::syslog_udp:
            return std::make_unique<SyslogSink>(spec);
    }
    return std::make_unique<NoSink>();
}

}  // namespace sluice::steward
