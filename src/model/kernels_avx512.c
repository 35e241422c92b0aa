// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>

#include "kernels.h"
#include "kernels_quad.h"

enum { LANES = 16, TILE = 4, SLICES = 2, STRIP = 20 };
typedef float vec __attribute__((vector_size(64)));
typedef int32_t ivec __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) vec simd_hold(vec x) {
    __asm__("" : "+v"(x));
    return x;
}

static inline __attribute__((always_inline)) vec simd_repeat(const float *p) {
    return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
}

static inline __attribute__((always_inline)) vec simd_min(vec a, vec b) {
    return _mm512_min_ps(a, b);
}

static inline __attribute__((always_inline)) vec simd_max(vec a, vec b) {
    return _mm512_max_ps(a, b);
}

#define SHUFFLE __builtin_shufflevector

/* Three levels of "add a shuffled pair": eight vectors become one whose 128-bit quarters hold
 * partial sums, of the first four in the lower half. */
static inline __attribute__((always_inline)) vec partial_sums(const vec a[SCORE_STRIDE]) {
    vec p[4], q[2];
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
        vec x = a[2 * i], y = a[2 * i + 1];
        p[i] = SHUFFLE(x, y, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
               SHUFFLE(x, y, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    _Pragma("GCC unroll 2") for (int i = 0; i < 2; i++) {
        vec x = p[2 * i], y = p[2 * i + 1];
        q[i] = SHUFFLE(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
               SHUFFLE(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
    return SHUFFLE(q[0], q[1], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           SHUFFLE(q[0], q[1], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) vec simd_sums(const vec a[LANES]) {
    const vec x = partial_sums(a), y = partial_sums(a + SCORE_STRIDE);
    return SHUFFLE(x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
           SHUFFLE(x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

static inline __attribute__((always_inline)) vec simd_total(vec a) {
    a += SHUFFLE(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    a += SHUFFLE(a, a, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    a += SHUFFLE(a, a, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return a + SHUFFLE(a, a, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

/* x between -most and most: the smaller magnitude of the two with the sign of x. */
static inline __attribute__((always_inline)) vec simd_clip(vec x, float most) {
    return _mm512_range_ps(x, _mm512_set1_ps(most), 2);
}

#define KERNELS_TABLE kernels_avx512
#define KERNELS_NAME "avx512"
#include "kernels_simd.h"
#endif
