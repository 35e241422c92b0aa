// SPDX-License-Identifier: Apache-2.0
/* The pairs of skip-gram for the strata schedule: drawn from a stretch of the corpus, the same ones
 * as the hogwild schedule trains, and sorted into K x K buckets by (group of the context, which is
 * the input, group of the centre, which is the output); inputs and outputs have groups of their
 * own. Within a bucket pairs stay in the order of the corpus, whatever the threads. */
#ifndef WORDSHARD_PAIRS_H
#define WORDSHARD_PAIRS_H

#include <stdint.h>

#include "sampler.h"
#include "strata.h"
#include "window.h"

/* Words as places in their groups (strata.place). */
typedef struct {
    int32_t in, out;
    uint32_t window; /* where the centre is: its position less the job's origin, modulo 2^32 */
} word_pair;

typedef struct {
    const corpus_view *view;
    const sampler *sampler;
    const strata *inputs, *outputs;
    uint64_t token_key; /* random_key of RANDOM_TOKEN */
    int64_t begin, end; /* positions of the centres */
    int64_t origin;
} pair_job;

typedef struct pair_sorter pair_sorter;

status pair_sorter_create(pair_sorter **p, int n_groups, int n_threads, int window);
void pair_sorter_destroy(pair_sorter **p);

/* Bytes that pair_sorter_create takes. */
double pair_sorter_bytes(int n_groups, int n_threads, int window);

/* Count the pairs of the job: starts[K * K + 1] becomes the place of the first pair of each bucket
 * (a, b), by a, then b. Two passes over the same draws take less time and memory than keeping what
 * was drawn. */
void pair_sorter_count(pair_sorter *p, const pair_job *job, int64_t *starts);

/* After pair_sorter_count of the same job: write the pairs[starts[K * K]]. */
void pair_sorter_fill(pair_sorter *p, const pair_job *job, word_pair *pairs);

#endif
