// SPDX-License-Identifier: Apache-2.0
/* What every model writes while it trains: the run file with its snapshots, the table of epochs,
 * progress, provenance, and checkpoints from which the same command goes on. Functions are
 * collective over the ranks that opened it, and return the same status on all of them, unless
 * marked otherwise.
 *
 *     run_record_open; if (run_record_resumes) run_record_resume
 *     train until the epoch ends or run_record_interrupts: then run_record_pause tells what to do,
 *         and run_record_save keeps the state
 *     run_record_end_epoch ...
 *     run_record_commit, or after any failure (a stop is one) run_record_abandon */
#ifndef WORDSHARD_RUN_RECORD_H
#define WORDSHARD_RUN_RECORD_H

#include "checkpoint_folder.h"
#include "comm.h"
#include "options.h"
#include "progress.h"
#include "run_file.h"
#include "run_table.h"
#include "sessions.h"

/* What is known before the first epoch. Strings and words must outlive the record. */
typedef struct {
    const options *o;
    const comm *world;
    const wordlist *words;
    const char *input, *input_hash; /* the corpus or the counts, and their content hash */
    const char *isa;                /* name of the kernels */
    int n_epochs;
    double learning_rate;   /* NaN if there is none */
    double init_scale;      /* of loop_init_rows */
    const char *remedy;     /* against divergence, beside a lower learning rate; "" = none */
    progress_unit unit;     /* what progress counts */
    double work;            /* of the whole run, in that unit */
    int64_t snapshot_bytes; /* of the tables of an epoch */
    bool own_start; /* the vectors do not start as loop_init_rows makes them; then the first update
                       norm is not known */
} run_plan;

enum { RUN_MOST_TABLES = 8, RUN_TABLE_NAME = 16 };

/* Where a run is. */
typedef struct {
    int epoch;   /* from 0, in training */
    double part; /* of it that is trained, in [0, 1) */
} run_position;

/* What a schedule keeps of itself, and finds again. */
typedef struct {
    /* Collective. Write all that the next step depends on; it changes nothing. */
    status (*save)(void *context, checkpoint *c);
    /* Collective. Make it so again. */
    status (*load)(void *context, const checkpoint *c);
    void *context;
} run_state;

/* In falling order of haste it is the greatest that counts. */
typedef enum { RUN_GOES_ON, RUN_SAVES, RUN_STOPS } run_pause;

typedef struct {
    run_plan plan;
    h5_file *file;                                /* the run being written; NULL before and after */
    run_epoch *epochs;                            /* [n_epochs] */
    int n_done;                                   /* epochs whose snapshot is written */
    char tables[RUN_MOST_TABLES][RUN_TABLE_NAME]; /* of a snapshot */
    bool own_final[RUN_MOST_TABLES]; /* the final table is not that of the last snapshot */
    int n_tables;
    progress progress;
    checkpoint_folder folder;
    checkpoint found; /* file: the checkpoint to go on from, until run_record_resume */
    sessions sessions;
    int n_saved;      /* epochs whose snapshots are in the folder */
    double due, cost; /* when rank 0 wants the next checkpoint (clock_seconds); seconds that the
                         last one took */
} run_record;

/* Start the run file with words and provenance. Callers may add to file. If the folder of
 * checkpoints has a whole one it is the one to go on from (run_record_resumes); its snapshots are
 * in the run file already. STATUS_USAGE with the list, if it was made with options that would alter
 * the result.
 */
status run_record_open(run_record *r, const run_plan *plan);

/* Local. Whether there is a checkpoint to go on from. */
bool run_record_resumes(const run_record *r);

/* Go on from it: *at is where it was made, set before state->load restores the rest. */
status run_record_resume(run_record *r, run_position *at, const run_state *state);

/* Local, cheap, only the thread that started MPI: whether training should come to a pause as soon
 * as it can. Not the same on every rank. */
bool run_record_interrupts(const run_record *r);

/* What to do at this pause; the same on every rank. */
run_pause run_record_pause(const run_record *r);

/* Write a checkpoint of the state as it was at a position. A full disk is a warning, if the run
 * goes on. STATUS_STOPPED if why is RUN_STOPS and it is written. */
status run_record_save(run_record *r, run_pause why, const run_position *at,
                       const run_state *state);

/* Write the row of /training of an epoch (from 1), the same on every rank but for update_norm,
 * which is found here, and its snapshot if --snapshots wants one; prints a line. tables[0] is
 * "vectors". STATUS_DIVERGED if the loss is not finite; nothing is written then. */
status run_record_end_epoch(run_record *r, int epoch, const run_epoch *values,
                            const run_table *tables, int n_tables);

/* After the last epoch: a final table that differs from the last snapshot's of that name. */
status run_record_write_final(run_record *r, const run_table *table);

/* Local. Leave the last snapshot's table of that name out of the final ones. */
void run_record_drop_final(run_record *r, const char *name);

/* Finish the run file and give it its name; the checkpoints go. */
status run_record_commit(run_record *r);

/* After a failure: the run file goes, unless training diverged and it holds a good snapshot; then
 * it stays as OUTPUT.partial, and the returned status (made from why) says so. Checkpoints stay. */
status run_record_abandon(run_record *r, status why);

/* Local. Wall clock of all epochs. */
double run_record_seconds(const run_record *r);

/* Local, on rank 0. The run as a table on stdout; words: of the corpus passed in all epochs. */
void run_record_print(const run_record *r, double words);

/* Local. Free everything; after commit or abandon. */
void run_record_close(run_record *r);

#endif
