// One client connection: reads a request, lets the service answer it, writes the answer, starts
// again.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "modelsim/answer.h"
#include "modelsim/faults.h"
#include "modelsim/http.h"
#include "modelsim/loop.h"
#include "modelsim/service.h"

namespace sluice::modelsim {

class Connection;

// Who owns the connections and lends what they share.
class Host {
public:
    virtual ~Host() = default;
    virtual void closed(Connection& connection) = 0;

    std::array<char, 64 * 1024> scratch;  // one read; never live across two calls
};

class Connection final : public Watched, public Timed {
public:
    Connection(int fd, Loop& loop, Service& service, Host& host);
    ~Connection() override;

    void on_ready(uint32_t events) override;
    void on_time() override { pump(); }

private:
    enum class Next : uint8_t { step, wait, gone };

    void pump();
    Next step();
    Next read();
    Next take_head();
    Next take_body();
    Next serve();
    Next spoil(Fault fault);
    Next produce();
    Next flush();
    Next refuse(int status, const char* message);
    void reset();
    std::string_view unread() const { return std::string_view(in_).substr(in_at_); }

    int fd_;
    Loop& loop_;
    Service& service_;
    Host& host_;
    bool readable_ = true;
    bool writable_ = true;
    bool peer_gone_ = false;  // closed its side: whatever it asked for, it will not read
    bool in_body_ = false;
    bool closing_ = false;   // once what is written is sent
    bool hangs_up_ = false;  // after this answer, without a word
    bool closed_ = false;

    std::string in_;  // received, not used yet, from in_at_
    size_t in_at_ = 0;
    std::string head_;  // of the current request; request_ points into it
    Request request_;
    BodyReader body_reader_;
    std::string body_;
    std::unique_ptr<Answer> answer_;
    bool serve_after_ = false;  // the answer was only a pause
    Valve valve_;
    std::string out_;  // not sent yet, from out_at_
    size_t out_at_ = 0;
};

}  // namespace sluice::modelsim
