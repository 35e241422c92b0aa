// SPDX-License-Identifier: Apache-2.0
/* A table whose rows are cut over ranks, and fetching rows of it. */
#ifndef WORDSHARD_ROWS_H
#define WORDSHARD_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "comm.h"

typedef struct {
    const comm *c;
    const int64_t *cuts; /* [ranks + 1] rank r has rows [cuts[r], cuts[r + 1]) */
    const float *rows;   /* this rank's, stride floats apart */
    size_t stride, columns;
} rows_table;

/* Local. The equal part of n rows that this rank has, and where those of all ranks begin: *cuts is
 * new (mem_free), [ranks + 1]. */
void rows_share(const comm *c, int64_t n_rows, int64_t *begin, int64_t *n);
status rows_cuts(const comm *c, int64_t n_rows, int64_t **cuts);

/* Collective. Copy rows ids[0..n) into out, out_stride floats apart, zeros behind the columns. n
 * and ids are each rank's own. */
status rows_fetch(const rows_table *t, const int64_t *ids, int64_t n, float *out,
                  size_t out_stride);

#endif
