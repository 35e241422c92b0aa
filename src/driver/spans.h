// SPDX-License-Identifier: Apache-2.0
/* The spans that a run is cut into: replicas are merged at the end of each. They depend on the
 * options and the corpus alone, never on ranks or threads. With one replica a span is an epoch. */
#ifndef WORDSHARD_SPANS_H
#define WORDSHARD_SPANS_H

#include "training.h"

typedef struct {
    int epoch;         /* from 0 */
    double begin, end; /* parts of the epoch, in [0, 1] */
} span;

/* Local, as all here. The span after s; false at the end of the run. s and next may be the same. */
bool span_next(const training *t, const span *s, span *next);
static inline bool span_ends_epoch(const span *s) {
    return s->end >= 1;
}

/* The span that begins at a part of an epoch; the first at 0 of epoch 0. */
span span_from(const training *t, int epoch, double begin);

/* Which of n pieces of an epoch, of equal size, begins at a part of it: k at the part k / n. */
static inline int64_t span_place(double part, int64_t n) {
    static const double rounding = 1e-3;
    return (int64_t)(part * (double)n + rounding);
}

/* Tokens of a replica between two merges after the ramp, --merge-every, before it is made long
 * enough for a chunk of each worker. Local. */
double span_merge_every(const training *t);

/* Tokens of a replica in a span, and in the longest one. */
double span_tokens(const training *t, const span *s);
double span_longest(const training *t);

#endif
