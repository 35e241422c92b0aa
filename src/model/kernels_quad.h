// SPDX-License-Identifier: Apache-2.0
/* Square roots of four floats at once, which GNU vector types lack. Correctly rounded, so the same
 * on every processor. */
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef float quad __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) quad simd_roots(quad x) {
#if defined(__x86_64__)
    return (quad)_mm_sqrt_ps((__m128)x);
#else
    return (quad)vsqrtq_f32((float32x4_t)x);
#endif
}
