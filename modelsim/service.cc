// What the simulated server answers: the paths it serves, and the state they share.
#include "modelsim/service.h"

#include <algorithm>
#include <ctime>

#include "modelsim/bench.h"
#include "modelsim/generation.h"
#include "modelsim/render.h"

namespace sluice::modelsim {
namespace {

using AnswerPtr = std::unique_ptr<Answer>;

constexpr std::string_view kModels = "/v1/models/";
constexpr std::string_view kKserveModels = "/v2/models/";

bool is_read(std::string_view method) {
    return method == "GET" || method == "HEAD";
}

// Control and health never fail on demand: tests need them to look.
bool is_exempt(std::string_view path) {
    return path.starts_with("/sim/") || path == "/metrics" || path == "/health" ||
           path == "/livez" || path == "/readyz";
}

ApiError not_found(const Request& request) {
    return {
        .status = 404,
        .message =
            "Unknown request URL: " + std::string(request.method) + " " + std::string(request.path),
        .code = "unknown_url",
    };
}

}  // namespace

// The first that matches serves; longer prefixes stand before shorter ones. GET stands for HEAD
// too.
const Service::Route Service::kRoutes[] = {
    {"GET", "/bench/", &Service::bench},
    {"POST", "/bench/", &Service::bench},
    {"POST", "/v1/chat/completions", &Service::chat},
    {"POST", "/v1/completions", &Service::completion},
    {"POST", "/v1/embeddings", &Service::embeddings},
    {"GET", "/v1/models", &Service::models},
    {"GET", kModels, &Service::model},
    {"POST", kKserveModels, &Service::kserve},
    {"GET", kKserveModels, &Service::kserve_model},
    {"GET", "/v2/health/live", &Service::healthy},
    {"GET", "/v2/health/ready", &Service::healthy},
    {"GET", "/health", &Service::healthy},
    {"GET", "/livez", &Service::healthy},
    {"GET", "/readyz", &Service::healthy},
    {"GET", "/metrics", &Service::metrics_page},
    {"POST", "/sim/faults", &Service::plan_fault},
};

Service::Service(Settings settings, Loop& loop)
    : settings_(std::move(settings)),
      loop_(loop),
      slots_(loop, settings_.concurrency, settings_.queue_depth),
      small_body_(small_body(settings_.pod)),
      started_s_(time(nullptr)) {}

AnswerPtr Service::serve(const Call& call, std::string& out) {
    bool path_known = false;
    for (const Route& route : kRoutes) {
        const bool matches = route.path.ends_with('/') ? call.http.path.starts_with(route.path)
                                                       : call.http.path == route.path;
        if (!matches) continue;
        path_known = true;
        const bool allowed =
            route.method == "GET" ? is_read(call.http.method) : route.method == call.http.method;
        if (allowed) return (this->*route.handler)(call, out);
    }
    ApiError error = not_found(call.http);
    if (path_known) {
        error.status = 405;
        error.code = "method_not_supported";
    }
    refuse(call.http, error, out);
    return nullptr;
}

std::optional<Fault> Service::fault_for(const Request& request) {
    if (!request.fault.empty()) return parse_fault(request.fault);
    return is_exempt(request.path) ? Fault{} : plan_.take();
}

void Service::refuse(const Request& request, const ApiError& error, std::string& out) const {
    append_answer(out, request, {.status = error.status, .pod = settings_.pod}, error_body(error));
}

void Service::answer(const Call& call, std::string_view body, std::string& out) const {
    append_answer(out, call.http, {.pod = settings_.pod}, body);
}

bool Service::knows(std::string_view model) const {
    return std::find(settings_.models.begin(), settings_.models.end(), model) !=
           settings_.models.end();
}

void Service::unknown_model(const Call& call, std::string_view model, std::string& out) const {
    const ApiError error{
        .status = 404,
        .message = "The model `" + std::string(model) + "` does not exist.",
        .param = "model",
        .code = "model_not_found",
    };
    refuse(call.http, error, out);
}

AnswerPtr Service::generate(Api api, const Call& call, std::string& out) {
    auto request = parser_.generation(api, call.body);
    if (!request) {
        refuse(call.http, request.error(), out);
        return nullptr;
    }
    if (!knows(request->model)) {
        unknown_model(call, request->model, out);
        return nullptr;
    }
    auto ticket = slots_.enter(call.wake);
    if (ticket == nullptr) {
        const ApiError full{
            .status = 503,
            .message = "The engine is currently overloaded, please try again later.",
            .type = "server_error",
            .code = "overloaded",
        };
        refuse(call.http, full, out);
        return nullptr;
    }
    Identity identity;
    identity.api = api;
    identity.id = api == Api::chat ? "chatcmpl-" : "cmpl-";
    identity.id += std::to_string(++next_id_);
    identity.model = request->model;
    identity.pod = settings_.pod;
    identity.created_s = started_s_;
    return std::make_unique<Generation>(Generation::Parts{
        call.http,
        settings_,
        metrics_,
        std::move(ticket),
        std::move(identity),
        std::move(*request),
        loop_.now_ns()
    });
}

AnswerPtr Service::chat(const Call& call, std::string& out) {
    return generate(Api::chat, call, out);
}

AnswerPtr Service::completion(const Call& call, std::string& out) {
    return generate(Api::completion, call, out);
}

AnswerPtr Service::embeddings(const Call& call, std::string& out) {
    const auto request = parser_.embedding(call.body);
    if (!request) {
        refuse(call.http, request.error(), out);
    } else if (!knows(request->model)) {
        unknown_model(call, request->model, out);
    } else {
        metrics_.prompt_tokens += request->prompt_tokens;
        answer(call, embeddings_body(*request), out);
    }
    return nullptr;
}

std::string Service::model_object(std::string_view model) const {
    return "{\"id\":" + json_string(model) +
           ",\"object\":\"model\",\"created\":" + std::to_string(started_s_) +
           ",\"owned_by\":" + json_string(settings_.pod) + "}";
}

AnswerPtr Service::models(const Call& call, std::string& out) {
    std::string body = "{\"object\":\"list\",\"data\":[";
    for (const auto& name : settings_.models) {
        if (!body.ends_with('[')) body += ',';
        body += model_object(name);
    }
    answer(call, body + "]}", out);
    return nullptr;
}

AnswerPtr Service::model(const Call& call, std::string& out) {
    const std::string_view name = call.http.path.substr(kModels.size());
    if (knows(name)) {
        answer(call, model_object(name), out);
    } else {
        unknown_model(call, name, out);
    }
    return nullptr;
}

AnswerPtr Service::kserve(const Call& call, std::string& out) {
    constexpr std::string_view kInfer = "/infer";
    std::string_view name = call.http.path.substr(kKserveModels.size());
    if (!name.ends_with(kInfer)) {
        refuse(call.http, not_found(call.http), out);
        return nullptr;
    }
    name.remove_suffix(kInfer.size());
    const auto request = parser_.infer(call.body);
    if (!knows(name)) {
        unknown_model(call, name, out);
    } else if (!request) {
        refuse(call.http, request.error(), out);
    } else {
        answer(call, infer_body(*request, name), out);
    }
    return nullptr;
}

AnswerPtr Service::kserve_model(const Call& call, std::string& out) {
    constexpr std::string_view kReady = "/ready";
    std::string_view name = call.http.path.substr(kKserveModels.size());
    const bool asks_ready = name.ends_with(kReady);
    if (asks_ready) name.remove_suffix(kReady.size());
    if (!knows(name)) {
        unknown_model(call, name, out);
        return nullptr;
    }
    const std::string quoted = json_string(name);
    answer(
        call,
        asks_ready ? "{\"name\":" + quoted + ",\"ready\":true}"
                   : "{\"name\":" + quoted + ",\"versions\":[\"1\"],\"platform\":\"modelsim\"}",
        out
    );
    return nullptr;
}

AnswerPtr Service::healthy(const Call& call, std::string& out) {
    answer(call, "{}", out);
    return nullptr;
}

AnswerPtr Service::metrics_page(const Call& call, std::string& out) {
    const std::string text =
        metrics_text(metrics_, {slots_.running(), slots_.waiting()}, settings_.models.front());
    append_answer(
        out, call.http, {.type = "text/plain; version=0.0.4", .pod = settings_.pod}, text
    );
    return nullptr;
}

AnswerPtr Service::plan_fault(const Call& call, std::string& out) {
    const auto order = parser_.fault_order(call.body);
    if (!order) {
        refuse(call.http, order.error(), out);
        return nullptr;
    }
    const auto fault = parse_fault(order->kind);
    if (!fault) {
        refuse(call.http, {.message = "unknown fault: " + order->kind, .param = "kind"}, out);
        return nullptr;
    }
    plan_.set(*fault, order->next);
    answer(call, "{\"next\":" + std::to_string(order->next) + "}", out);
    return nullptr;
}

AnswerPtr Service::bench(const Call& call, std::string& out) {
    const BenchOrder order = bench_order(call.http.path);
    switch (order.kind) {
        case BenchOrder::Kind::small:
            answer(call, small_body_, out);
            return nullptr;
        case BenchOrder::Kind::bytes:
            return std::make_unique<BytesAnswer>(call.http, settings_.pod, order.count);
        case BenchOrder::Kind::events:
            return std::make_unique<EventsAnswer>(call.http, settings_.pod, order, next_stream_++);
        case BenchOrder::Kind::echo_size:
            answer(call, "{\"received\":" + std::to_string(call.body_bytes) + "}", out);
            return nullptr;
        case BenchOrder::Kind::bad:
            break;
    }
    refuse(call.http, {.message = "not a size, or too large"}, out);
    return nullptr;
}

}  // namespace sluice::modelsim
