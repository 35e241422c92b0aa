// SPDX-License-Identifier: Apache-2.0
#include "blas_alone.h"

#include <omp.h>

/* Only OpenBLAS has this. Its OpenMP variant goes by OpenMP's default at every call, the others by
 * this number. */
extern void openblas_set_num_threads(int n) __attribute__((weak));

int blas_threads_begin(int n) {
    const int openmp_default = omp_get_max_threads();
    if (openblas_set_num_threads)
        openblas_set_num_threads(n);
    omp_set_num_threads(n);
    return openmp_default;
}

int blas_alone_begin(void) {
    return blas_threads_begin(1);
}

void blas_alone_end(int openmp_default) {
    omp_set_num_threads(openmp_default);
}
