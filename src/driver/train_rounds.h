// SPDX-License-Identifier: Apache-2.0
/* The rounds schedule (rounds.h) over the ranks and threads of a node: for each stretch between two
 * merges of replicas it takes the place of hogwild's loop. */
#ifndef WORDSHARD_TRAIN_ROUNDS_H
#define WORDSHARD_TRAIN_ROUNDS_H

#include "training.h"

/* STATUS_USAGE for options that mean nothing with this schedule, or with every other. Local. */
status train_rounds_check(const training *t);

/* Tokens of a worker in a round: --round, less for a small corpus. Local. */
int64_t train_rounds_words(const training *t);

/* Bytes of a rank beyond what hogwild takes. Local. */
double train_rounds_bytes(const training *t);

/* Collective. Workers, and the memory that ranks of a replica share; t->copies says how many rows
 * the tables need behind their own. */
status train_rounds_create(training *t);
void train_rounds_destroy(training *t);

/* Collective over the ranks of the replica. Train part [begin, end) of the epoch of job, in [0, 1],
 * of a local replica. */
void train_rounds_stretch(training *t, const loop_job *job, int replica, double begin, double end,
                          loop_tally *tally);

/* Local, when all ranks of the replica are back from it: where the stretch ended; `end` itself
 * unless it was interrupted. */
double train_rounds_reached(const training *t, const loop_job *job, double end);

/* Collective over the ranks of the replica. Mark the rows that this stretch would touch: words and
 * outputs. */
void train_rounds_foresee(training *t, const loop_job *job, double begin, double end,
                          uint8_t *const wanted[2]);

/* Collective. What was lost since the last call, on rank 0, 0 on others: summed in a fixed order.
 */
status train_rounds_take_loss(training *t, double *loss);

/* Local. What was lost from here on can be forgotten. */
void train_rounds_begin_span(training *t);
void train_rounds_forget(training *t);

/* Collective. Losses of the epoch so far and, with one replica, the pools. */
status train_rounds_save(const training *t, checkpoint *c);
/* Local. job: of the epoch, that goes on at `part`. */
status train_rounds_load(training *t, const checkpoint *c, const loop_job *job, double part);

#endif
