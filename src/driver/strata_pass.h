// SPDX-License-Identifier: Apache-2.0
/* One pass over the K x K buckets of strata.h, by the ranks together, for the models that train so:
 * it can be broken off at any bucket, kept in a checkpoint and gone on with on other ranks. All
 * functions are collective and return the same status on every rank unless marked otherwise. */
#ifndef WORDSHARD_STRATA_PASS_H
#define WORDSHARD_STRATA_PASS_H

#include "checkpoint.h"
#include "comm.h"
#include "ring.h"
#include "run_record.h"
#include "strata.h"

/* What it trains. */
typedef struct {
    const run_record *record;
    ring *contexts; /* NULL: all groups are here */
    int n_threads;
    void *context;
    /* As in strata.h. */
    bool (*train)(void *context, int centre, int step, int thread);
    void (*tick)(void *context, int64_t done);
} strata_job;

typedef struct {
    const comm *world;
    int n_groups, first, n; /* K; centre groups of this rank */
    strata_flow *flow;
    int *done;    /* [n] steps of each group that are done */
    double *loss; /* [n, K] of each bucket; the job's */
} strata_pass;

/* Local. */
status strata_pass_create(strata_pass *p, const comm *world, int n_groups);
void strata_pass_clear(strata_pass *p);

/* Local. Back to the first step; losses stay. */
void strata_pass_begin(strata_pass *p);

/* Train what is not done yet, all of it unless run_record_interrupts somewhere. Returns whether all
 * is done; blocks are at home. */
bool strata_pass_run(strata_pass *p, const strata_job *job);

/* The part that is done, in [0, 1]. */
double strata_pass_part(const strata_pass *p);

/* Sum of the losses, first over the steps of each group, then over the groups: in one order,
 * wherever they were trained. */
status strata_pass_loss(const strata_pass *p, double *sum);

/* For run_state: the steps that are done and the losses. */
status strata_pass_save(const strata_pass *p, checkpoint *c);
status strata_pass_load(strata_pass *p, const checkpoint *c);

#endif
