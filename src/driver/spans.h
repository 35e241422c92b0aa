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

/* Local. */
span span_first(const training *t);
/* The span after s; false at the end of the run. s and next may be the same. */
bool span_next(const training *t, const span *s, span *next);
static inline bool span_ends_epoch(const span *s) {
    return s->end >= 1;
}

/* Tokens of a replica between two merges after the ramp, --merge-every, before it is made long
 * enough for a chunk of each worker. Local. */
double span_merge_every(const training *t);

/* Tokens of a replica in a span, and in the longest one. */
double span_tokens(const training *t, const span *s);
double span_longest(const training *t);

#endif
