// The controller, read from here: one thread that waits, takes events, compiles when it is due,
// offers the table to the proxy and hears what became of it. docs/life-of-an-event.md has the same
// headings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "controller/admin/server.h"
#include "controller/files/source.h"
#include "controller/loop/ledger.h"
#include "controller/loop/news.h"
#include "controller/loop/settings.h"
#include "controller/publish/publish.h"
#include "controller/store/holdoff.h"
#include "controller/store/store.h"
#include "table/builder.h"

namespace sluice::loop {

class Loop {
public:
    explicit Loop(const Settings& settings);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Runs until SIGTERM or SIGINT. The exit code: 0 then, kCannotStart when it cannot (the log
    // says why).
    int run();

private:
    void turn();
    void wait();
    void take_events(model::Batch batch, int64_t now);
    void compile_and_offer(int64_t now);
    tl::expected<void, table::BuildError> offer(const compile::Compiled& compiled);
    void not_built(const table::BuildError& error);
    void answered(const publish::Event& event);
    void report_files();
    void report_verdicts();

    Settings settings_;
    int signals_;
    bool stopping_ = false;

    files::Source source_;
    store::Store store_;
    store::Holdoff holdoff_;
    publish::Publisher publisher_;
    Ledger ledger_;
    std::unique_ptr<admin::Server> admin_;

    table::Digests offered_{};  // of the last build that worked
    bool routes_stale_ = true;  // its routes are not what the newest compile said

    News file_news_;
    News skipped_news_;
    News verdict_news_;
};

}  // namespace sluice::loop
