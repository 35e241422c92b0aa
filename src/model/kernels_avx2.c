// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "kernels_simd8.h"

const kernels kernels_avx2 = SIMD_KERNELS("avx2");
#endif
