// SPDX-License-Identifier: Apache-2.0
#include "blas_choice.h"

#include <stdlib.h>
#include <unistd.h>

#include "kernels.h"

void blas_choose_kernels(char **argv) {
    if (getenv("OPENBLAS_CORETYPE") || !kernels_get(ISA_AVX512))
        return;
    if (!setenv("OPENBLAS_CORETYPE", "SkylakeX", 1))
        execv("/proc/self/exe", argv); /* comes back only on failure: then AVX2 it is */
}
