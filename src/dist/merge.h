// SPDX-License-Identifier: Apache-2.0
/* Bringing replicas of a table together again: for each row, the changes that the replicas made
 * since the last merge are folded into one, and every replica continues from the same row. Only
 * rows that somebody touched travel; each row is folded by its owner (placement.h), in the order of
 * the replicas. The fold of a hot row goes to every replica, that of a cold row to its owner and to
 * those that have asked for it in the next round. So where a row lives decides what travels, never
 * what comes out. */
#ifndef WORDSHARD_MERGE_H
#define WORDSHARD_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "changes.h"
#include "parallel.h"
#include "pull.h"

/* Make one change of a row out of n changes (in the order of the replicas), in changes[0]. May
 * overwrite them. Each is `used` floats, zero-padded to a multiple of 16. Called by several threads
 * at once, for different rows. */
typedef void (*merge_fold)(void *context, int64_t row, float *const *changes, int n, size_t used);

typedef struct merger merger;

/* Buffers that live from merge to merge, of tables of one width. threads: for the loops over rows.
 * Local. */
status merge_create(merger **m, const replicas *r, const parallel *threads);
void merge_destroy(merger **m);

/* Collective over all ranks, after changes_keep of all local replicas; nobody may change rows
 * meanwhile, and callers have a barrier of r->mine before and after. Nothing is kept in c any more.
 * next: the rows of the next round, which have come; NULL if no row is cold, or there is no next
 * round. */
status merge_run(merger *m, row_changes *c, const pull *next, merge_fold fold, void *context);

/* Bytes this rank has sent so far. Local. */
int64_t merge_bytes_sent(const merger *m);

#endif
