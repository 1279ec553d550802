// What a text field may hold: one predicate per rule of the Kubernetes API or of HTTP. A check
// returns nothing when the text is fine, else the words that follow the quoted value in a problem
// ("must be a DNS label: …").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::model {

using Complaint = std::string_view;  // empty = fine; otherwise a literal
using TextCheck = Complaint (*)(std::string_view);

Complaint check_any(std::string_view text);
Complaint check_not_empty(std::string_view text);
Complaint check_dns_label(std::string_view text);      // RFC 1123, 63 bytes
Complaint check_dns_subdomain(std::string_view text);  // RFC 1123, 253 bytes
Complaint check_host(std::string_view text);        // a DNS name or "*." and a DNS name; no address
Complaint check_plain_host(std::string_view text);  // a DNS name; no wildcard, no address
Complaint check_port_name(std::string_view text
);  // IANA service name: 15 bytes, one letter at least
Complaint check_qualified_name(std::string_view text);  // key of a label or an annotation
Complaint check_label_value(std::string_view text);
Complaint check_controller_name(std::string_view text);  // domain/path of an IngressClass
Complaint check_timestamp(std::string_view text);        // RFC 3339, UTC
Complaint check_absolute_path(std::string_view text);    // begins with '/', canonical
Complaint check_printable(std::string_view text);        // no control bytes, not empty
Complaint check_header_name(std::string_view text);      // an HTTP token
Complaint check_header_value(std::string_view text);     // no control bytes but tab, trimmed
Complaint check_editable_header(std::string_view text);  // a header that a filter may change

// Whether the text is an IPv4 or IPv6 address.
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);

// "1h30m", "500ms" to milliseconds; nullopt when it is not written so, or beyond 99,999 hours.
std::optional<int64_t> parse_duration_ms(std::string_view text);

// The text in double quotes, control bytes escaped, shortened for a message.
std::string in_quotes(std::string_view text);

}  // namespace sluice::model
