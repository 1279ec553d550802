// The controller, read from here: one thread that waits, takes events, compiles when it is due (or
// only updates endpoints, when nothing else changed), offers the table to the proxy and hears what
// became of it. docs/life-of-an-event.md has the same headings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "controller/admin/server.h"
#include "controller/compile/compiler.h"
#include "controller/files/source.h"
#include "controller/loop/findings.h"
#include "controller/loop/ledger.h"
#include "controller/loop/metrics.h"
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
    void work(int64_t now);
    void compile_and_offer();
    void update_endpoints();
    Ledger::Said said() const;
    bool offer(const table::RoutesParts& routes);
    void offer_endpoints();
    bool build_endpoints();
    void not_built(const table::BuildError& error);
    Figures figures() const;
    void answered(const publish::Event& event);
    void report_files();
    void report_verdicts();

    Settings settings_;
    int signals_;
    bool stopping_ = false;

    files::Source source_;
    store::Store store_;
    store::Holdoff compiles_;
    store::Holdoff updates_;  // of endpoints alone
    publish::Publisher publisher_;
    Ledger ledger_;
    std::unique_ptr<admin::Server> admin_;

    compile::Compiler compiler_;
    table::RoutesBuilder builder_;
    std::vector<compile::BackendPtr> backends_;  // of the newest compile
    compile::Verdicts verdicts_;                 // of the newest compile, without slices
    compile::Reacher reacher_;
    std::shared_ptr<const compile::Reach> reach_;  // the newest
    std::shared_ptr<const compile::Reach> built_;  // that endpoints_ are the bytes of
    table::Bytes endpoints_;
    bool only_compile_ = true;  // endpoints may not change before the next compile
    Work compiled_;
    Work updated_;
    uint64_t routes_compiled_ = 0;

    News file_news_;
    News skipped_news_;
    Findings findings_;
};

}  // namespace sluice::loop
