// What the simulated server answers: the paths it serves, and the state they share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "modelsim/answer.h"
#include "modelsim/faults.h"
#include "modelsim/http.h"
#include "modelsim/loop.h"
#include "modelsim/metrics.h"
#include "modelsim/openai.h"
#include "modelsim/settings.h"
#include "modelsim/slots.h"

namespace sluice::modelsim {

class Service {
public:
    Service(Settings settings, Loop& loop);

    struct Call {
        const Request& http;  // stays valid until the answer is done
        std::string_view body;
        uint64_t body_bytes = 0;  // counted even where the body is not kept
        Timed& wake;              // armed when a waiting answer may go on
    };
    // Appends the whole answer to `out` and returns null, or returns an answer in the making.
    std::unique_ptr<Answer> serve(const Call& call, std::string& out);

    // The fault that this request asks for, or that was planned for the next requests. A header
    // that says nothing known is an error of its own, so that a mistyped test does not pass.
    std::optional<Fault> fault_for(const Request& request);
    static bool keeps_body(const Request& request) { return !request.path.starts_with("/bench/"); }
    void refuse(const Request& request, const ApiError& error, std::string& out) const;

    Metrics& metrics() { return metrics_; }

private:
    using Handler = std::unique_ptr<Answer> (Service::*)(const Call&, std::string&);
    struct Route {
        std::string_view method;
        std::string_view path;  // ends with '/': a prefix
        Handler handler;
    };
    static const Route kRoutes[];

    std::unique_ptr<Answer> generate(Api api, const Call& call, std::string& out);
    std::unique_ptr<Answer> chat(const Call& call, std::string& out);
    std::unique_ptr<Answer> completion(const Call& call, std::string& out);
    std::unique_ptr<Answer> embeddings(const Call& call, std::string& out);
    std::unique_ptr<Answer> models(const Call& call, std::string& out);
    std::unique_ptr<Answer> model(const Call& call, std::string& out);
    std::unique_ptr<Answer> kserve(const Call& call, std::string& out);
    std::unique_ptr<Answer> kserve_model(const Call& call, std::string& out);
    std::unique_ptr<Answer> healthy(const Call& call, std::string& out);
    std::unique_ptr<Answer> metrics_page(const Call& call, std::string& out);
    std::unique_ptr<Answer> plan_fault(const Call& call, std::string& out);
    std::unique_ptr<Answer> bench(const Call& call, std::string& out);

    bool knows(std::string_view model) const;
    void unknown_model(const Call& call, std::string_view model, std::string& out) const;
    void answer(const Call& call, std::string_view body, std::string& out) const;
    std::string model_object(std::string_view model) const;

    Settings settings_;
    Loop& loop_;
    Slots slots_;
    Metrics metrics_;
    FaultPlan plan_;
    BodyParser parser_;
    std::string small_body_;
    int64_t started_s_;
    uint64_t next_id_ = 0;
    uint32_t next_stream_ = 0;  // of bench events
};

}  // namespace sluice::modelsim
