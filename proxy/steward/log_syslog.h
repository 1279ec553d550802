// Lines to a syslog server, one datagram each: over the machine's unix socket as libc's syslog()
// does, or over UDP with the header of RFC 5424. Facility local0, severity info.
#pragma once

#include <array>
#include <string>

#include <sys/socket.h>

#include "proxy/steward/log_sink.h"
#include "proxy/steward/time_text.h"
#include "table/channel.h"

namespace sluice::steward {

class SyslogSink : public LogSink {
public:
    explicit SyslogSink(const SinkSpec& spec);
    void open(int64_t now_ms) override;
    Taken write(std::string_view lines, uint64_t count, int64_t now_ms) override;

private:
    void stamp();
    bool send(std::string_view line, int64_t now_ms);
    int try_send(std::string_view line);
    void refuse(int error);

    SinkSpec spec_;
    sockaddr_storage server_{};
    socklen_t server_size_ = 0;
    table::Descriptor fd_;
    int64_t retry_at_ms_ = 0;
    TimeText time_;
    std::string header_;  // in front of each line
    size_t time_at_ = 0;  // where its time stands; 0 = it has none
};

}  // namespace sluice::steward
