// SPDX-License-Identifier: Apache-2.0
/* Leading eigenpairs of a sparse symmetric matrix A [V, V] by randomised subspace iteration
 * (Halko, Martinsson & Tropp 2011, algorithms 4.4 and 5.3), filtered by Chebyshev polynomials
 * (Zhou et al. 2006):
 *
 *     Y = A S, S a count sketch;   iterations times: Q = orth(Y), Y = A Q - b P
 *     Q^T A Q = W diag(lambda) W^T (Rayleigh-Ritz),   U = Q W
 *
 * P is the Q before, in the basis that Q has: P R for Q = Y R. A filter begins at iterations 0, 1,
 * 2, 4, 8, ... with b = 0; then b = e^2 / 2 once and e^2 / 4 further on (scaled polynomials of the
 * first kind), which keeps down all |lambda| < e. The edge e is the smallest singular value of A Q
 * as the filter begins, at most the B-th of A.
 *
 * The block has B columns, some more than wanted. Q is orthonormal by Cholesky factors of Gram
 * matrices (CholeskyQR, the last time twice: Yamamoto et al. 2015). For a symmetric matrix the
 * singular values are |lambda|.
 *
 * The bits do not depend on ranks and threads: products of columns are summed exactly (tall.h), and
 * the small B x B problems are solved by LAPACK on rank 0. A ScaLAPACK factorisation is not used
 * here, because its blocks and so its rounding follow the process grid. */
#ifndef WORDSHARD_EIGEN_H
#define WORDSHARD_EIGEN_H

#include "symmetric.h"

/* Q and P as they are between two iterations: all that the next one depends on but the matrix. */
typedef struct {
    int done;           /* iterations */
    double edge;        /* e of the filter */
    int64_t begin, end; /* rows here */
    size_t width;       /* B: columns, and floats from row to row */
    float *rows, *previous;
} eigen_block;

/* What can be done there; NULL: nothing. Collective, with context. */
typedef struct {
    /* Called before each iteration; a status other than OK ends the search. */
    status (*pause)(void *context, const eigen_block *block);
    /* Called instead of beginning: fills the rows, done and edge as they were at a pause. */
    status (*resume)(void *context, eigen_block *block);
    void *context;
} eigen_pauses;

typedef struct {
    int64_t dim;    /* wanted */
    int iterations; /* at least 1 */
    uint64_t seed;
    const kernels *kernel;
    eigen_pauses pauses;
} eigen_settings;

/* Where the time went, wall clock. */
typedef struct {
    double sparse, gram, small, multiply; /* seconds */
    double sparse_flops, dense_flops;     /* on all ranks */
} eigen_times;

typedef struct {
    int64_t begin, end; /* rows here, those of the matrix */
    int64_t dim;
    size_t width; /* B: floats from one row to the next */
    float *
        vectors; /* row begin: columns [0, dim) are eigenvectors of length 1, by falling |lambda| */
    float *block;   /* what vectors lies in */
    double *values; /* [B] lambda, by falling magnitude */
    float *factors; /* [B] of the columns, by eigen_scale */
    int64_t rank;   /* of the first dim, those that are not 0; the vectors of the others are 0 */
    eigen_times times;
} eigen_pairs;

/* B for so many eigenpairs. */
size_t eigen_width(int64_t dim);

/* Bytes that eigen_find asks for on a rank with so many rows, beside the matrix. */
double eigen_bytes(double n_rows, int64_t dim, int n_threads, int n_ranks);

/* Collective. */
status eigen_find(eigen_pairs *e, const symmetric *a, const eigen_settings *settings);
void eigen_clear(eigen_pairs *e);

/* vectors[:, k] *= |lambda_k|^power. Local. */
void eigen_scale(eigen_pairs *e, double power);

#endif
