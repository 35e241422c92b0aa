// SPDX-License-Identifier: Apache-2.0
/* Blocks of bytes that travel round the ranks, for the strata of an epoch: rank r holds centre
 * groups [first, first + n) of K, and in step s the blocks of groups first + s ... first + n - 1 +
 * s (mod K). After a step its lowest block goes to the rank before, which needs it in the next
 * step; after K steps all blocks are home again. Messages run while others are computed on. Ranks
 * beyond the number of groups hold none and take no part.
 *
 * An epoch can be broken off: groups then pass their blocks on without working with them, and
 * whoever gets such a block knows, so that he leaves it alone as well. */
#ifndef WORDSHARD_RING_H
#define WORDSHARD_RING_H

#include <stddef.h>
#include <stdint.h>

#include "comm.h"

typedef struct ring ring;

/* Groups of a rank: contiguous, as even as can be. Local. */
void ring_share(int n_groups, int rank, int n_ranks, int *first, int *n);
/* The rank that has a group at home. Local. */
int ring_owner(int n_groups, int which, int n_ranks);

/* Local. bytes[K]: of each block. Blocks are 64-byte aligned and start as zeros. */
status ring_create(ring **r, const comm *c, int n_groups, const size_t *bytes);
void ring_destroy(ring **r);

/* Memory that ring_create takes on a rank for blocks of at most most_bytes. Local. */
double ring_bytes(int n_groups, size_t most_bytes, int rank, int n_ranks);

/* True if blocks move at all: more than one rank has groups. Local. */
bool ring_moves(const ring *r);

/* The block that centre group `centre` (of this rank) works with in a step: group centre + step.
 * Local; valid while ring_move has told that it is here and until the step is finished. */
void *ring_block(const ring *r, int centre, int step);

/* Steps of an epoch: all of them, and those before the first that was left out. */
typedef struct {
    int all, whole;
} ring_steps;

/* Send what is finished, take in what has come, and return without waiting. finished: steps of this
 * epoch that the first centre group has done. Returns the steps for which the last centre group's
 * block is here, and of them those whose block no group has left out. Only the thread that started
 * MPI. */
ring_steps ring_move(ring *r, ring_steps finished);

/* The end of an epoch: wait until all blocks are home. whole: of the first centre group, as above.
 * Not a barrier. */
void ring_end(ring *r, int whole);

/* Bytes sent by this rank. Local. */
int64_t ring_bytes_sent(const ring *r);

#endif
