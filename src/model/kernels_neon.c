// SPDX-License-Identifier: Apache-2.0
#if defined(__aarch64__)
#define KERNELS_TABLE kernels_neon
#define KERNELS_NAME "neon"
#include "kernels_simd8.h"
#endif
