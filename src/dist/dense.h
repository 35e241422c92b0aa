// SPDX-License-Identifier: Apache-2.0
/* Dense linear algebra in doubles on tall matrices X [n, d] that are cut over ranks by rows, by
 * ScaLAPACK (docs/decisions/0007). Small matrices are whole on every rank.
 *
 * The order of rows is no matter to any of this, so a rank's rows are taken as its blocks of a
 * block-cyclic matrix, on a grid of one column of processes, with zero rows behind that make them
 * as many on every rank: nothing is sent but what the factorisation sends. Any rank may have no
 * rows, and there may be fewer rows than columns.
 *
 * On another number of ranks sums are taken in another order: results agree to rounding, not to the
 * bit. BLAS runs on the threads that the caller has set (model/blas_alone.h). */
#ifndef WORDSHARD_DENSE_H
#define WORDSHARD_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "comm.h"
#include "status.h"

typedef struct {
    int64_t n_local; /* rows here */
    int64_t columns;
    double *rows; /* [n_local][columns] */
} dense_tall;

/* X = U S V^T with the `rank` singular values that are above max(n, d) 2^-52 of the largest. */
typedef struct {
    int64_t rank;
    double *values; /* [rank] falling */
    double *v;      /* [d][rank] columns are right singular vectors */
    dense_tall u;   /* [n, rank] columns are left singular vectors */
} dense_svd;

/* Local. Zeros; the caller clears, also after a failure. */
status dense_create(dense_tall *x, int64_t n_local, int64_t columns);
void dense_clear(dense_tall *x);

/* Collective. g[i] becomes the sum of all ranks' g[i], the same on every rank. */
void dense_sum(const comm *c, double *g, size_t n);

/* Collective. g [p][q] = X^T Y, on every rank the same. */
void dense_product(const comm *c, const dense_tall *x, const dense_tall *y, double *g);

/* Collective. The caller clears, also after a failure. with_u = false: values and v only. n_rows:
 * of all ranks. STATUS_INPUT when a number is not finite. */
status dense_svd_tall(const comm *c, const dense_tall *x, int64_t n_rows, bool with_u,
                      dense_svd *out);
void dense_svd_clear(dense_svd *d);

/* Collective. SVD of a small a [p][q], the same on every rank and overwritten, k = min(p, q):
 * values[k] falling, u [p][k], vt [k][q]; u and vt may be NULL, both. */
status dense_svd_small(const comm *c, double *a, int64_t p, int64_t q, double *values, double *u,
                       double *vt);

#endif
