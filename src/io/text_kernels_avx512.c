// SPDX-License-Identifier: Apache-2.0
/* A comparison gives the mask at once, and compressing the bytes 0 to 63 by it lists its bits. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "text_kernels_body.h"

static inline text_masks make_masks(const uint8_t *bytes) {
    __m512i c = _mm512_loadu_si512(bytes);
    __m512i control = _mm512_sub_epi8(c, _mm512_set1_epi8('\t'));
    __mmask64 space = _mm512_cmple_epu8_mask(control, _mm512_set1_epi8(4)) |
                      _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(' '));
    return (text_masks){space, _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8('\n'))};
}

static const uint8_t counting[64] __attribute__((aligned(64))) = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
    44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

static inline __m512i widen(__m128i places, size_t base) {
    return _mm512_add_epi64(_mm512_cvtepu8_epi64(places), _mm512_set1_epi64((long long)base));
}

static inline void list_bits(uint64_t bits, size_t base, size_t *list) {
    __m512i places = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(counting));
    __m128i low = _mm512_castsi512_si128(places), high = _mm512_extracti32x4_epi32(places, 1);
    _mm512_storeu_si512(list, widen(low, base));
    _mm512_storeu_si512(list + 8, widen(_mm_srli_si128(low, 8), base));
    _mm512_storeu_si512(list + 16, widen(high, base));
    _mm512_storeu_si512(list + 24, widen(_mm_srli_si128(high, 8), base));
    if (__builtin_popcountll(bits) <= 32)
        return;
    low = _mm512_extracti32x4_epi32(places, 2);
    high = _mm512_extracti32x4_epi32(places, 3);
    _mm512_storeu_si512(list + 32, widen(low, base));
    _mm512_storeu_si512(list + 40, widen(_mm_srli_si128(low, 8), base));
    _mm512_storeu_si512(list + 48, widen(high, base));
    _mm512_storeu_si512(list + 56, widen(_mm_srli_si128(high, 8), base));
}

/* Sixteen at a time while all of them are plain and have room. */
static int32_t look_up(const uint16_t *codes, int32_t n, const int32_t *words, int32_t special,
                       int32_t *out, int64_t most, int64_t *n_ids) {
    const __m512i limit = _mm512_set1_epi32(special), none = _mm512_set1_epi32(-1);
    int32_t at = 0;
    int64_t found = 0;
    for (; n - at >= 16 && most - found >= 16; at += 16) {
        __m256i packed = _mm256_loadu_si256((const __m256i *)(const void *)(codes + at));
        __m512i sixteen = _mm512_cvtepu16_epi32(packed);
        if (_mm512_cmpge_epi32_mask(sixteen, limit))
            break;
        __m512i ids = _mm512_i32gather_epi32(sixteen, words, 4);
        if (_mm512_cmplt_epi32_mask(ids, none))
            break;
        __mmask16 kept = _mm512_cmpgt_epi32_mask(ids, none);
        if (out)
            _mm512_storeu_si512(out + found, _mm512_maskz_compress_epi32(kept, ids));
        found += __builtin_popcount(kept);
    }
    *n_ids = found;
    int32_t upto = n - at > 16 ? at + 16 : n; /* the ones that were not all plain */
    return look_up_rest(at, codes, upto, words, special, out, most, n_ids);
}

const text_kernels text_kernels_avx512 = {
    .name = "avx512", .borders = find_borders, .look_up = look_up, .terms = add_terms};

#endif
