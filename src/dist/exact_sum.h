// SPDX-License-Identifier: Apache-2.0
/* Reductions of arrays over ranks whose result has one value in any order, so that MPI may take
 * the fastest. ordered_sum.h is for the others. */
#ifndef WORDSHARD_EXACT_SUM_H
#define WORDSHARD_EXACT_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "comm.h"

/* Collective. x[i] becomes the sum of all ranks' x[i]. */
void exact_sum_whole(const comm *c, int64_t *x, size_t n);
/* The same for reals, each i's on all ranks whole multiples of one power of two and so small that
 * no partial sum needs rounding. */
void exact_sum_reals(const comm *c, double *x, size_t n);
/* The largest. */
void exact_highest(const comm *c, float *x, size_t n);

#endif
