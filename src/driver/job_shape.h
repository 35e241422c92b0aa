// SPDX-License-Identifier: Apache-2.0
/* The ranks that a job has: those that run now, or those that `plan` is asked about. Estimates
 * depend on these numbers alone and not on communicators, so that one process can plan for a
 * thousand. */
#ifndef WORDSHARD_JOB_SHAPE_H
#define WORDSHARD_JOB_SHAPE_H

#include <stdbool.h>

#include "comm.h"
#include "estimate.h"
#include "options.h"

typedef struct {
    int ranks, nodes;
    int node_ranks; /* of the fullest node */
    int threads;    /* of a rank */
    int rank;       /* that estimates are for: this one, or the last of those planned, which has the
                       most where ranks cannot have the same */
    bool planned;   /* for `plan`: not of this rank, and not for this machine */
} job_shape;

/* Collective. As launched; with `plan` as planned (--ranks, --nodes). STATUS_USAGE: more nodes than
 * ranks. */
status job_shape_find(job_shape *j, const options *o, const comm *world);

/* Local. Adds what this process holds already: the program, its libraries (whose pages the ranks of
 * a node share) and its counted memory. */
void job_shape_add_process(const job_shape *j, estimate *e);

/* Collective. e: what a rank is going to need. STATUS_SPACE, with the numbers, if it is more than
 * --memory, or the ranks of a node together need more than the node has: what is free on this one,
 * or --node-memory of a planned job. advice: what may help. */
status job_shape_check(const job_shape *j, const options *o, const comm *world, const estimate *e,
                       const char *advice);

#endif
