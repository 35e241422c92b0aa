// SPDX-License-Identifier: Apache-2.0
/* One table of kernels for each instruction set; kernels_get chooses. */
#ifndef WORDSHARD_KERNELS_TABLES_H
#define WORDSHARD_KERNELS_TABLES_H

#include "kernels.h"

extern const kernels kernels_portable;
/* Of the portable table (kernels_ref_glove.c). */
double portable_glove_row(const glove_batch *b);
double portable_glove_element(const glove_batch *b);
void portable_logs(float *x, size_t n);
void portable_glove_weights(const float *log_x, size_t n, float log_most, float power,
                            float *weights);

#if defined(__x86_64__)
extern const kernels kernels_avx2;
extern const kernels kernels_avx512;
#elif defined(__aarch64__)
extern const kernels kernels_neon;
#endif

#endif
