// SPDX-License-Identifier: Apache-2.0
/* Training by strata: the vocabulary is cut into K groups, and bucket (a, b) holds the pairs whose
 * centre is in group a and whose context is in group b. Step s trains the K buckets (a, a + s mod
 * K), which share no row; an epoch is K steps. Bucket (a, s) waits for (a, s - 1), which changed
 * its centre rows, and for (a + 1, s - 1), which changed its context rows: every row sees its
 * buckets in one order, whatever the threads and processes. Nothing here knows what a bucket
 * trains.
 *
 * An epoch can be broken off at any moment and go on later: a bucket that was left out makes all
 * that wait for it be left out too, so that the buckets that are done are the first ones of each
 * group, and the others find every row as they would have. */
#ifndef WORDSHARD_STRATA_H
#define WORDSHARD_STRATA_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

/* Words and their groups. A group's rows have two orders: by id, so that frequent contexts stand
 * together, and shuffled, in which centres are visited. */
typedef struct {
    int n_groups; /* K */
    int64_t n_words;
    int64_t *first;          /* [K + 1] place of a group's first word below */
    int32_t *by_id;          /* [V] words group by group, rising within a group */
    int32_t *by_chance;      /* [V] words group by group, shuffled within a group */
    int32_t *group;          /* [V] of a word */
    int32_t *place, *chance; /* [V] place of a word in its group, in either order */
} strata;

/* The heaviest word goes to the lightest group, and so on (Graham 1969); equal ones by id. key: of
 * random.h, for the shuffle. A function of (weights, K, key) alone. */
status strata_create(strata *s, int64_t n_words, int n_groups, const int64_t *weights,
                     uint64_t key);
void strata_clear(strata *s);

/* Make other groups of the words, by chance: of K words that follow one another by id each goes to
 * another group. Where ids fall with frequency, the groups stay about equally heavy. Sizes are the
 * same for every key: V / K, and one more for the first V mod K. Orders follow. */
void strata_deal(strata *s, uint64_t key);

static inline int64_t strata_size(const strata *s, int g) {
    return s->first[g + 1] - s->first[g];
}

/* Steps of an epoch: all of them, and those before the first that was left out. */
typedef struct {
    int all, whole;
} strata_steps;

/* One epoch as this process sees it. */
typedef struct {
    int n_groups; /* K = steps of an epoch */
    int first, n; /* centre groups of this process */
    int n_threads;
    int *done; /* [n] steps of each that are done: before, and when strata_run returns */
    void *context;
    /* Train a bucket; false if it broke off in the middle, to go on with it later. */
    bool (*train)(void *context, int centre, int step, int thread);
    /* Called by thread 0 alone (which is the thread that called), between its buckets and while it
     * waits; finished: steps that are behind the first group. Moves context groups on, and returns
     * the steps for which the last group's contexts are here, and of them those whose contexts no
     * group left out. NULL: all groups are here. */
    strata_steps (*move)(void *context, strata_steps finished);
    /* Called as move is: whether to break the epoch off, that is, to begin no bucket any more. May
     * be NULL. */
    bool (*halts)(void *context);
    /* Called by thread 0 after its buckets: done of the n K buckets are done. May be NULL. */
    void (*tick)(void *context, int64_t done);
} strata_epoch;

typedef struct strata_flow strata_flow;

/* n: centre groups of this process. */
status strata_flow_create(strata_flow **f, int n);
void strata_flow_destroy(strata_flow **f);

/* Train the buckets of this process, all of them unless the epoch is broken off, here or elsewhere.
 */
void strata_run(strata_flow *f, const strata_epoch *e);

#endif
