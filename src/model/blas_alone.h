// SPDX-License-Identifier: Apache-2.0
/* BLAS and LAPACK on the calling thread only, where each thread calls them for itself or where
 * their bits must not depend on how many threads they would take. */
#ifndef WORDSHARD_BLAS_ALONE_H
#define WORDSHARD_BLAS_ALONE_H

/* Between the two, in the thread that starts OpenMP's others; regions must ask for their threads
 * by num_threads. What begin returns is for end: OpenMP's own default, which OpenBLAS follows. */
int blas_alone_begin(void);
/* The same with BLAS and LAPACK on n threads. */
int blas_threads_begin(int n);
void blas_alone_end(int openmp_default);

#endif
