// Reads the chain of hops from its end, where the hop next to us wrote.
#include "proxy/http/caller.h"

namespace sluice::http {
namespace {

// As take_element(), from the back of the list.
std::string_view take_last_element(std::string_view& list) {
    const size_t comma = list.rfind(',');
    std::string_view element = list;
    if (comma != std::string_view::npos) element.remove_prefix(comma + 1);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return take_element(element);
}

// Adds the elements of one value. False: the chain ends here.
bool read_value(std::string_view value, HopChain& chain) {
    while (!value.empty()) {
        const std::string_view text = take_last_element(value);
        if (text.empty()) continue;
        if (chain.count == chain.hops.size()) return false;
        HopChain::Hop& hop = chain.hops[chain.count];
        if (!parse_hop(text, hop.address)) return false;
        hop.text = text;
        ++chain.count;
    }
    return true;
}

}  // namespace

bool parse_hop(std::string_view element, IpBytes& address) {
    const size_t colon = element.find(':');
    if (element.starts_with('[')) {
        const size_t bracket = element.find(']');
        if (bracket == std::string_view::npos) return false;
        const std::string_view rest = element.substr(bracket + 1);
        if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return false;
        return parse_ipv6(element.substr(1, bracket - 1), address);
    }
    if (colon == std::string_view::npos) return parse_ipv4(element, address);
    if (element.find(':', colon + 1) != std::string_view::npos) return parse_ipv6(element, address);
    return is_port(element.substr(colon + 1)) && parse_ipv4(element.substr(0, colon), address);
}

HopChain read_chain(const FieldList& fields) {
    HopChain chain;
    if (!fields.may_have(field_set({FieldId::x_forwarded_for}))) return chain;
    const std::span<const Field> all = fields.all();
    for (size_t i = all.size(); i-- > 0;) {
        const Field& field = all[i];
        if (field.id != FieldId::x_forwarded_for || field.dropped) continue;
        if (!read_value(field.value, chain)) break;
    }
    return chain;
}

IpBytes client_of(const FieldList& fields, const IpBytes& peer, const TrustedHops& hops) {
    const HopChain chain = read_chain(fields);
    IpBytes client = peer;
    for (size_t i = 0; i < chain.count; ++i) {
        client = chain.hops[i].address;
        if (!hops.contains(client)) break;
    }
    return client;
}

std::string_view scheme_said(const FieldList& fields) {
    const std::string_view said = only_value(fields, FieldId::x_forwarded_proto);
    for (const std::string_view scheme : {"http", "https"}) {
        if (equals_lower(said, scheme)) return scheme;
    }
    return {};
}

std::string_view only_value(const FieldList& fields, FieldId id) {
    const Field* const first = fields.find(id);
    if (first == nullptr) return {};
    for (const Field& field : fields.all()) {
        if (field.id == id && !field.dropped && &field != first) return {};
    }
    return first->value;
}

}  // namespace sluice::http
