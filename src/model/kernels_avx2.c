// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#define KERNELS_TABLE kernels_avx2
#define KERNELS_NAME "avx2"
#include "kernels_simd8.h"
#endif
