// SPDX-License-Identifier: Apache-2.0
/* What the schedules over windows share: the corpus in memory, tables and replicas, workers. */
#ifndef WORDSHARD_TRAINING_H
#define WORDSHARD_TRAINING_H

#include "comm.h"
#include "corpus_file.h"
#include "kernels.h"
#include "loop.h"
#include "objective.h"
#include "options.h"
#include "ppmi_svd.h"
#include "replicas.h"
#include "run_record.h"
#include "sampler.h"
#include "shared.h"
#include "softmax.h"
#include "window.h"

typedef struct training_rounds training_rounds; /* train_rounds.c */

/* A replica of the tables and its part of the corpus, as this rank sees it. */
typedef struct {
    shared_block in_rows;                 /* [V + copies, width] float */
    shared_block out_rows;                /* [n_outputs + copies, width]; none with --objective
                                             softmax */
    shared_block in_touched, out_touched; /* [V], [n_outputs] bytes; only with several replicas */
    shared_block tokens, documents;
    shared_block counter; /* the next visit, one _Atomic int64_t */
    corpus_view view;     /* with a margin around the part that is trained */
    int64_t first, last;  /* positions that this replica trains in an epoch */
} training_replica;

typedef struct {
    const options *o;
    const comm *world;
    const kernels *kernel;
    corpus_file corpus;
    const char *corpus_path;
    sampler sampler;
    const objective *objective;
    huffman tree;         /* if the objective has one */
    double learning_rate; /* at the start */
    double init_scale;    /* loop_init_rows */
    replicas replicas;
    training_replica *local;        /* [replicas.n_local] */
    shared_block in_base, out_base; /* rows after the last merge; several replicas */
    loop_settings settings;
    loop_worker **workers;   /* [n_threads]; none with --schedule rounds */
    training_rounds *rounds; /* with --schedule rounds, otherwise NULL */
    int64_t copies[2];       /* rows behind those of words and outputs; only in rounds */
    ppmi_svd start;          /* --init svd: from training_prepare on, to the end with --blend */
    softmax *softmax;        /* with --objective softmax, otherwise NULL */
    float *context;          /* its output rows of this rank (training_rows), [n, width] */
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

/* Of a table of `rows` rows, those that this rank writes, and owns if it is cut over the ranks.
 * Local. */
void training_rows(const training *t, int64_t rows, int64_t *begin, int64_t *n);

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

/* Tokens of a replica between two merges, after the ramp: --merge-every. Local. */
double train_hogwild_merge_every(const training *t);

/* Collective. Train by full softmax (train_softmax.c). */
status train_softmax(training *t);

/* What train_softmax will ask softmax_create for. Local. */
softmax_settings train_softmax_settings(const training *t);

/* STATUS_USAGE for options that mean nothing with full softmax. Local. */
status train_softmax_check(const training *t);

#endif
