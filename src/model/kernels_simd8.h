// SPDX-License-Identifier: Apache-2.0
/* The kernels in vectors of eight floats: one register with AVX2, a pair of registers with NEON. */
#include <stdint.h>
#include <string.h>

#include "kernels.h"
#include "kernels_quad.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

enum { LANES = 8, TILE = 2, SLICES = 1, STRIP = 12 };
typedef float vec __attribute__((vector_size(32)));
typedef int32_t ivec __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) vec simd_hold(vec x) {
#if defined(__AVX2__)
    __asm__("" : "+x"(x));
#endif
    return x;
}

static inline __attribute__((always_inline)) vec simd_repeat(const float *p) {
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}

static inline __attribute__((always_inline)) vec simd_min(vec a, vec b) {
#if defined(__AVX2__)
    return _mm256_min_ps(a, b);
#else
    const ivec less = a < b;
    return (vec)(((ivec)a & less) | ((ivec)b & ~less));
#endif
}

static inline __attribute__((always_inline)) vec simd_max(vec a, vec b) {
#if defined(__AVX2__)
    return _mm256_max_ps(a, b);
#else
    const ivec more = a > b;
    return (vec)(((ivec)a & more) | ((ivec)b & ~more));
#endif
}

#define SHUFFLE __builtin_shufflevector

/* Two levels of "add a shuffled pair" in each 128-bit half, then the halves. */
static inline __attribute__((always_inline)) vec simd_sums(const vec a[LANES]) {
    vec p[4], q[2];
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
        vec x = a[2 * i], y = a[2 * i + 1];
        p[i] = SHUFFLE(x, y, 0, 8, 1, 9, 4, 12, 5, 13) + SHUFFLE(x, y, 2, 10, 3, 11, 6, 14, 7, 15);
    }
    _Pragma("GCC unroll 2") for (int i = 0; i < 2; i++) {
        vec x = p[2 * i], y = p[2 * i + 1];
        q[i] = SHUFFLE(x, y, 0, 1, 8, 9, 4, 5, 12, 13) + SHUFFLE(x, y, 2, 3, 10, 11, 6, 7, 14, 15);
    }
    return SHUFFLE(q[0], q[1], 0, 1, 2, 3, 8, 9, 10, 11) +
           SHUFFLE(q[0], q[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

static inline __attribute__((always_inline)) vec simd_total(vec a) {
    a += SHUFFLE(a, a, 4, 5, 6, 7, 0, 1, 2, 3);
    a += SHUFFLE(a, a, 2, 3, 0, 1, 6, 7, 4, 5);
    return a + SHUFFLE(a, a, 1, 0, 3, 2, 5, 4, 7, 6);
}

/* x between -most and most. */
static inline __attribute__((always_inline)) vec simd_clip(vec x, float most) {
    const vec limit = most - (vec){0};
    return simd_max(-limit, simd_min(limit, x));
}

#include "kernels_simd.h"
