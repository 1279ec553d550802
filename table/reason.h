// The one list of reason codes. A refusal has the same code in log, metric, response header and
// condition. Append only at the end of a group; the numbers are internal to one build.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// X(code, who_is_at_fault)   code doubles as the text that people see.
#define SLUICE_REASONS(X)                                                            \
    X(ok)                                                                            \
    /* the strict gate, requests and responses (RFC 9110, 9112) */                   \
    X(bad_request_line)                                                              \
    X(bad_method)                                                                    \
    X(bad_target)                                                                    \
    X(bad_path)                                                                      \
    X(bad_version)                                                                   \
    X(bad_status_line)                                                               \
    X(bad_field_name)                                                                \
    X(bad_field_value)                                                               \
    X(bad_line_end)                                                                  \
    X(folded_field)                                                                  \
    X(host_missing)                                                                  \
    X(host_repeated)                                                                 \
    X(bad_host)                                                                      \
    X(host_mismatch)                                                                 \
    X(bad_content_length)                                                            \
    X(bad_transfer_encoding)                                                         \
    X(framing_conflict)                                                              \
    X(bad_chunk)                                                                     \
    X(bad_trailer)                                                                   \
    X(bad_connection_field)                                                          \
    X(bad_expectation)                                                               \
    X(head_too_large)                                                                \
    X(too_many_fields)                                                               \
    X(target_too_long)                                                               \
    X(body_too_large)                                                                \
    X(too_many_interim)                                                              \
    X(body_forbidden)                                                                \
    /* routing */                                                                    \
    X(no_host)                                                                       \
    X(no_route)                                                                      \
    X(backend_not_found)                                                             \
    X(no_weight)                                                                     \
    X(no_endpoints)                                                                  \
    X(upgrade_unsupported)                                                           \
    X(connect_unsupported)                                                           \
    X(redirected)                                                                    \
    X(table_absent)                                                                  \
    X(secrets_absent)                                                                \
    /* the exchange: who ended it and how */                                         \
    X(client_head_timeout)                                                           \
    X(client_idle_timeout)                                                           \
    X(client_body_timeout)                                                           \
    X(client_write_timeout)                                                          \
    X(client_gone)                                                                   \
    X(client_body_incomplete)                                                        \
    X(connect_refused)                                                               \
    X(connect_timeout)                                                               \
    X(connect_failed)                                                                \
    X(upstream_closed)                                                               \
    X(upstream_reset)                                                                \
    X(upstream_garbage)                                                              \
    X(first_byte_timeout)                                                            \
    X(upstream_idle_timeout)                                                         \
    X(request_timeout)                                                               \
    X(upstream_incomplete)                                                           \
    X(too_many_connections)                                                          \
    X(out_of_descriptors)                                                            \
    X(draining)                                                                      \
    X(bad_proxy_header)                                                              \
    X(proxy_untrusted)                                                               \
    X(worker_died)                                                                   \
    X(internal)                                                                      \
    X(client_too_slow)                                                               \
    X(upstream_too_slow)                                                             \
    X(too_many_from_source)                                                          \
    X(no_local_port)                                                                 \
    X(memory_shrunk)                                                                 \
    X(idle_reclaimed)                                                                \
    X(overloaded)                                                                    \
    X(memory_reclaimed)                                                              \
    X(accept_paused)                                                                 \
    /* objects: what a verdict says (PascalCase of these is the condition reason) */ \
    X(accepted)                                                                      \
    X(other_class)                                                                   \
    X(invalid_field)                                                                 \
    X(unsupported_field)                                                             \
    X(unsupported_value)                                                             \
    X(conflict)                                                                      \
    X(service_not_found)                                                             \
    X(service_port_not_found)                                                        \
    X(service_type_unsupported)                                                      \
    X(ref_not_permitted)                                                             \
    X(tls_not_served)                                                                \
    X(class_not_found)                                                               \
    X(endpoint_refused)                                                              \
    X(too_many_objects)                                                              \
    X(key_collision)                                                                 \
    /* the table and the hand-over */                                                \
    X(table_not_sealed)                                                              \
    X(table_too_large)                                                               \
    X(table_corrupt)                                                                 \
    X(table_foreign_schema)                                                          \
    X(table_bad_reference)                                                           \
    X(table_bad_value)                                                               \
    X(table_out_of_order)                                                            \
    X(generation_stale)                                                              \
    X(message_malformed)                                                             \
    X(steward_died)

enum class Reason : uint16_t {
#define X(code) code,
    SLUICE_REASONS(X)
#undef X
        kCount
};

// The code as people see it: "no_route". Total: any value gives a text.
constexpr std::string_view reason_text(Reason reason) {
    constexpr std::string_view kTexts[] = {
#define X(code) #code,
        SLUICE_REASONS(X)
#undef X
    };
    const auto index = static_cast<size_t>(reason);
    return index < static_cast<size_t>(Reason::kCount) ? kTexts[index] : "unknown";
}

}  // namespace sluice
