// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with negative sampling in one bucket of the strata schedule: pairs of one group of
 * inputs and one group of outputs, in the order of the corpus.
 *
 * What a window has in the bucket is trained at once: its contexts in the input group against the
 * centre and negatives of the output group. The negatives are a function of the group and of the
 * window's place in the episode, so that the parts of a window in other buckets, which are trained
 * at other times, meet the same ones, as they do where a window is trained as a whole. */
#ifndef WORDSHARD_PAIR_BUCKET_H
#define WORDSHARD_PAIR_BUCKET_H

#include <stdint.h>

#include "loop.h"
#include "pairs.h"

typedef struct {
    const loop_settings *settings;
    const kernels *kernel;
    const sampler *negatives; /* over the words of the output group, by place */
    float *in;                /* rows of row_width(dim) of the input group, by place */
    float *out;               /* rows that hold the output group's, */
    const int32_t *out_rows;  /* of each place which; NULL: by place */
    /* Pairs in n_parts parts: part r is pairs[offsets[r * stride]] up to, without,
     * pairs[offsets[r * stride + 1]]. */
    const word_pair *pairs;
    const int64_t *offsets;
    int64_t stride;
    int n_parts;
    float rate;
    double turns;           /* replacements in the pool of negatives for each position */
    uint64_t negatives_key; /* of the output group in this episode */
} pair_bucket;

static inline int64_t pair_bucket_part(const pair_bucket *b, int part, const word_pair **first) {
    const int64_t *place = b->offsets + (int64_t)part * b->stride;
    *first = b->pairs + place[0];
    return place[1] - place[0];
}

/* What one thread needs; made once. */
typedef struct pair_worker pair_worker;

status pair_worker_create(pair_worker **w, const loop_settings *settings);
void pair_worker_destroy(pair_worker **w);

/* Train; returns the loss, nats over all pairs. */
double pair_bucket_train(const pair_bucket *b, pair_worker *w);

#endif
