// SPDX-License-Identifier: Apache-2.0
/* What every model writes while it trains: the run file with its snapshots, the table of epochs,
 * progress and provenance. Functions are collective over the ranks that opened it unless marked
 * otherwise. */
#ifndef WORDSHARD_RUN_RECORD_H
#define WORDSHARD_RUN_RECORD_H

#include "comm.h"
#include "options.h"
#include "progress.h"
#include "run_file.h"

/* What is known before the first epoch. Strings and words must outlive the record. */
typedef struct {
    const options *o;
    const comm *world;
    const wordlist *words;
    const char *input, *input_hash; /* the corpus or the counts, and their content hash */
    const char *isa;                /* name of the kernels */
    int n_epochs;
    double learning_rate; /* NaN if there is none */
    double init_scale;    /* of loop_init_rows */
    const char *remedy;   /* against divergence, beside a lower learning rate; "" = none */
    progress_unit unit;   /* what progress counts */
    double work;          /* of the whole run, in that unit */
    bool own_start; /* the vectors do not start as loop_init_rows makes them; then the first update
                       norm is not known */
} run_plan;

enum { RUN_MOST_TABLES = 8, RUN_TABLE_NAME = 16 };

typedef struct {
    run_plan plan;
    h5_file *file;                                /* the run being written; NULL before and after */
    run_epoch *epochs;                            /* [n_epochs] */
    int n_done;                                   /* epochs whose snapshot is written */
    char tables[RUN_MOST_TABLES][RUN_TABLE_NAME]; /* of a snapshot */
    bool own_final[RUN_MOST_TABLES]; /* the final table is not that of the last snapshot */
    int n_tables;
    progress progress;
} run_record;

/* A table of a snapshot: the rows [begin, begin + n) of this rank, stride floats apart. The ranks'
 * rows tile [0, rows). */
typedef struct {
    const char *name;      /* "vectors", "context", "nodes", "bias", "context_bias" */
    int64_t rows, columns; /* columns 0: one number a row, float32 [rows] */
    int64_t begin, n;
    const float *data;
    size_t stride;
    /* Not NULL: where data comes from just before it is needed, and only if it is. Collective; the
     * next table may use the same memory. */
    status (*fetch)(void *context, const char *name, const float **data);
    void *context;
} run_table;

/* Start the run file with words and provenance. Callers may add to file. */
status run_record_open(run_record *r, const run_plan *plan);

/* Write the row of /training of an epoch (from 1), the same on every rank but for update_norm,
 * which is found here, and its snapshot if --snapshots wants one; prints a line. tables[0] is
 * "vectors". STATUS_DIVERGED if the loss is not finite; nothing is written then. */
status run_record_end_epoch(run_record *r, int epoch, const run_epoch *values,
                            const run_table *tables, int n_tables);

/* After the last epoch: a final table that differs from the last snapshot's of that name. */
status run_record_write_final(run_record *r, const run_table *table);

/* Local. Leave the last snapshot's table of that name out of the final ones. */
void run_record_drop_final(run_record *r, const char *name);

/* Finish the run file and give it its name. */
status run_record_commit(run_record *r);

/* After a failure: the run file goes, unless training diverged and it holds a good snapshot; then
 * it stays as OUTPUT.partial, and the returned status (made from why) says so. */
status run_record_abandon(run_record *r, status why);

/* Local. Wall clock of all epochs. */
double run_record_seconds(const run_record *r);

/* Local, on rank 0. The run as a table on stdout; words: of the corpus passed in all epochs. */
void run_record_print(const run_record *r, double words);

/* Local. Free everything; after commit or abandon. */
void run_record_close(run_record *r);

#endif
