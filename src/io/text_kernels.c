// SPDX-License-Identifier: Apache-2.0
/* The portable kernels, and choosing kernels by processor. */
#include "text_kernels_body.h"

#ifdef __SSE2__

#include <emmintrin.h>

static inline text_masks make_masks(const uint8_t *bytes) {
    text_masks m = {0, 0};
    for (unsigned part = 0; part < 4; part++) {
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * part));
        /* \t \n \v \f \r are 9 to 13: c - 9 <= 4 without a sign */
        __m128i control = _mm_sub_epi8(c, _mm_set1_epi8('\t'));
        control = _mm_cmpeq_epi8(_mm_min_epu8(control, _mm_set1_epi8(4)), control);
        __m128i space = _mm_or_si128(control, _mm_cmpeq_epi8(c, _mm_set1_epi8(' ')));
        __m128i newline = _mm_cmpeq_epi8(c, _mm_set1_epi8('\n'));
        m.space |= (uint64_t)(unsigned)_mm_movemask_epi8(space) << (16 * part);
        m.newline |= (uint64_t)(unsigned)_mm_movemask_epi8(newline) << (16 * part);
    }
    return m;
}

#else

static inline text_masks make_masks(const uint8_t *bytes) {
    text_masks m = {0, 0};
    for (unsigned i = 0; i < 64; i++) {
        uint8_t c = bytes[i];
        m.space |= (uint64_t)(c == ' ' || (uint8_t)(c - '\t') <= '\r' - '\t') << i;
        m.newline |= (uint64_t)(c == '\n') << i;
    }
    return m;
}

#endif

static inline void list_bits(uint64_t bits, size_t base, size_t *list) {
    for (; bits; bits &= bits - 1)
        *list++ = base + (size_t)__builtin_ctzll(bits);
}

static int32_t look_up(const uint16_t *codes, int32_t n, const int32_t *words, int32_t special,
                       int32_t *out, int64_t most, int64_t *n_ids) {
    *n_ids = 0;
    return look_up_rest(0, codes, n, words, special, out, most, n_ids);
}

const text_kernels text_kernels_portable = {
    .name = "portable", .borders = find_borders, .look_up = look_up, .terms = add_terms};

static int has(text_isa isa) {
#if defined(__x86_64__)
    if (isa == TEXT_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
    if (isa == TEXT_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
               __builtin_cpu_supports("popcnt");
#endif
    return isa == TEXT_PORTABLE;
}

const text_kernels *text_kernels_get(text_isa isa) {
    if (isa == TEXT_AUTO)
        isa = has(TEXT_AVX512) ? TEXT_AVX512 : has(TEXT_AVX2) ? TEXT_AVX2 : TEXT_PORTABLE;
    if (!has(isa))
        return NULL;
#if defined(__x86_64__)
    if (isa == TEXT_AVX512)
        return &text_kernels_avx512;
    if (isa == TEXT_AVX2)
        return &text_kernels_avx2;
#endif
    return &text_kernels_portable;
}
