// SPDX-License-Identifier: Apache-2.0
#if defined(__aarch64__)
#include <stdint.h>

#include "kernels.h"

enum { LANES = 4, TILE = 2 };
typedef float vec __attribute__((vector_size(16)));
typedef int32_t ivec __attribute__((vector_size(16)));

#define SHUFFLE __builtin_shufflevector

/* The sums of four vectors as one: each level adds the even and the odd lanes of a pair. */
static inline __attribute__((always_inline)) vec sum_four(const vec a[4]) {
    vec low = SHUFFLE(a[0], a[1], 0, 2, 4, 6) + SHUFFLE(a[0], a[1], 1, 3, 5, 7);
    vec high = SHUFFLE(a[2], a[3], 0, 2, 4, 6) + SHUFFLE(a[2], a[3], 1, 3, 5, 7);
    return SHUFFLE(low, high, 0, 2, 4, 6) + SHUFFLE(low, high, 1, 3, 5, 7);
}

static inline __attribute__((always_inline)) void simd_sums(const vec a[SCORE_STRIDE],
                                                            float out[SCORE_STRIDE]) {
    vec sums[2] = {sum_four(a), sum_four(a + 4)};
    __builtin_memcpy(out, sums, sizeof sums);
}

#include "kernels_simd.h"

const kernels kernels_neon = SIMD_KERNELS("neon");
#endif
