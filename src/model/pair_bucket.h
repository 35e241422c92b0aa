// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with negative sampling in one bucket of the strata schedule: pairs of one group of
 * inputs and one group of outputs, in an order that depends on the bucket's pairs and key alone.
 *
 * A pair is too little work for a kernel: it would read seven rows for six products. So the pairs
 * of a bucket are sorted by centre, and a centre trains up to window + 1 of its contexts at once,
 * as many as a window has on average, against the same negatives; these units come in random
 * order. */
#ifndef WORDSHARD_PAIR_BUCKET_H
#define WORDSHARD_PAIR_BUCKET_H

#include <stdint.h>

#include "loop.h"
#include "pairs.h"

typedef struct {
    const loop_settings *settings;
    const kernels *kernel;
    const sampler *negatives; /* over the words of the output group, by place */
    float *in, *out;          /* rows of row_width(dim) of the two groups, by place */
    int64_t n_out;            /* words of the output group */
    /* Pairs in n_parts parts: part r is pairs[offsets[r * stride]] up to, without,
     * pairs[offsets[r * stride + 1]]. */
    const word_pair *pairs;
    const int64_t *offsets;
    int64_t stride;
    int n_parts;
    float rate;
    uint64_t order_key, negatives_key; /* of this bucket in this episode */
} pair_bucket;

static inline int64_t pair_bucket_part(const pair_bucket *b, int part, const word_pair **first) {
    const int64_t *place = b->offsets + (int64_t)part * b->stride;
    *first = b->pairs + place[0];
    return place[1] - place[0];
}

/* Pairs of the bucket. */
int64_t pair_bucket_size(const pair_bucket *b);

/* What one thread needs; made once. */
typedef struct pair_worker pair_worker;

status pair_worker_create(pair_worker **w, const loop_settings *settings, int64_t largest_group);
void pair_worker_destroy(pair_worker **w);

/* Make room for buckets of n_pairs. */
status pair_worker_reserve(pair_worker *w, int64_t n_pairs);

/* Bytes of a worker for buckets of n_pairs. */
double pair_worker_bytes(const loop_settings *settings, int64_t largest_group, double n_pairs);

/* Train; returns the loss, nats over all pairs. */
double pair_bucket_train(const pair_bucket *b, pair_worker *w);

#endif
