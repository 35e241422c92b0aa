// SPDX-License-Identifier: Apache-2.0
/* Between the blocks of the models that train by strata and tables by id, for files and exchanges.
 * All functions are collective unless marked otherwise. */
#ifndef WORDSHARD_STRATA_ROWS_H
#define WORDSHARD_STRATA_ROWS_H

#include <stdint.h>

#include "comm.h"
#include "rows.h"

/* The rows of one table that this rank trains, one after the other. */
typedef struct {
    const comm *world;
    int64_t n_words, columns;
    int64_t left; /* rows not yet taken */
    /* The next row and its word: to be read, and to be written. */
    const float *(*take)(void *context, int32_t *id);
    float *(*place)(void *context, int32_t *id);
    void *context;
} strata_rows;

/* table[rows of rows_share, columns] becomes those rows of the table, by id. */
status strata_rows_gather(strata_rows *r, float *table);

/* The reverse: every row becomes that of its word in `from`, which has as many columns. */
status strata_rows_scatter(strata_rows *r, const rows_table *from);

#endif
