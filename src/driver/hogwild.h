// SPDX-License-Identifier: Apache-2.0
/* What the hogwild and the rounds schedule are made of (train_hogwild.c), and what of it goes into
 * a checkpoint (hogwild_state.c). */
#ifndef WORDSHARD_HOGWILD_H
#define WORDSHARD_HOGWILD_H

#include "curvature.h"
#include "merge.h"
#include "spans.h"

typedef struct {
    training *t;
    merger *merger;
    row_changes changes[2];  /* of input and output rows */
    bool is_cut;             /* whether rows of any table are */
    int32_t *order;          /* [chunks of the largest local part] or NULL */
    double *rates[2];        /* of input and output rows (objective.h) */
    curvature curvatures[2]; /* made by input and by output rows */
    span now;
    run_position resumed;     /* where the checkpoint is that the run goes on from */
    double rate;              /* learning rate at the end of the present span */
    int64_t merges;           /* so far */
    loop_tally tally, before; /* of this rank, in the present epoch; when the span began */
    double seconds;           /* that the present epoch has taken so far */
    const loop_job *job;      /* in training, for the progress line */
} hogwild;

/* Local. Training a local replica in an epoch, but for the visits. */
loop_job hogwild_job(const hogwild *h, const training_replica *r, int epoch);

/* For run_record: rows as they were after the last merge (one replica: as they are), sums of the
 * epoch, and pools of negatives in the middle of a span of rounds. */
run_state hogwild_state(hogwild *h);

#endif
