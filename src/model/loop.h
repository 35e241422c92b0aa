// SPDX-License-Identifier: Apache-2.0
/* The loop that every model over windows shares: workers (threads, ranks of a node) take chunks of
 * the corpus from one counter and update shared rows in place without locks (Hogwild: Niu et al.
 * 2011). What happens in a chunk is the objective's (objective.h). Draws depend on (seed, epoch,
 * position) alone. */
#ifndef WORDSHARD_LOOP_H
#define WORDSHARD_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "huffman.h"
#include "kernels.h"
#include "sampler.h"
#include "window.h"

typedef struct objective objective;

typedef struct {
    int window, negative, pool, pool_reuse;
    bool cbow_sum; /* CBOW predicts from the sum of the contexts, otherwise from their mean */
    int64_t dim;
    int64_t chunk; /* tokens */
} loop_settings;

/* What one thread needs besides the rows; made once. */
typedef struct loop_worker loop_worker;

/* tree: NULL unless the objective has one. foreseen: the objective if rows have places of their own
 * (places.h), which it must foresee; otherwise NULL. */
status loop_worker_create(loop_worker **w, const loop_settings *settings, const huffman *tree,
                          const objective *foreseen);
void loop_worker_destroy(loop_worker **w);

/* Bytes of a worker, without the outputs that it foresees. */
double loop_worker_bytes(const loop_settings *settings);

/* The visits of an epoch, shared by all workers of the same rows. */
typedef struct {
    _Atomic int64_t next;    /* to be taken */
    _Atomic int64_t reached; /* visits taken when a tick ended the stretch before its end; otherwise
                                LOOP_TO_THE_END */
} loop_counter;

#define LOOP_TO_THE_END INT64_C(-1)

/* A stretch of one epoch. */
typedef struct {
    const objective *objective;
    const loop_settings *settings;
    const kernels *kernel;
    const sampler *sampler;
    const huffman *tree; /* NULL unless the objective has one */
    const corpus_view *view;
    float *in, *out; /* rows of row_width(dim): [V] of words and [objective_outputs] of outputs */
    const int32_t *slots[2]; /* [V], [objective_outputs] which rows of in and out are those of words
                                and outputs; NULL = those of their number */
    uint8_t *in_touched, *out_touched; /* a byte for each row of in and out, set to 1 when it
                                          changes; NULL if nobody asks */

    int64_t first, last;  /* positions of the part that is trained, cut in chunks */
    const int32_t *order; /* [number of chunks] chunk of each visit; NULL = in order */
    int64_t visit_end;    /* visits [counter->next, visit_end) */
    loop_counter *counter;

    uint64_t seed;
    int epoch;               /* from 0 */
    double rate, rate_floor; /* learning rate at the start of the run, and its minimum */
    double progress_begin, progress_end; /* part of the run that is done before and after all visits
                                            of the epoch: the rate falls linearly with it */
} loop_job;

/* Sums over what a process has trained. */
typedef struct {
    double loss;           /* nats, over all pairs */
    int64_t pairs, tokens; /* pair: a centre and one context (skip-gram) or all of them (CBOW) */
} loop_tally;

/* Number of chunks of [first, last). */
int64_t loop_chunks(const loop_job *job);

/* Learning rate at a part in [0, 1] of the epoch, and at a visit. */
double loop_rate_at(const loop_job *job, double part);
double loop_rate(const loop_job *job, int64_t visit);

/* By one of the processes, before a stretch: visits begin at `visit`. */
void loop_begin(loop_counter *c, int64_t visit);

/* Train with n_threads OpenMP threads until the counter reaches visit_end; adds to *tally. tick
 * (may be NULL) is called by thread 0 after each of its chunks with its own sums so far; if it
 * returns true, the workers of all processes take no more visits. */
void loop_run(const loop_job *job, loop_worker *const *workers, int n_threads, loop_tally *tally,
              bool (*tick)(void *context, const loop_tally *mine), void *context);

/* Mark the words and outputs whose rows loop_run would touch, with a 1 in wanted[0][V] and
 * wanted[1][objective_outputs] (either may be NULL); moves the counter as loop_run does. Workers
 * must foresee. */
void loop_foresee(const loop_job *job, loop_worker *const *workers, int n_threads,
                  uint8_t *const wanted[2]);

/* Initial vectors: uniform in [-scale/2, scale/2) / dim, a function of (seed, hash of the word's
 * bytes, column). Rows [begin, end) of a [V, row_width(dim)] table. */
void loop_init_rows(float *rows, int64_t begin, int64_t end, int64_t dim, const uint64_t *hashes,
                    uint64_t seed, double scale);

#endif
