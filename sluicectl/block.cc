// Words the start of `sluicectl run` from the objects that were accepted and the table they made.
#include "sluicectl/block.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>

#include "sluicectl/simulate.h"

namespace sluice::ctl {
namespace {

constexpr size_t kNamed = 6;  // routes, hosts or files that are named before "and N more"
constexpr std::string_view kChatPath = "/v1/chat/completions";

std::string joined(const std::vector<std::string>& words, const char* none) {
    std::string text;
    for (size_t i = 0; i < words.size() && i < kNamed; ++i) text += (i ? ", " : "") + words[i];
    if (words.size() > kNamed) text += " and " + std::to_string(words.size() - kNamed) + " more";
    return text.empty() ? none : text;
}

// "chat (llama-stable 100 / llama-canary 0)"
std::string route_text(const model::ModelRoute& route) {
    std::string text = route.meta.name;
    if (route.rules.empty() || route.rules.front().backend_refs.size() < 2) return text;
    text += " (";
    for (const model::BackendRef& backend : route.rules.front().backend_refs) {
        if (text.back() != '(') text += " / ";
        text += backend.name + " " + std::to_string(backend.weight);
    }
    return text + ")";
}

// Routes first, then Ingresses, as far as something of them is served.
std::vector<std::string> route_texts(
    const model::Snapshot& snapshot, const compile::Compiled& compiled
) {
    std::vector<std::string> routes;
    std::vector<std::string> ingresses;
    for (const compile::Verdict& verdict : compiled.verdicts) {
        if (!verdict.ours || !verdict.accepted) continue;
        if (verdict.object.kind == model::Kind::ingress) ingresses.push_back(verdict.object.name);
        const auto route = snapshot.model_routes.find(verdict.object);
        if (route != snapshot.model_routes.end()) routes.push_back(route_text(*route->second));
    }
    routes.insert(routes.end(), ingresses.begin(), ingresses.end());
    return routes;
}

std::vector<std::string> host_texts(const table::RoutesSpec& routes) {
    std::vector<std::string> hosts;
    for (const auto& host : routes.hosts) hosts.push_back(host.name.empty() ? "any" : host.name);
    return hosts;
}

// A word for a shell: single quotes, whatever stands in it.
std::string quoted(std::string_view text) {
    std::string word = "'";
    for (const char c : text) {
        if (c == '\'') word += "'\\'";
        word += c;
    }
    return word + "'";
}

// A path that neither a shell nor curl reads anything into.
bool is_plain(std::string_view path) {
    return std::all_of(path.begin(), path.end(), [](unsigned char c) {
        return std::isalnum(c) || std::string_view("/-._~%").find(c) != std::string_view::npos;
    });
}

// The first Service that the rule sends to; "" when it sends to none.
std::string first_backend(const table::RoutesSpec& routes, const table::RuleSpec& rule) {
    for (const table::SplitSpec& split : rule.splits) {
        if (split.refuse == Reason::ok) return routes.backends[split.backend].name;
    }
    return "";
}

// Whether a request with this method and no further condition meets the match.
bool takes(const table::MatchSpec& match, std::string_view method) {
    return std::all_of(
        match.predicates.begin(),
        match.predicates.end(),
        [method](const table::PredicateSpec& predicate) {
            return predicate.kind == table::PredicateKind::method && predicate.value == method;
        }
    );
}

bool covers(const table::MatchSpec& match, std::string_view path) {
    if (match.path_kind == table::PathKind::exact) return match.path == path;
    if (match.path_kind != table::PathKind::prefix || !path.starts_with(match.path)) return false;
    return path.size() == match.path.size() || path[match.path.size()] == '/';
}

// The match that a plain request meets; a host with patterns is not judged here.
const table::MatchSpec* met(
    const table::HostSpec& host, std::string_view method, std::string_view path
) {
    const table::MatchSpec* best = nullptr;
    for (const table::MatchSpec& match : host.matches) {
        if (match.path_kind == table::PathKind::regex) return nullptr;
        if (!covers(match, path) || !takes(match, method)) continue;
        if (match.path_kind == table::PathKind::exact) return &match;
        if (best == nullptr || match.path.size() > best->path.size()) best = &match;
    }
    return best;
}

std::string host_option(const table::HostSpec& host) {
    if (host.name.empty()) return "";
    const bool wildcard = host.name.starts_with("*");
    return " -H " + quoted("host: " + (wildcard ? "any" + host.name.substr(1) : host.name));
}

// "Service/NAMESPACE/NAME/PORT" to the model that its servers serve.
std::string model_of_backend(const model::Snapshot& snapshot, const std::string& backend) {
    const size_t ns = backend.find('/') + 1;
    const size_t name = backend.find('/', ns) + 1;
    const size_t end = backend.find('/', name);
    return model_of_service(
        snapshot, backend.substr(ns, name - 1 - ns), backend.substr(name, end - name)
    );
}

// A chat that streams, when a ModelRoute takes it on this host.
std::optional<std::string> chat_line(
    const model::Snapshot& snapshot,
    const table::RoutesSpec& routes,
    const table::HostSpec& host,
    const std::string& url
) {
    const table::MatchSpec* const match = met(host, "POST", kChatPath);
    if (match == nullptr) return std::nullopt;
    const table::RuleSpec& rule = routes.rules[match->rule];
    const std::string backend = first_backend(routes, rule);
    if (!rule.name.starts_with("ModelRoute/") || backend.empty()) return std::nullopt;
    const std::string body = R"({"model":")" + model_of_backend(snapshot, backend) +
                             R"(","stream":true,"messages":[{"role":"user","content":"Hello"}]})";
    return "curl -N " + url + std::string(kChatPath) + " -H 'content-type: application/json'" +
           host_option(host) + " -d " + quoted(body);
}

