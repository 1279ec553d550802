// The rules of the strict gate, by name. A test build can be told to do without one of them, which
// shows that the cases written for it are stopped by it and by nothing else; in a release build a
// rule is a constant and the choice does not exist.
// SLUICE_GATE_WITHOUT=NAME switches off NAME in a process for as long as it runs.
#pragma once

#include <cstdint>
#ifdef SLUICE_INSTRUMENTED
#include <cstdio>
#include <cstdlib>
#include <string_view>
#endif

namespace sluice::http {

#define SLUICE_GATE_RULES(X)                                              \
    /* the request line */                                                \
    X(leading_line)   /* nothing stands in front of it */                 \
    X(method_token)   /* bytes of a method */                             \
    X(method_length)  /* limits::kMethodBytes */                          \
    X(method_case)    /* "get" is not GET */                              \
    X(method_connect) /* CONNECT is not served */                         \
    X(request_line)   /* three parts, one blank between them */           \
    X(target_bytes)   /* visible ASCII without '#' */                     \
    X(target_length)  /* limits::kTargetBytes */                          \
    X(target_form)    /* origin, absolute, or * of OPTIONS */             \
    X(version)        /* 1.0 or 1.1 */                                    \
    /* lines */                                                           \
    X(bare_line_feed) /* LF without CR */                                 \
    X(bare_return)    /* CR without LF */                                 \
    X(folding)        /* a line that goes on with the former */           \
    /* fields */                                                          \
    X(field_colon)        /* each line has one */                         \
    X(field_name)         /* bytes of a name */                           \
    X(field_underscore)   /* which some origins read as '-' */            \
    X(field_name_length)  /* limits::kFieldNameBytes */                   \
    X(field_value)        /* bytes of a value */                          \
    X(field_value_length) /* limits::kFieldValueBytes */                  \
    X(field_count)        /* limits::kHeadFields */                       \
    X(head_length)        /* limits::kHeadBytes */                        \
    /* whom it is for */                                                  \
    X(host_missing)                                                       \
    X(host_repeated)                                                      \
    X(host_form)     /* host[:port] */                                    \
    X(host_mismatch) /* Host says what an absolute target says */         \
    /* where the body ends */                                             \
    X(length_form)  /* digits alone, no leading zero */                   \
    X(length_limit) /* limits::kBodyBytes */                              \
    X(length_repeated)                                                    \
    X(framing_conflict) /* a length and a coding */                       \
    X(coding_exact)     /* "chunked", nothing else */                     \
    X(coding_repeated)                                                    \
    X(coding_on_1_0)                                                      \
    /* between two hops */                                                \
    X(connection_names) /* what Connection must not take out */           \
    X(expectation)      /* one 100-continue, nothing else */              \
    X(upgrade)          /* not served */                                  \
    /* chunks */                                                          \
    X(chunk_size)             /* hex digits, at least one */              \
    X(chunk_digits)           /* limits::kChunkSizeDigits */              \
    X(chunk_line_end)         /* of the size's line */                    \
    X(chunk_end)              /* CR LF behind the data */                 \
    X(chunk_extension)        /* no control bytes */                      \
    X(chunk_extension_length) /* limits::kChunkExtensionBytes */          \
    X(chunk_total)            /* limits::kBodyBytes */                    \
    /* trailers */                                                        \
    X(trailer_name)      /* bytes of a name, and a colon */               \
    X(trailer_value)     /* bytes of a value */                           \
    X(trailer_line_end)  /* CR LF */                                      \
    X(trailer_count)     /* limits::kTrailerFields */                     \
    X(trailer_length)    /* limits::kTrailerBytes */                      \
    X(trailer_head_only) /* names that belong into a head are left out */ \
    /* answers */                                                         \
    X(status_line)    /* a version, three digits, blanks */               \
    X(status_range)   /* 100 to 599 */                                    \
    X(forbidden_body) /* framing where no body may be: no reuse */        \
    X(interim_count)  /* limits::kInterimResponses */                     \
    X(switching)      /* 101 was not asked for */                         \
    /* after doubt a connection is not used again */                      \
    X(refused_reuse) /* a request that a gate refused */                  \
    X(unread_body)   /* a request that was not read to its end */         \
    X(unasked_bytes) /* an answer with bytes behind it */

enum class GateRule : uint8_t {
#define X(name) name,
    SLUICE_GATE_RULES(X)
#undef X
        kCount
};

#ifdef SLUICE_INSTRUMENTED
namespace detail {

inline GateRule rule_switched_off() {
    const char* const wanted = std::getenv("SLUICE_GATE_WITHOUT");
    if (wanted == nullptr) return GateRule::kCount;
    constexpr std::string_view kNames[] = {
#define X(name) #name,
        SLUICE_GATE_RULES(X)
#undef X
    };
    uint8_t index = 0;
    for (const std::string_view name : kNames) {
        if (name == wanted) return static_cast<GateRule>(index);
        ++index;
    }
    std::fprintf(stderr, "SLUICE_GATE_WITHOUT: no rule %s\n", wanted);
    std::abort();
}

inline const GateRule kRuleSwitchedOff = rule_switched_off();

}  // namespace detail

inline bool enforced(GateRule rule) {
    return rule != detail::kRuleSwitchedOff;
}
#else
constexpr bool enforced(GateRule) {
    return true;
}
#endif

}  // namespace sluice::http
