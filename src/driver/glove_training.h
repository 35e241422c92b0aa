// SPDX-License-Identifier: Apache-2.0
/* What the files of train --model glove share (train_glove.c, glove_load.c, glove_tables.c). All
 * functions are collective and return the same status on every rank. */
#ifndef WORDSHARD_GLOVE_TRAINING_H
#define WORDSHARD_GLOVE_TRAINING_H

#include "comm.h"
#include "cooc_size.h"
#include "cooccurrence.h"
#include "glove.h"
#include "job_shape.h"
#include "options.h"
#include "ppmi_svd.h"
#include "ring.h"
#include "run_record.h"
#include "strata_pass.h"

typedef struct {
    const options *o;
    const comm *world;
    job_shape shape_of_job;
    estimate memory; /* that this rank needs */
    const char *path;
    const kernels *kernel;
    int n_threads;
    double learning_rate;
    double init_scale;   /* loop_init_rows */
    cooccurrence counts; /* the matrix until the non-zeros are in their order */
    strata groups;
    int n_groups, first, n; /* K; centre groups of this rank */
    glove_shape shape;
    glove_cells cells;      /* non-zeros of its centre groups */
    size_t *block_bytes;    /* [K] */
    void **centres;         /* [n] blocks */
    ring *contexts;         /* blocks that travel */
    strata_pass pass;       /* over the buckets of the epoch */
    glove_worker **workers; /* [n_threads] */
    glove_loose *loose;     /* [non-zeros] with --order shuffle */
    int shuffles;           /* that these have seen */
    int64_t cell;           /* of these, the next in the epoch */
    double zero_loss;       /* mean loss of vectors of zeros */
    float *table;           /* [words of this rank, dim] of a snapshot, or a state of each */
    int64_t *cuts;          /* [ranks + 1] words whose rows a rank has in table */
    ppmi_svd start;         /* --init svd; to the end with --blend */
    run_record record;
    run_position resumed; /* where a checkpoint was made that this run goes on from */
    int epoch;            /* from 0 */
    double started;       /* when it would have, had it never been interrupted (clock_seconds) */
    double counting_seconds, start_seconds, loading_seconds;
} training_glove;

/* Group the words by their non-zeros, and find how many non-zeros of each tile come to this rank:
 * *counts[n * tiles] is new (mem_free). */
status glove_group(training_glove *t, int64_t **counts);

/* Send every non-zero to the owner of its centre, and free the matrix. */
status glove_load(training_glove *t, const int64_t *counts);

/* A non-zero on its way. */
typedef struct {
    int32_t i, j;
    float x;
} glove_sent;

/* What is sent at a time: the slice, the same sorted, and what comes. */
enum { GLOVE_SENT = 1 << 17, GLOVE_SENDING_BYTES = 3 * GLOVE_SENT * (int)sizeof(glove_sent) };

/* Blocks with start values, workers. */
status glove_create_tables(training_glove *t);
void glove_clear_tables(training_glove *t);

/* This rank's rows of a table: "vectors", "context", "bias" or "context_bias"; t->table holds them
 * when they are fetched. Local. */
run_table glove_table(training_glove *t, const char *name);

/* Rows of `from` become those of table name. */
status glove_put(training_glove *t, const char *name, const rows_table *from);

/* For run_state: all that is known of each word. */
status glove_save_tables(training_glove *t, checkpoint *c);
status glove_load_tables(training_glove *t, const checkpoint *c);

/* ---- memory (glove_estimate.c) */

/* What this rank holds when it holds the most, from the counts on. Local; needs groups only if some
 * are made. */
estimate glove_estimate(const training_glove *t, const cooc_size *size);

/* ---- --init svd (glove_start.c); nothing to do without */

/* The vectors to start from, while the counts are there; only those that --blend needs if the run
 * goes on from a checkpoint. */
status glove_make_start(training_glove *t);

/* Bytes of them that stay. Local. */
double glove_start_bytes(const training_glove *t, const cooc_size *size);

/* Blocks start from them. */
status glove_fill_start(training_glove *t);

/* --blend: /vectors are those of the last epoch, both sides added, and the start. */
status glove_blend(training_glove *t);

#endif
