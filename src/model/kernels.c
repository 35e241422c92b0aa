// SPDX-License-Identifier: Apache-2.0
/* Choosing kernels by processor, and the loss that all of them keep. */
#include "kernels.h"

#include <math.h>
#include <stdbool.h>

#include "kernels_tables.h"

static bool has(kernels_isa isa) {
#if defined(__x86_64__)
    if (isa == ISA_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (isa == ISA_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#elif defined(__aarch64__)
    if (isa == ISA_NEON) /* every such processor has it */
        return true;
#endif
    return isa == ISA_PORTABLE;
}

const kernels *kernels_get(kernels_isa isa) {
    if (isa == ISA_AUTO)
        isa = has(ISA_AVX512) ? ISA_AVX512
              : has(ISA_AVX2) ? ISA_AVX2
              : has(ISA_NEON) ? ISA_NEON
                              : ISA_PORTABLE;
    if (!has(isa))
        return NULL;
#if defined(__x86_64__)
    if (isa == ISA_AVX512)
        return &kernels_avx512;
    if (isa == ISA_AVX2)
        return &kernels_avx2;
#elif defined(__aarch64__)
    if (isa == ISA_NEON)
        return &kernels_neon;
#endif
    return &kernels_portable;
}

void logistic_loss_none(logistic_loss *loss) {
    *loss = (logistic_loss){0};
    for (int l = 0; l < ROW_QUANTUM; l++)
        loss->product[l] = 1;
}

void logistic_loss_settle(logistic_loss *loss) {
    double sum = loss->sum;
    for (int l = 0; l < ROW_QUANTUM; l++)
        sum += log((double)loss->product[l]) +
               log(2) * ((double)loss->exponent[l] + (double)loss->beyond[l]);
    logistic_loss_none(loss);
    loss->sum = sum;
}

double logistic_loss_take(logistic_loss *loss) {
    logistic_loss_settle(loss);
    const double sum = loss->sum;
    loss->sum = 0;
    return sum;
}
