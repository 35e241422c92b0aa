// SPDX-License-Identifier: Apache-2.0
/* Agreement of two orders. Local. */
#ifndef WORDSHARD_SIMILARITY_H
#define WORDSHARD_SIMILARITY_H

#include <stdint.h>

#include "status.h"

/* Spearman's rank correlation: Pearson's correlation of the ranks, equal values sharing the mean
 * of theirs. *rho is NaN for fewer than 3 pairs or when all values of x or of y are equal. */
status similarity_spearman(int64_t n, const double *x, const double *y, double *rho);

/* Ranks from 1; equal values share the mean of theirs. */
status similarity_ranks(int64_t n, const double *x, double *ranks);

#endif
