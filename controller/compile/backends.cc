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
    return {.reason = reason, .message = std::move(message)};
}

}  // namespace

const Backends::Resolved& Backends::resolve(
    const std::string& ns, const std::string& service, const std::string& port
) {
    auto key = std::make_tuple(ns, service, port);
    const auto at = answers_.find(key);
    if (at != answers_.end()) return at->second;
    return answers_.emplace(std::move(key), look_up(ns, service, port)).first->second;
}

Backends::Resolved Backends::look_up(
    const std::string& ns, const std::string& service, const std::string& port
) {
    const model::ObjectKey key{model::Kind::service, ns, service};
    const std::string shown = model::to_string(key);
    const auto at = snapshot_.services.find(key);
    if (at == snapshot_.services.end()) {
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
    std::string name = "Service/" + service.ns + "/" + service.name + "/" + port_text;
    const auto known = by_port_.find({service, port_text});
    if (known != by_port_.end()) return {.index = known->second};
    if (name.size() > limits::kNameBytes || !model::check_printable(name).empty()) {
        return failed(
            Reason::invalid_field,
            "the name of " + in_quotes(name) + " is too long or holds control bytes"
        );
    }
    const table::Key64 key = table::backend_key("Service", service.ns, service.name, port_text);
    if (!keys_.claim(key, name)) {
        return failed(
            Reason::key_collision,
            model::to_string(service) + " port " + port_text +
                " has the same 64-bit key as another backend: rename the Service or the port"
        );
    }
    const auto index = static_cast<Index>(backends_.size());
    by_port_.emplace(std::make_pair(service, port_text), index);
    backends_.push_back({key, std::move(name), service, port.name});
    return {.index = index};
}

}  // namespace sluice::compile
