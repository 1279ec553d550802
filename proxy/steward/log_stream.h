// Lines into a byte stream: standard output, or a file that is appended to.
#pragma once

#include <string>

#include "proxy/steward/log_sink.h"
#include "table/channel.h"

namespace sluice::steward {

class StreamSink : public LogSink {
public:
    // Standard output is duplicated here: what is closed now stays closed, because its number may
    // be another descriptor's later.
    explicit StreamSink(const SinkSpec& spec);
    void open(int64_t now_ms) override;
    Taken write(std::string_view lines, uint64_t count, int64_t now_ms) override;
    Taken reopen(int64_t now_ms) override;

private:
    void finish_rest(Taken& taken);
    void drop_rest(Taken& taken);
    size_t put(std::string_view bytes);
    void refuse(int error);

    SinkSpec spec_;
    table::Descriptor fd_;
    int64_t retry_at_ms_ = 0;
    std::string rest_;  // what is left of a line that the stream took half of; goes first
};

}  // namespace sluice::steward
