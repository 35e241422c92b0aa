// SPDX-License-Identifier: Apache-2.0
/* Sums of floats over ranks in the order of the ranks: the same bits on every rank and in every
 * run, which MPI_Allreduce does not promise. */
#ifndef WORDSHARD_ORDERED_SUM_H
#define WORDSHARD_ORDERED_SUM_H

#include <stddef.h>

#include "comm.h"

typedef struct ordered_sum ordered_sum;

/* Local. Buffers for sums over c, which must live as long. */
status ordered_sum_create(ordered_sum **o, const comm *c);
void ordered_sum_destroy(ordered_sum **o);

/* Collective. x[i] becomes the sum of all ranks' x[i], i in [0, n). */
void ordered_sum_run(ordered_sum *o, float *x, size_t n);

#endif
