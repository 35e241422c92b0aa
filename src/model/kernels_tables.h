// SPDX-License-Identifier: Apache-2.0
/* One table of kernels for each instruction set; kernels_get chooses. */
#ifndef WORDSHARD_KERNELS_TABLES_H
#define WORDSHARD_KERNELS_TABLES_H

#include "kernels.h"

extern const kernels kernels_portable;
#if defined(__x86_64__)
extern const kernels kernels_avx2;
extern const kernels kernels_avx512;
#elif defined(__aarch64__)
extern const kernels kernels_neon;
#endif

#endif
