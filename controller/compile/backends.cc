// Service and port look-up, with the words for what is missing.
#include "controller/compile/backends.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

constexpr size_t kPortsListed = 10;

bool is_tcp(const model::ServicePort& port) {
    return port.protocol.empty() || port.protocol == "TCP";
}

std::optional<int32_t> as_number(std::string_view text) {
    int32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return number;
}

// A number first: port names have a letter, so only one of the two can be meant.
template <class Accepts>
const model::ServicePort* find_port(
    const model::Service& service, std::string_view wanted, Accepts accepts
) {
    const std::optional<int32_t> number = as_number(wanted);
    for (const model::ServicePort& port : service.ports) {
        if (number && port.port == *number && accepts(port)) return &port;
    }
    for (const model::ServicePort& port : service.ports) {
        if (!wanted.empty() && port.name == wanted && accepts(port)) return &port;
    }
    return nullptr;
}

std::string describe(const model::ServicePort& port) {
    std::string text = std::to_string(port.port);
    if (!port.name.empty()) text += " (" + port.name + ")";
    if (!is_tcp(port)) text += " " + port.protocol;
    return text;
}

std::string list_ports(const model::Service& service) {
    if (service.ports.empty()) return "it has no ports";
    std::string text = "it has ";
    for (size_t i = 0; i < std::min(service.ports.size(), kPortsListed); ++i) {
        if (i > 0) text += ", ";
        text += describe(service.ports[i]);
    }
    if (service.ports.size() > kPortsListed) {
        text += " and " + std::to_string(service.ports.size() - kPortsListed) + " more";
    }
    return text;
}

Backends::Resolved failed(Reason reason, std::string message) {
    return {.reason = reason, .message = std::move(message), .backend = nullptr};
}

// Each part with its length, so that no name can imitate another's parts.
std::string joined(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) {
        text += std::to_string(part.size());
        text += ':';
        text += part;
    }
    return text;
}

template <class Change>
void each_change(
    const model::Objects<model::Service>& before,
    const model::Objects<model::Service>& after,
    Change&& change
) {
    auto old = before.begin();
    auto now = after.begin();
    while (old != before.end() || now != after.end()) {
        const bool gone = now == after.end() || (old != before.end() && old->first < now->first);
        const bool came = !gone && (old == before.end() || now->first < old->first);
        if (gone || came || old->second != now->second) change(gone ? old->first : now->first);
        if (!came) ++old;
        if (!gone) ++now;
    }
}

}  // namespace

uint64_t service_hash(std::string_view ns, std::string_view name) {
    return table::key64({ns, name});
}

std::unordered_set<uint64_t> Backends::look_at(const model::Objects<model::Service>& services) {
    std::unordered_set<uint64_t> changed;
    each_change(services_, services, [&changed](const model::ObjectKey& key) {
        changed.insert(service_hash(key.ns, key.name));
    });
    answers_.clear();  // also of what nobody asks for any more
    if (changed.empty()) return changed;
    services_ = services;
    forget_unused();
    return changed;
}

void Backends::forget_unused() {
    if (backends_.size() < forget_at_) return;
    std::erase_if(backends_, [](const auto& entry) { return entry.second.expired(); });
    forget_at_ = std::max<size_t>(forget_at_, 2 * backends_.size());
}

const Backends::Resolved& Backends::resolve(
    const std::string& ns, const std::string& service, const std::string& port
) {
    std::string key = joined({ns, service, port});
    const auto at = answers_.find(key);
    if (at != answers_.end()) return at->second;
    return answers_.emplace(std::move(key), look_up(ns, service, port)).first->second;
}

Backends::Resolved Backends::look_up(
    const std::string& ns, const std::string& service, const std::string& port
) {
    const model::ObjectKey key{model::Kind::service, ns, service};
    const std::string shown = model::to_string(key);
    const auto at = services_.find(key);
    if (at == services_.end()) {
        return failed(Reason::service_not_found, shown + " does not exist");
    }
    const model::Service& found = *at->second;
    if (found.type == model::ServiceType::external_name) {
        return failed(
            Reason::service_type_unsupported,
            shown +
                " is of type ExternalName, which names no endpoints: use a Service with "
                "endpoints"
        );
    }
    if (const auto* tcp = find_port(found, port, is_tcp)) return add(key, *tcp);
    const auto any = [](const model::ServicePort&) { return true; };
    if (const auto* other = find_port(found, port, any)) {
        return failed(
            Reason::service_port_not_found,
            "port " + in_quotes(port) + " of " + shown + " is " + other->protocol +
                ": Sluice speaks HTTP over TCP; " + list_ports(found)
        );
    }
    return failed(
        Reason::service_port_not_found,
        shown + " has no port " + in_quotes(port) + ": " + list_ports(found)
    );
}

Backends::Resolved Backends::add(const model::ObjectKey& service, const model::ServicePort& port) {
    const std::string port_text = port.name.empty() ? std::to_string(port.port) : port.name;
    const std::string identity = joined({service.ns, service.name, port_text, port.name});
    if (BackendPtr backend = known(identity)) {
        return {.reason = Reason::ok, .message = {}, .backend = std::move(backend)};
    }
    std::string name = "Service/" + service.ns + "/" + service.name + "/" + port_text;
    if (name.size() > limits::kNameBytes || !model::check_printable(name).empty()) {
        return failed(
            Reason::invalid_field,
            "the name of " + in_quotes(name) + " is too long or holds control bytes"
        );
    }
    const table::Key64 key = table::backend_key("Service", service.ns, service.name, port_text);
    auto made = std::make_shared<const Backend>(Backend{key, std::move(name), service, port.name});
    backends_[identity] = made;
    return {.reason = Reason::ok, .message = {}, .backend = std::move(made)};
}

// Null when nobody uses it any more.
BackendPtr Backends::known(const std::string& identity) {
    const auto at = backends_.find(identity);
    return at == backends_.end() ? nullptr : at->second.lock();
}

}  // namespace sluice::compile
