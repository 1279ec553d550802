// Words the start of `sluicectl run` from the objects that it serves.
#include "sluicectl/block.h"

#include <string_view>

#include "sluicectl/simulate.h"

namespace sluice::ctl {
namespace {

constexpr size_t kNamed = 6;  // routes, hosts or files that are named before "and N more"

std::string joined(const std::vector<std::string>& words, const char* none) {
    std::string text;
    for (size_t i = 0; i < words.size() && i < kNamed; ++i) text += (i ? ", " : "") + words[i];
    if (words.size() > kNamed) text += " and " + std::to_string(words.size() - kNamed) + " more";
    return text.empty() ? none : text;
}

void add_once(std::vector<std::string>& words, const std::string& word) {
    for (const std::string& known : words) {
        if (known == word) return;
    }
    words.push_back(word);
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

std::vector<std::string> route_texts(const model::Snapshot& snapshot) {
    std::vector<std::string> texts;
    for (const auto& [key, route] : snapshot.model_routes) texts.push_back(route_text(*route));
    for (const auto& [key, ingress] : snapshot.ingresses) texts.push_back(ingress->meta.name);
    return texts;
}

std::vector<std::string> host_texts(const model::Snapshot& snapshot) {
    std::vector<std::string> hosts;
    for (const auto& [key, route] : snapshot.model_routes) {
        if (route->hostnames.empty()) add_once(hosts, "any");
        for (const std::string& host : route->hostnames) add_once(hosts, host);
    }
    for (const auto& [key, ingress] : snapshot.ingresses) {
        for (const auto& rule : ingress->rules)
            add_once(hosts, rule.host.empty() ? "any" : rule.host);
    }
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

// A line that streams from the first model route.
std::string try_line(const model::Snapshot& snapshot, const std::string& gateway) {
    const std::string url = "http://" + gateway;
    if (snapshot.model_routes.empty()) return "curl -i " + url + "/";
    const auto& [key, route] = *snapshot.model_routes.begin();
    std::string model = route->meta.name;
    if (!route->rules.empty() && !route->rules.front().backend_refs.empty()) {
        model = model_of_service(snapshot, key.ns, route->rules.front().backend_refs.front().name);
    }
    std::string line =
        "curl -N " + url + "/v1/chat/completions -H 'content-type: application/json'";
    if (!route->hostnames.empty()) line += " -H " + quoted("host: " + route->hostnames.front());
    const std::string body = R"({"model":")" + model +
                             R"(","stream":true,"messages":[{"role":"user","content":"Hello"}]})";
    return line + " -d " + quoted(body);
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
    const std::string& gateway,
    const std::vector<std::string>& paths
) {
    std::string text;
    text += "gateway  http://" + gateway + "\n";
    text += "routes   " + joined(route_texts(snapshot), "none yet") + "\n";
    text += "hosts    " + joined(host_texts(snapshot), "none yet") + "\n";
    text += "config   " + joined(paths, "none") + "  (edit it, it is live)\n";
    text += "try      " + try_line(snapshot, gateway) + "\n";
    text += "stop     Ctrl-C\n";
    return text;
}

}  // namespace sluice::ctl
