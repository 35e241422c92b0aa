// SPDX-License-Identifier: Apache-2.0
/* Training in rounds: the same bits on any number of threads and processes.
 *
 * A number of logical workers, each with a fixed part of the corpus and a pool of negatives of its
 * own, train the same number of words in each round. Before a round every worker draws its words
 * and negatives and marks the rows that it will touch. A row that one worker touches is trained in
 * place; of a row that several touch each has a copy, and after the round the copies are folded
 * into the row in the order of the workers (kernels.h, fold). So a round's result does not depend
 * on who trains which worker, or when; it depends on the workers, the words of a round and the
 * instruction set. The same loops as in hogwild train a chunk; places of rows are looked up once
 * (loop_internal.h).
 *
 * Two phases a round, each ended by a gate: train, and draw the next round; fold, and place the
 * next round's copies. */
#ifndef WORDSHARD_ROUNDS_H
#define WORDSHARD_ROUNDS_H

#include "loop.h"

enum { ROUNDS_MOST_WORKERS = 64 };

typedef struct {
    const objective *objective;    /* one that foresees its outputs */
    const loop_settings *settings; /* chunk: tokens of a worker in a round */
    const huffman *tree;           /* NULL unless the objective has one */
    int64_t n_words, n_outputs;    /* rows of the tables: words and outputs, or slots (loop_job) */
    int workers;                   /* 1..ROUNDS_MOST_WORKERS */
    int first_thread, n_threads, all_threads; /* this process's among those of all processes that
                                                 share the tables; the same order in all */
} rounds_shape;

typedef struct rounds rounds;

/* Rows for copies that the tables need behind their own: inputs, outputs. */
void rounds_copies(const rounds_shape *shape, int64_t copies[2]);

/* Bytes of the memory that all processes share. */
size_t rounds_shared_bytes(const rounds_shape *shape);
/* Bytes of a process with so many of the workers, about. */
double rounds_own_bytes(const rounds_shape *shape, int workers);

/* By one process: make shared memory ready, zeros before; and clear it, when all are done. */
void rounds_start(void *shared);
void rounds_stop(void *shared);

/* By each process, after rounds_start. shape's pointers must outlive it. STATUS_SPACE if memory
 * does not suffice. Not collective. */
status rounds_create(rounds **r, const rounds_shape *shape, void *shared);
void rounds_destroy(rounds **r);

/* Rounds in an epoch over the tokens [first, last). */
int64_t rounds_in_epoch(int64_t first, int64_t last, int workers, int64_t chunk);

/* Collective over all threads of all processes: train the rounds [begin, end) of the epoch. Pools
 * of negatives are filled anew at the first, unless the last call stopped early there, or
 * rounds_restore came before. in and out of the job have room for the copies; order, counter and
 * visit_end have no meaning. Adds what worker k of this process lost to losses[k], and pairs and
 * tokens to *tally. tick (may be NULL) is called by thread 0 after each round, with the sums of its
 * first worker, of which the loss begins at losses[k]; if it returns true, all processes stop
 * together, a few rounds later at most. */
void rounds_run(rounds *r, const loop_job *job, int64_t begin, int64_t end, double *losses,
                loop_tally *tally,
                bool (*tick)(void *context, int64_t round, const loop_tally *mine), void *context);

/* The round before which the last call stopped, once all processes have returned from it. Local. */
int64_t rounds_reached(const rounds *r);

/* Where the pools of this process's workers are, into places[2, workers] of all workers, beside
 * zeros for those of other processes; and back, from those of all, before the round `begin` of the
 * epoch of the job. An epoch must have begun in the first call of rounds_run. Local. */
void rounds_places(const rounds *r, int64_t *places);
void rounds_restore(rounds *r, const loop_job *job, int64_t begin, const int64_t *places);

/* Workers [*first, *first + *n) are those of this process. Local. */
void rounds_workers(const rounds *r, int *first, int *n);

/* By the threads of each process for their workers: mark the words and outputs whose rows
 * rounds_run would touch in the rounds [begin, end), as loop_foresee does. */
void rounds_foresee(rounds *r, const loop_job *job, int64_t begin, int64_t end,
                    uint8_t *const wanted[2]);

#endif