// A GET of the first path that some rule takes on this host.
std::optional<std::string> get_line(
    const table::RoutesSpec& routes, const table::HostSpec& host, const std::string& url
) {
    for (const table::MatchSpec& match : host.matches) {
        const std::string path = match.path.empty() ? "/" : match.path;
        if (!is_plain(path) || met(host, "GET", match.path) != &match) continue;
        const table::RuleSpec& rule = routes.rules[match.rule];
        if (!rule.redirect && first_backend(routes, rule).empty()) continue;
        return "curl -i " + url + path + host_option(host);
    }
    return std::nullopt;
}

// What to paste: a line that some accepted route answers.
std::string try_line(
    const model::Snapshot& snapshot, const table::RoutesSpec& routes, const std::string& gateway
) {
    const std::string url = "http://" + gateway;
    for (const table::HostSpec& host : routes.hosts) {
        if (const auto line = chat_line(snapshot, routes, host, url)) return *line;
    }
    for (const table::HostSpec& host : routes.hosts) {
        if (const auto line = get_line(routes, host, url)) return *line;
    }
    return "nothing that a plain request reaches; `sluicectl validate` says why";
}

}  // namespace

std::string dialable(const std::string& listening) {
    for (const char* any : {"0.0.0.0:", "[::]:"}) {
        const std::string_view prefix = any;
        if (listening.starts_with(prefix)) return "127.0.0.1:" + listening.substr(prefix.size());
    }
    return listening;
}

std::string start_block(
    const model::Snapshot& snapshot,
    const compile::Compiled& compiled,
    const std::string& gateway,
    const std::vector<std::string>& paths
) {
    std::string text;
    text += "gateway  http://" + gateway + "\n";
    text += "routes   " + joined(route_texts(snapshot, compiled), "none yet") + "\n";
    text += "hosts    " + joined(host_texts(compiled.routes), "none yet") + "\n";
    text += "config   " + joined(paths, "none") + "  (edit it, it is live)\n";
    text += "try      " + try_line(snapshot, compiled.routes, gateway) + "\n";
    text += "stop     Ctrl-C\n";
    return text;
}

}  // namespace sluice::ctl
