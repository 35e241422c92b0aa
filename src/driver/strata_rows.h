// SPDX-License-Identifier: Apache-2.0
/* What the models that train by strata share around their blocks: rows by id for the run file, and
 * sums over buckets. All functions are collective unless marked otherwise. */
#ifndef WORDSHARD_STRATA_ROWS_H
#define WORDSHARD_STRATA_ROWS_H

#include <stdint.h>

#include "comm.h"
#include "strata.h"

/* Words whose rows this rank writes. Local. */
void strata_rows_share(const comm *world, int64_t n_words, int64_t *begin, int64_t *n);

/* The rows of one table that this rank trains. */
typedef struct {
    const comm *world;
    int64_t n_words, columns;
    int64_t left; /* rows not yet taken */
    /* The next row and its word. */
    const float *(*take)(void *context, int32_t *id);
    void *context;
} strata_rows;

/* table[rows of strata_rows_share, columns] becomes those rows of the table, by id. */
status strata_rows_gather(strata_rows *r, float *table);

/* Sum of values[n, K] of each bucket of this rank's n groups, first over the steps of each group,
 * then over the groups: in one order, wherever they were trained. */
status strata_sum(const comm *world, int n_groups, int n, const double *values, double *sum);

#endif
