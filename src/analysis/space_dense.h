// SPDX-License-Identifier: Apache-2.0
/* Rows of a space as doubles, for the measures that need them. */
#ifndef WORDSHARD_SPACE_DENSE_H
#define WORDSHARD_SPACE_DENSE_H

#include "dense.h"
#include "space.h"

/* Collective. mean[dim] of all rows, the same on every rank. */
void space_mean(const space *s, double *mean);

/* Collective. Rows less mean (NULL: as they are); *squares = sum of the squares of all ranks.
 * STATUS_INPUT when numbers are not finite. x is new (dense_clear, also after a failure). */
status space_to_dense(const space *s, const double *mean, dense_tall *x, double *squares);

/* Local. Threads for BLAS in factorisations of so many columns: those of few are a long sequence of
 * small calls, in which threads would wait for each other more than they work. */
static inline int space_dense_threads(int64_t columns, int threads) {
    return columns < 512 ? 1 : threads;
}

/* Local. Rows scaled to length 1 in doubles; a row shorter than 1e-12 is divided by that. */
void space_dense_normalise(dense_tall *x);

#endif
