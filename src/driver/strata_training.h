// SPDX-License-Identifier: Apache-2.0
/* What the files of train --schedule strata share (train_strata.c, strata_episode.c,
 * strata_tables.c). All functions are collective and return the same status on every rank unless
 * marked otherwise. */
#ifndef WORDSHARD_STRATA_TRAINING_H
#define WORDSHARD_STRATA_TRAINING_H

#include "comm.h"
#include "corpus_file.h"
#include "job_shape.h"
#include "options.h"
#include "pair_bucket.h"
#include "ppmi_svd.h"
#include "ring.h"
#include "run_record.h"
#include "strata_pass.h"

/* The pairs of an episode. */
typedef struct {
    int32_t *tokens; /* this rank's stretch of the corpus and a margin */
    int64_t *documents;
    size_t tokens_room, documents_room;
    corpus_view view;
    pair_sorter *sorter;
    int64_t *starts;  /* [K * K + 1] of the pairs drawn here */
    word_pair *drawn; /* by bucket */
    size_t drawn_room;
    /* What other ranks sent, theirs first that have the lower rank; unused on one rank. */
    word_pair *received;
    int64_t *sizes, *their_sizes;      /* [K * K] of the buckets drawn here, [ranks, n, K] */
    int64_t *offsets;                  /* [ranks, n * K + 1] of each bucket in received */
    size_t received_room, sizes_room;  /* bytes */
    int64_t *send_bytes, *their_bytes; /* [ranks] */
    int64_t n_pairs;                   /* drawn here */
} strata_episode;

typedef struct {
    const options *o;
    const comm *world;
    job_shape shape;
    estimate memory; /* that this rank needs */
    const char *path;
    const kernels *kernel;
    int n_threads;
    double learning_rate; /* at the start */
    double init_scale;    /* loop_init_rows */
    corpus_file corpus;
    int64_t n_words;
    size_t width;
    loop_settings settings;
    sampler sampler;
    strata in_groups;       /* throughout */
    strata out_groups;      /* of the present episode */
    int n_groups, first, n; /* K; input groups of this rank */
    int64_t largest;        /* words of a group */
    sampler *negatives;     /* [K] over the words of an output group, by place */
    double turns;           /* pair_bucket */
    float **inputs;         /* [n] rows of the input groups: /vectors */
    /* Rows of the output groups: /context. On one rank they are by id and never move. */
    float *alone;
    ring *outputs;         /* on several: group by group */
    int64_t *cuts;         /* [ranks + 1] words whose rows a rank has in table */
    strata_pass pass;      /* over the buckets of the present episode; losses of the epoch */
    pair_worker **workers; /* [n_threads] */
    float *table;          /* [words of this rank, dim] of a snapshot */
    strata_episode now;
    ppmi_svd start; /* --init svd; to the end with --blend */
    run_record record;
    run_position resumed; /* where a checkpoint was made that this run goes on from */
    int epoch, episode;   /* from 0 */
    int64_t pairs;        /* drawn here in the episodes of this epoch that are done */
    double started; /* when the epoch would have, had it never been interrupted (clock_seconds) */
} training_strata;

/* Only this rank: no row moves. Local. */
static inline bool strata_is_alone(const training_strata *t) {
    return t->shape.ranks == 1;
}

/* Number of the present episode in the run. Local. */
static inline uint64_t strata_episode_number(const training_strata *t) {
    return (uint64_t)t->epoch * (uint64_t)t->o->episodes + (uint64_t)t->episode;
}

/* The seeds of the three kinds of draws. Local. */
uint64_t strata_seed(const training_strata *t, int64_t own);

/* ---- episodes (strata_episode.c) */

status strata_episode_create(training_strata *t);
void strata_episode_clear(training_strata *t);

/* What an episode takes on this rank, by the pairs to expect. Local. */
void strata_episode_estimate(const training_strata *t, estimate *e);

/* Draw the pairs of t->episode of t->epoch and bring them to the owners of their input groups. */
status strata_episode_draw(training_strata *t);

/* The pairs of a bucket of this rank. Local. */
void strata_episode_bucket(const training_strata *t, int input, int output, pair_bucket *b);

/* ---- tables (strata_tables.c) */

/* Groups of words. STATUS_USAGE if a group would have no negatives. */
status strata_tables_group(training_strata *t);

/* Make the output groups of t->episode of t->epoch: other words meet as negatives, as those of one
 * group alone never learn how they stand to the words of the others. */
status strata_tables_deal(training_strata *t);

/* The rows of an output group in a step of an input group of this rank, as pair_bucket wants them.
 * Local. */
void strata_tables_outputs(const training_strata *t, int input, int step, pair_bucket *b);

/* Blocks, workers. */
status strata_tables_create(training_strata *t);
/* Start values of the blocks. */
status strata_tables_fill(training_strata *t);
void strata_tables_clear(training_strata *t);

/* What these take on this rank while a snapshot is written. Local. */
void strata_tables_estimate(const training_strata *t, estimate *e);

/* For run_table: t->table becomes this rank's rows of table name, by id; t is the context. */
status strata_tables_fetch(void *t, const char *name, const float **data);

/* This rank's rows of table name, by id, from strata_tables_fetch. Local. */
run_table strata_tables_table(training_strata *t, const char *name);

/* Both tables, for run_state. t->epoch and t->episode tell how outputs are grouped. */
status strata_tables_save(training_strata *t, checkpoint *c);
status strata_tables_load(training_strata *t, const checkpoint *c);

/* --blend, after the last epoch. */
status strata_tables_blend(training_strata *t);

#endif
