// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)

#include <immintrin.h>

#include "text_kernels_body.h"

static inline text_masks make_masks(const uint8_t *bytes) {
    text_masks m = {0, 0};
    for (unsigned part = 0; part < 2; part++) {
        __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32 * part));
        __m256i control = _mm256_sub_epi8(c, _mm256_set1_epi8('\t'));
        control = _mm256_cmpeq_epi8(_mm256_min_epu8(control, _mm256_set1_epi8(4)), control);
        __m256i space = _mm256_or_si256(control, _mm256_cmpeq_epi8(c, _mm256_set1_epi8(' ')));
        __m256i newline = _mm256_cmpeq_epi8(c, _mm256_set1_epi8('\n'));
        m.space |= (uint64_t)(unsigned)_mm256_movemask_epi8(space) << (32 * part);
        m.newline |= (uint64_t)(unsigned)_mm256_movemask_epi8(newline) << (32 * part);
    }
    return m;
}

/* Eight at a time, needed or not: text has about 22 edges in 64 bytes, and a loop that ends after
 * each exact number is mispredicted each time. */
static inline void list_bits(uint64_t bits, size_t base, size_t *list) {
    for (; bits; list += 8)
        for (int i = 0; i < 8; i++) {
            list[i] = base + _tzcnt_u64(bits);
            bits = _blsr_u64(bits);
        }
}

static int32_t look_up(const uint16_t *codes, int32_t n, const int32_t *words, int32_t special,
                       int32_t *out, int64_t most, int64_t *n_ids) {
    *n_ids = 0;
    return look_up_rest(0, codes, n, words, special, out, most, n_ids);
}

const text_kernels text_kernels_avx2 = {
    .name = "avx2", .borders = find_borders, .look_up = look_up, .terms = add_terms};

#endif
