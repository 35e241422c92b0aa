// SPDX-License-Identifier: Apache-2.0
/* The negatives of one worker.
 *
 * Pool: a few words drawn by frequency when a chunk begins; every window picks some of them, and
 * after every `reuse` picks one word of the pool is drawn anew. Its rows are in the cache, and what
 * enters is known before it is needed.
 *
 * Own: each pair draws from the whole vocabulary, as word2vec.c does. */
#ifndef WORDSHARD_NEGATIVES_H
#define WORDSHARD_NEGATIVES_H

#include <stdint.h>

#include "places.h"
#include "sampler.h"

typedef struct {
    int count;                /* negatives wanted by a window */
    int size, reuse;          /* of the pool */
    int32_t *words;           /* [size] the pool, */
    int32_t *pool;            /* [size] and what is picked: the words, or their places in rounds */
    const row_places *places; /* NULL where words are picked */
    int at;                   /* entry that is replaced next */
    int owed;                 /* picks since the last replacement */
    int32_t fresh;            /* what entered the pool last; -1 = it was asked for */
    uint64_t drawn;           /* words drawn in this chunk */
    uint64_t draw_key;        /* stream of the chunk */
    uint64_t pick_key;        /* streams of the epoch: picks from the pool, */
    uint64_t own_key;         /* and own draws */
} negatives;

status negatives_create(negatives *n, int count, int size, int reuse);
void negatives_clear(negatives *n);

/* From now on places are picked; called again when they have changed. */
void negatives_use_places(negatives *n, const row_places *places);

/* Streams of an epoch. */
void negatives_begin_epoch(negatives *n, uint64_t seed, int epoch);

/* Fill the pool for the chunk whose first position is begin. */
void negatives_begin_chunk(negatives *n, const sampler *s, int64_t begin);

/* Draw anew what the next window's picks have used up. */
void negatives_rotate(negatives *n, const sampler *s);

/* The pool after `turns` replacements since the chunk began, whatever it was before. */
void negatives_turn_to(negatives *n, const sampler *s, uint64_t turns);

/* Where the pool of a chunk is between two windows: what negatives_restore needs. */
typedef struct {
    int64_t drawn, owed;
} negatives_place;

negatives_place negatives_where(const negatives *n);

/* The pool of the chunk whose first position is begin, as it was there. */
void negatives_restore(negatives *n, const sampler *s, int64_t begin, negatives_place at);

/* The words that the next n_windows windows may pick: the pool, then what negatives_rotate will
 * draw before each of them. Returns how many. */
int64_t negatives_foresee(const negatives *n, const sampler *s, int64_t n_windows, int32_t *words);

/* The centre (its place, in rounds) and up to `count` different words from the pool, none of them
 * the centre, into picked[1 + count]; returns how many with the centre. A pool with few different
 * words gives fewer.
 */
int negatives_pick(const negatives *n, int32_t centre, int64_t position, int32_t *picked);

/* The centre and `count` draws of its own into picked[1 + count]; returns how many. As in
 * word2vec.c a draw that is the centre is left out; one that repeats another as well, so that rows
 * are different. ordinal: of the pair in the centre's window. */
int negatives_draw(const negatives *n, const sampler *s, int32_t centre, int64_t position,
                   int ordinal, int32_t *picked);

/* What entered the pool since the last call, or -1. */
static inline int32_t negatives_take_fresh(negatives *n) {
    const int32_t fresh = n->fresh;
    n->fresh = -1;
    return fresh;
}

#endif
