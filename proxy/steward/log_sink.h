// Where the lines of the access log go: nowhere, standard output, a file, or syslog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice::steward {

enum class SinkKind : uint8_t { off, standard_output, file, syslog_socket, syslog_udp };

// What --access-log says.
struct SinkSpec {
    SinkKind kind = SinkKind::off;
    std::string flag;     // as it was written, for people
    std::string path;     // of the file or the socket
    std::string address;  // an IPv4 or IPv6 address
    uint16_t port = 0;
};

// "off", "stdout", "file:PATH", "syslog", "syslog:PATH", "syslog:udp:ADDRESS:PORT" (IPv6 in
// brackets). Error: the sentence for people. Nothing is opened.
tl::expected<SinkSpec, std::string> parse_sink(std::string_view flag);

// What became of lines.
struct Taken {
    uint64_t written = 0;
    uint64_t refused = 0;
    uint64_t bytes = 0;
};

// One thread, but for the constructor. open() and write() may block for ever in what they write
// to; nothing else does.
class LogSink {
public:
    virtual ~LogSink() = default;
    // Opens what can be opened, before the first write; failing is no error, later writes try
    // again.
    virtual void open(int64_t now_ms) = 0;
    // `lines` are `count` whole lines. Never repeats a line or a part of one. What it refuses is
    // refused for good. now_ms: CLOCK_MONOTONIC.
    virtual Taken write(std::string_view lines, uint64_t count, int64_t now_ms) = 0;
    // Opens the file anew, where there is one.
    virtual Taken reopen(int64_t now_ms);
    // Why the last lines were refused and what to do; "" while they are taken.
    const std::string& trouble() const { return trouble_; }

protected:
    std::string trouble_;
};

std::unique_ptr<LogSink> make_sink(const SinkSpec& spec);

inline constexpr int64_t kSinkRetryMs = 1'000;  // between two attempts to open

}  // namespace sluice::steward
