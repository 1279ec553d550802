// The tables behind error.h.
#include "proxy/exchange/error.h"

#include "table/limits.h"

namespace sluice::exchange {

namespace {

// What an endpoint did, or did not do in time.
uint16_t status_of_attempt(Reason reason) {
    switch (reason) {
        case Reason::connect_refused:
        case Reason::connect_failed:
        case Reason::upstream_closed:
        case Reason::upstream_reset:
        case Reason::upstream_garbage:
        case Reason::upstream_incomplete:
        case Reason::too_many_interim:
            return 502;
        case Reason::connect_timeout:
        case Reason::first_byte_timeout:
        case Reason::upstream_idle_timeout:
        case Reason::upstream_too_slow:
        case Reason::request_timeout:
            return 504;
        default:
            return 500;  // backend_not_found, no_weight: the configuration is wrong; anything else
                         // is a bug
    }
}

}  // namespace

uint16_t status_of(Reason reason) {
    switch (reason) {
        case Reason::host_mismatch:
        case Reason::bad_request_line:
        case Reason::bad_method:
        case Reason::bad_target:
        case Reason::bad_path:
        case Reason::bad_field_name:
        case Reason::bad_field_value:
        case Reason::bad_line_end:
        case Reason::folded_field:
        case Reason::host_missing:
        case Reason::host_repeated:
        case Reason::bad_host:
        case Reason::bad_content_length:
        case Reason::framing_conflict:
        case Reason::bad_chunk:
        case Reason::bad_trailer:
        case Reason::bad_connection_field:
        case Reason::client_body_incomplete:
            return 400;
        case Reason::no_host:
        case Reason::no_route:
            return 404;
        case Reason::client_head_timeout:
        case Reason::client_body_timeout:
        case Reason::client_too_slow:
            return 408;
        case Reason::body_too_large:
            return 413;
        case Reason::target_too_long:
            return 414;
        case Reason::bad_expectation:
            return 417;
        case Reason::head_too_large:
        case Reason::too_many_fields:
            return 431;
        case Reason::bad_transfer_encoding:
        case Reason::upgrade_unsupported:
        case Reason::connect_unsupported:
            return 501;
        case Reason::no_endpoints:
        case Reason::table_absent:
        case Reason::secrets_absent:
        case Reason::too_many_connections:
        case Reason::out_of_descriptors:
        case Reason::no_local_port:
        case Reason::draining:
        case Reason::overloaded:
        case Reason::memory_reclaimed:
            return 503;
        case Reason::bad_version:
            return 505;
        default:
            return status_of_attempt(reason);
    }
}

const char* phrase_of(uint16_t status) {
    switch (status) {
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 408:
            return "Request Timeout";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 417:
            return "Expectation Failed";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "";
    }
}

const char* message_of(Reason reason) {
    switch (reason) {
        case Reason::backend_not_found:
            return "The route names a Service or port that does not exist; see the route's status.";
        case Reason::no_weight:
            return "All backends of the route have weight 0.";
        case Reason::no_endpoints:
            return "No endpoint of the backend is ready; try again shortly.";
        case Reason::upgrade_unsupported:
            return "Protocol upgrades are not served.";
        case Reason::connect_unsupported:
            return "CONNECT is not served.";
        case Reason::table_absent:
            return "The gateway has no routes yet; try again shortly.";
        case Reason::connect_refused:
            return "The endpoint refused the connection.";
        case Reason::connect_timeout:
            return "The endpoint did not accept the connection in time.";
        case Reason::connect_failed:
            return "The endpoint could not be reached.";
        case Reason::upstream_closed:
            return "The endpoint closed the connection before it answered.";
        case Reason::upstream_reset:
            return "The endpoint reset the connection before it answered.";
        case Reason::upstream_garbage:
            return "The endpoint's answer is not lawful HTTP.";
        case Reason::upstream_incomplete:
            return "The endpoint's answer ended too early.";
        case Reason::too_many_interim:
            return "The endpoint sent too many interim answers.";
        case Reason::first_byte_timeout:
            return "The endpoint did not begin to answer in time.";
        case Reason::upstream_idle_timeout:
            return "The endpoint stopped in the middle of its answer.";
        case Reason::request_timeout:
            return "The request's total time is over.";
        case Reason::client_head_timeout:
            return "The request head did not arrive in time.";
        case Reason::client_body_timeout:
            return "The request body did not arrive in time.";
        case Reason::client_too_slow:
            return "The request body arrives too slowly.";
        case Reason::no_local_port:
            return "The gateway has no free local port towards the endpoints; try again shortly.";
        case Reason::head_too_large:
            return "The message head is too large (at most 32 KiB).";
        case Reason::too_many_fields:
            return "The request has too many header fields (at most 100).";
        case Reason::target_too_long:
            return "The request target is too long (at most 8 KiB).";
        case Reason::bad_transfer_encoding:
            return "Only 'Transfer-Encoding: chunked' on HTTP/1.1 is understood.";
        case Reason::out_of_descriptors:
        case Reason::too_many_connections:
            return "The gateway is at its connection limit.";
        case Reason::overloaded:
            return "The gateway is short of memory and takes no new requests; try again later.";
        case Reason::memory_reclaimed:
            return "The gateway needed the memory that this request held; try again later.";
        default:
            return "The request is not lawful HTTP and was refused.";
    }
}

const char* openai_type_of(uint16_t status) {
    return status < 500 ? "invalid_request_error" : "server_error";
}

bool may_retry(const upstream::Failure& failure, const Attempt& attempt) {
    if (failure.side != upstream::Side::upstream || failure.answered) return false;
    if (attempt.tries >= limits::kAttempts || !attempt.replayable) return false;
    if (failure.never_connected || failure.never_arrived) return true;
    // A slow endpoint is not helped by a second request: after a time-out even a harmless repeat
    // only adds load.
    return attempt.idempotent && failure.reason != Reason::first_byte_timeout;
}

}  // namespace sluice::exchange
