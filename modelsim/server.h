// The listening socket and the connections that it gave birth to.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <unordered_map>

#include "modelsim/connection.h"
#include "modelsim/loop.h"
#include "modelsim/service.h"
#include "modelsim/settings.h"

namespace sluice::modelsim {

class Server final : public Watched, public Host {
public:
    // Binds and listens; the error says which address and why.
    static tl::expected<std::unique_ptr<Server>, std::string> open(
        const Settings& settings, Loop& loop
    );
    ~Server() override;

    std::string address() const;  // as bound: "127.0.0.1:40123"
    void on_ready(uint32_t events) override;
    void closed(Connection& connection) override;

private:
    Server(int fd, const Settings& settings, Loop& loop);

    int fd_;
    Loop& loop_;
    Service service_;
    std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::modelsim
