// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with negative sampling over shared rows: workers (threads, ranks of a node) take chunks
 * from one counter and update rows in place without locks (Hogwild: Niu et al. 2011).
 *
 * Each window trains its contexts against the centre and `negative` words picked from a pool that
 * belongs to the chunk: a few negatives drawn by frequency, of which one is replaced after every
 * pool_reuse picks. Draws depend on (seed, epoch, position) alone. */
#ifndef WORDSHARD_SKIPGRAM_H
#define WORDSHARD_SKIPGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"
#include "sampler.h"
#include "window.h"

typedef struct {
    int window, negative, pool, pool_reuse;
    int64_t dim;
    int64_t chunk; /* tokens */
} skipgram_settings;

/* What one thread needs besides the rows; made once. */
typedef struct skipgram_worker skipgram_worker;

status skipgram_worker_create(skipgram_worker **w, const skipgram_settings *settings);
void skipgram_worker_destroy(skipgram_worker **w);

/* A stretch of one epoch. */
typedef struct {
    const skipgram_settings *settings;
    const kernels *kernel;
    const sampler *sampler;
    const corpus_view *view;
    float *in, *out;                   /* rows [V, row_width(dim)] of words and of contexts */
    uint8_t *in_touched, *out_touched; /* [V] set to 1 when a row changes; NULL if nobody asks */

    int64_t first, last;   /* positions of the part that is trained, cut in chunks */
    const int32_t *order;  /* [number of chunks] chunk of each visit; NULL = in order */
    int64_t visit_end;     /* visits [*next, visit_end) */
    _Atomic int64_t *next; /* shared by all workers of these rows */

    uint64_t seed;
    int epoch;               /* from 0 */
    double rate, rate_floor; /* learning rate at the start of the run, and its minimum */
    double progress_begin, progress_end; /* part of the run that is done before and after all visits
                                            of the epoch: the rate falls linearly with it */
} skipgram_job;

/* Sums over what a process has trained. */
typedef struct {
    double loss; /* nats, over all pairs and their negatives */
    int64_t pairs, tokens;
} skipgram_tally;

/* Number of chunks of [first, last). */
int64_t skipgram_chunks(const skipgram_job *job);

/* Learning rate at a visit of the epoch. */
double skipgram_rate(const skipgram_job *job, int64_t visit);

/* Train with n_threads OpenMP threads until the counter reaches visit_end; adds to *tally. tick
 * (may be NULL) is called by thread 0 after each of its chunks with its own sums so far. */
void skipgram_run(const skipgram_job *job, skipgram_worker *const *workers, int n_threads,
                  skipgram_tally *tally, void (*tick)(void *context, const skipgram_tally *mine),
                  void *context);

/* Initial vectors, as word2vec.c scales them: uniform in [-.5, .5) / dim, a function of (seed, hash
 * of the word's bytes, column). Rows [begin, end) of a [V, row_width(dim)] table. */
void skipgram_init_rows(float *rows, int64_t begin, int64_t end, int64_t dim,
                        const uint64_t *hashes, uint64_t seed);

#endif
