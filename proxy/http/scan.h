// The wide scans of the head parser: each walks bytes 16 at a time (SSE2, which every x86-64 has)
// to the first one that is not allowed, and one at a time elsewhere. Private to proxy/http.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "proxy/http/ascii.h"

namespace sluice::http {

// A place in the bytes of one head.
struct Cursor {
    const char* begin;
    const char* at;
    const char* end;
};

// A control byte other than HTAB: what no field value or reason phrase may hold (RFC 9110 5.5).
constexpr bool is_control(char c) {
    return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
}

#if defined(__SSE2__)
namespace detail {

inline uint32_t mask_of(__m128i hits) {
    return static_cast<uint32_t>(_mm_movemask_epi8(hits));
}
inline __m128i equal_to(__m128i block, char c) {
    return _mm_cmpeq_epi8(block, _mm_set1_epi8(c));
}
inline __m128i load_block(const char* at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Bit per byte that is_control().
inline uint32_t control_mask(__m128i block) {
    const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
    const __m128i bad = _mm_andnot_si128(equal_to(block, '\t'), low);
    return mask_of(_mm_or_si128(bad, equal_to(block, 0x7f)));
}

}  // namespace detail
#endif

// First control byte of [at, end), or end. [begin, at) is readable: the last block is read with an
// overlap.
inline const char* find_control(const char* begin, const char* at, const char* end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const uint32_t hits = detail::control_mask(detail::load_block(at));
        if (hits != 0) return at + __builtin_ctz(hits);
    }
    if (end - begin >= 16) {
        const auto seen = static_cast<uint32_t>(16 - (end - at));
        const uint32_t hits = detail::control_mask(detail::load_block(end - 16)) >> seen;
        return hits != 0 ? at + __builtin_ctz(hits) : end;
    }
#endif
    while (at < end && !is_control(*at)) ++at;
    return at;
}

// First byte of [at, end) that may not stand in a field name, or end.
inline const char* find_name_end(const char* at, const char* end) {
#if defined(__SSE2__)
    // Letters, digits and '-' make nearly every name; the other lawful bytes are left to the loop
    // below.
    for (; end - at >= 16; at += 16) {
        const __m128i block = detail::load_block(at);
        const __m128i letter =
            _mm_sub_epi8(_mm_or_si128(block, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
        const __m128i digit = _mm_sub_epi8(block, _mm_set1_epi8('0'));
        const __m128i usual = _mm_or_si128(
            detail::equal_to(block, '-'),
            _mm_or_si128(
                _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
                _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit)
            )
        );
        const uint32_t others = detail::mask_of(usual) ^ 0xffffu;
        if (others == 0) continue;
        at += __builtin_ctz(others);
        if (!has_class(*at, kNameByte)) return at;
        break;
    }
#endif
    while (at < end && has_class(*at, kNameByte)) ++at;
    return at;
}

// Where a request target ends and what stands in it.
struct TargetScan {
    const char* stop = nullptr;      // first byte that no target may hold, or end
    const char* question = nullptr;  // first '?' before stop
    bool plain = true;  // no '%', '\', "//" or "/." before the '?': the path is canonical as it is
};

inline TargetScan scan_target(const char* at, const char* end) {
    TargetScan result;
    bool after_slash = false;
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const __m128i block = detail::load_block(at);
        // Signed: below 0x21 are the controls, SP and everything from 0x80 on.
        const __m128i outside = _mm_or_si128(
            _mm_cmplt_epi8(block, _mm_set1_epi8(0x21)),
            _mm_or_si128(detail::equal_to(block, 0x7f), detail::equal_to(block, '#'))
        );
        const uint32_t stops = detail::mask_of(outside);
        if (result.question == nullptr) {
            const __m128i slash_hits = detail::equal_to(block, '/');
            const uint32_t slashes = detail::mask_of(slash_hits);
            const uint32_t seconds =
                detail::mask_of(_mm_or_si128(slash_hits, detail::equal_to(block, '.')));
            const uint32_t escapes = detail::mask_of(
                _mm_or_si128(detail::equal_to(block, '%'), detail::equal_to(block, '\\'))
            );
            const uint32_t questions = detail::mask_of(detail::equal_to(block, '?'));
            const uint32_t ends = stops | questions;
            const uint32_t in_path =
                (ends & (0u - ends)) - 1;  // bits below the first end; all if none
            const uint32_t pairs = ((slashes << 1) | (after_slash ? 1u : 0u)) & seconds;
            if (((pairs | escapes) & in_path) != 0) result.plain = false;
            if ((questions & ~(stops == 0 ? 0u : 0u - (stops & (0u - stops)))) != 0) {
                result.question = at + __builtin_ctz(questions);
            }
            after_slash = (slashes & 0x8000u) != 0;
        }
        if (stops != 0) {
            result.stop = at + __builtin_ctz(stops);
            return result;
        }
    }
#endif
    for (; at < end && has_class(*at, kVisibleByte) && *at != '#'; ++at) {
        if (result.question != nullptr) continue;
        const char c = *at;
        if (c == '?') result.question = at;
        if (c == '%' || c == '\\' || (after_slash && (c == '/' || c == '.'))) result.plain = false;
        after_slash = c == '/';
    }
    result.stop = at;
    return result;
}

// For a head that did not fit its first read. False while neither a blank line nor a byte that no
// head may hold has come; `scanned` then says where to go on.
inline bool may_be_whole(std::string_view bytes, size_t& scanned) {
    const char* begin = bytes.data();
    const char* end = begin + bytes.size();
    const char* at = begin + (scanned < bytes.size() ? scanned : bytes.size());
    for (;;) {
        at = find_control(begin, at, end);
        scanned = static_cast<size_t>(at - begin);
        if (end - at < 3) {
            // A line end whose next byte is not here yet is looked at again.
            if (at == end || *at == '\r') return end - at == 2 && at[1] != '\n';
            return true;
        }
        if (*at != '\r' || at[1] != '\n') return true;
        if (at[2] == '\r') {
            if (end - at > 3) return true;
            return false;
        }
        at += 2;
    }
}

}  // namespace sluice::http
