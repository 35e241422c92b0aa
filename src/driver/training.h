// SPDX-License-Identifier: Apache-2.0
/* What the schedules over windows share: the corpus in memory, tables and replicas, workers. */
#ifndef WORDSHARD_TRAINING_H
#define WORDSHARD_TRAINING_H

#include "comm.h"
#include "corpus_file.h"
#include "estimate.h"
#include "job_shape.h"
#include "kernels.h"
#include "loop.h"
#include "objective.h"
#include "options.h"
#include "placement.h"
#include "pull.h"
#include "ppmi_svd.h"
#include "replicas.h"
#include "run_record.h"
#include "sampler.h"
#include "shared.h"
#include "softmax.h"
#include "stop.h"
#include "window.h"

typedef struct training_rounds training_rounds; /* train_rounds.c */

/* Tokens that a replica holds beyond its part, so that windows at its borders see their contexts.
 */
enum { TRAINING_MARGIN = 65536 };

/* What a local replica trains, as this rank sees it. */
typedef struct {
    shared_block tokens, documents;
    shared_block counter; /* one loop_counter */
    corpus_view view;     /* with a margin around the part that is trained */
    int64_t first, last;  /* positions that this replica trains in an epoch */
} training_replica;

typedef struct {
    const options *o;
    const comm *world;
    job_shape shape;
    estimate memory; /* that this rank needs */
    const kernels *kernel;
    corpus_file corpus;
    const char *corpus_path;
    sampler sampler;
    const objective *objective;
    huffman tree;         /* if the objective has one */
    double learning_rate; /* at the start */
    double init_scale;    /* loop_init_rows */
    replicas replicas;
    training_replica *local; /* [replicas.n_local] */
    /* Rows of the replicas of this rank, which several of them train in turn (changes.h). */
    shared_block in_rows;                 /* [slots + copies, width] float */
    shared_block out_rows;                /* the same; none with --objective softmax */
    shared_block in_touched, out_touched; /* [slots] bytes; only with several replicas */
    /* Rows of words and outputs that every replica holds, and how many more it holds in a span
     * (replication.h). */
    int64_t hot[2], room[2];
    double touched[2];     /* rows that a replica is expected to touch in a span */
    double centres;        /* tokens that the local replicas are expected to keep in a span, */
    double cold_negatives; /* and different negatives of theirs that are not hot */
    placement places[2];   /* several replicas */
    pull *pulls[2];        /* where rows are cut: those of the next span, on their way */
    float *gathered;       /* [rows of this rank, dim] of a snapshot, if rows are cut over ranks */
    loop_settings settings;
    loop_worker **workers;   /* [n_threads]; none with --schedule rounds */
    training_rounds *rounds; /* with --schedule rounds, otherwise NULL */
    int64_t copies[2];       /* rows behind those of words and outputs; only in rounds */
    ppmi_svd start;          /* --init svd: from training_prepare on, to the end with --blend */
    softmax *softmax;        /* with --objective softmax, otherwise NULL */
    float *context;          /* its output rows of this rank (training_rows), [n, width] */
    int64_t bytes_sent;      /* between ranks, of all of them, by merging and fetching rows */
    double expected_bytes;   /* of these, for each token of each epoch */
    int n_threads;
    int64_t n_words, n_outputs;
    size_t width;
    run_record record;
} training;

/* Collective. Open the corpus, check options against it, estimate memory and refuse what cannot
 * fit. Nothing large is allocated yet. */
status training_open(training *t, const options *o, const char *corpus_path, const comm *world);

/* What training_open found out, for --dry-run: a table on stdout, or JSON. Local to rank 0. */
status training_describe(const training *t);

/* Collective. Allocate tables, read this node's part of the corpus, make initial vectors, start the
 * run file. */
status training_prepare(training *t);

static inline bool training_is_rounds(const training *t) {
    return t->o->schedule == SCHEDULE_ROUNDS;
}

/* Full softmax has a schedule and tables of its own. */
static inline bool training_is_softmax(const training *t) {
    return t->o->objective == OBJECTIVE_SOFTMAX;
}

/* Rows that a rank's replica has, without copies: all of them, or slots. side: 0 = of words, 1 = of
 * outputs. */
static inline int64_t training_slots(const training *t, int side) {
    return t->hot[side] + t->room[side];
}

/* Whether rows of a side are cut over the ranks. */
static inline bool training_is_cut(const training *t, int side) {
    return t->replicas.n > 1 && placement_is_cut(&t->places[side]);
}

/* The seed of one kind of draws. */
static inline uint64_t training_seed(const training *t, int64_t own) {
    return (uint64_t)(own >= 0 ? own : t->o->seed);
}

/* Whether training leaves a stretch before its end. Several replicas do so only to stop: what they
 * have changed in it is lost. Local; for the thread that started MPI. */
static inline bool training_interrupts(const training *t) {
    return t->replicas.n > 1 ? stop_asked() : run_record_interrupts(&t->record);
}

/* Let messages go on while others train; for the thread that started MPI. Local. */
static inline void training_move_messages(const training *t) {
    for (int side = 0; side < 2; side++)
        if (t->pulls[side])
            pull_move(t->pulls[side]);
}

/* ---- memory (training_estimate.c); local */

/* Of this rank, with the t->hot and t->room that are set. */
estimate training_estimate(const training *t);

/* Where the rows of a side are. */
placement_shape training_shape(const training *t, int side);

/* ---- tokens and tables (training_tables.c) */

/* Collective. Read this node's part of the corpus. */
status training_tokens_read(training *t);

/* Collective. Rows with their initial values: training_slots and copies, and places. */
status training_tables_create(training *t);
/* Collective. Free rows and tokens. */
void training_tables_free(training *t);

/* ---- rows between ranks and files (training_rows.c); side as in training_slots */

/* The hot rows [begin, end) that this rank of the node sets. Local. */
void training_share_hot(const training *t, int side, int64_t *begin, int64_t *end);
/* Merges start from these rows as they are now. Local. */
void training_copy_hot(const training *t, int side);

/* Collective. The cold rows that this rank owns come from a table, a few at a time. */
status training_rows_fetch(training *t, int side, const rows_table *table);

/* This rank's rows of a table for the run file: "vectors" or that of the outputs. Local. */
run_table training_table(training *t, int side);

/* Collective. All rows of a side from a table of a checkpoint, [rows, width]. */
status training_rows_load(training *t, const checkpoint *c, int side, const char *name);

/* ---- */

/* The order of n visits in an epoch, by --order: shuffled by seed_order, detail tells shuffles
 * apart (Fisher-Yates). Local. */
void training_shuffle(const training *t, int32_t *order, int64_t n, uint64_t detail);

/* Collective. Write the snapshot of epoch (from 1) and its row of /training; prints a line. All
 * replicas must be equal. */
status training_end_epoch(training *t, int epoch, const loop_tally *tally, double rate,
                          double seconds);

/* Collective. After the last epoch: --blend. */
status training_blend(training *t);

/* Collective. Free everything. */
void training_close(training *t);

/* Collective. Train by the hogwild or the rounds schedule (train_hogwild.c). */
status train_hogwild(training *t);

/* Collective. Train by full softmax (train_softmax.c). */
status train_softmax(training *t);

/* What train_softmax will ask softmax_create for. Local. */
softmax_settings train_softmax_settings(const training *t);

/* STATUS_USAGE for options that mean nothing with full softmax. Local. */
status train_softmax_check(const training *t);

#endif
