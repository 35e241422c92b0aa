// SPDX-License-Identifier: Apache-2.0
#include "spans.h"

#include <math.h>

enum { DEFAULT_MERGES = 200 };
static const double SHORTEST = 0.1; /* of --merge-every, at the start of the ramp */

static double part_size(const training *t) {
    return (double)t->corpus.n_tokens / t->replicas.n;
}

/* The ramp makes spans as short as SHORTEST, so that there are more by its length times -log of
 * that. */
double span_merge_every(const training *t) {
    if (t->o->merge_every)
        return (double)t->o->merge_every;
    const double spans = DEFAULT_MERGES / (1 - t->o->merge_ramp * log(SHORTEST));
    return part_size(t) * (double)t->o->epochs / spans;
}

/* A chunk of each worker. */
static double shortest(const training *t) {
    return (double)t->settings.chunk * (training_is_rounds(t) ? (double)t->o->workers : 1);
}

static double span_end(const training *t, int epoch, double begin) {
    if (t->replicas.n == 1)
        return 1;
    double done = (epoch + begin) / (double)t->o->epochs, length = span_merge_every(t);
    if (done < t->o->merge_ramp)
        length *= fmax(SHORTEST, done / t->o->merge_ramp);
    const double end = begin + fmax(length, shortest(t)) / part_size(t);
    return end < 1 ? end : 1;
}

span span_from(const training *t, int epoch, double begin) {
    return (span){.epoch = epoch, .begin = begin, .end = span_end(t, epoch, begin)};
}

bool span_next(const training *t, const span *s, span *next) {
    const bool turns = span_ends_epoch(s);
    const int epoch = s->epoch + turns;
    const double begin = turns ? 0 : s->end;
    if (epoch >= t->o->epochs)
        return false;
    *next = span_from(t, epoch, begin);
    return true;
}

double span_tokens(const training *t, const span *s) {
    return (s->end - s->begin) * part_size(t);
}

double span_longest(const training *t) {
    return fmin(fmax(span_merge_every(t), shortest(t)), part_size(t));
}
