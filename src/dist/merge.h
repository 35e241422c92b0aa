// SPDX-License-Identifier: Apache-2.0
/* Bringing replicas of a table together again: for each row, the changes that the replicas made
 * since the last merge are folded into one, and every replica continues from the same row. Only
 * rows that somebody touched travel; each row is folded by one owner, in the order of the replicas.
 */
#ifndef WORDSHARD_MERGE_H
#define WORDSHARD_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "replicas.h"

/* One table as this rank sees it. */
typedef struct {
    int64_t n_rows;
    size_t width, used;      /* floats from row to row; floats that travel */
    float *const *rows;      /* [n_local] the table of each local replica, rows of width floats */
    uint8_t *const *touched; /* [n_local] [n_rows] 1 = changed since the last merge; cleared */
    float *base;             /* the rows after the last merge, the same in all replicas */
} merge_table;

/* Make one change of a row out of n changes (in the order of the replicas), in changes[0]. May
 * overwrite them. Each is `used` floats, zero-padded to a multiple of 16. */
typedef void (*merge_fold)(void *context, int64_t row, float *const *changes, int n, size_t used);

typedef struct merger merger;

/* Buffers that live from merge to merge. Local. */
status merge_create(merger **m, const replicas *r);
void merge_destroy(merger **m);

/* Collective over all ranks; nobody may change rows meanwhile, and callers have a barrier of
 * r->mine before and after. */
status merge_run(merger *m, const merge_table *table, merge_fold fold, void *context);

/* Bytes this rank has sent so far. */
int64_t merge_bytes_sent(const merger *m);

#endif
