// SPDX-License-Identifier: Apache-2.0
#if defined(__aarch64__)
#include "kernels_simd8.h"

const kernels kernels_neon = SIMD_KERNELS("neon");
#endif
