// SPDX-License-Identifier: Apache-2.0
/* A study: what is in study.yaml, expanded to runs, and the rooms that make it.
 *
 *     FOLDER/corpora/   corpora prepared from text, shuffled controls, counts that runs share
 *     FOLDER/runs/      INPUT-SETTING-VARIANT.h5 with its log; checkpoints until it is complete
 *     FOLDER/results/   stability, drift and what they printed; report.html is in FOLDER
 *
 * A run is named by what it is, so that two sources of noise which need the same run share it. */
#ifndef WORDSHARD_STUDY_H
#define WORDSHARD_STUDY_H

#include "comm.h"
#include "options.h"
#include "study_file.h"

/* A corpus: one of the file, or a period of a shuffled control. */
typedef struct {
    char *name, *path;
    int corpus;      /* in the file */
    int64_t control; /* number of the control, which is its seed, from 1; 0 = the corpus itself */
    char *set;       /* of a control, what drift calls it: I, or I-A+B where not all are shuffled */
    int *periods;    /* [n_periods] of a control: corpora whose documents are shuffled, in order */
    int n_periods;
    bool is_prepared;  /* the study does not write it */
    string_list files; /* [n] what it is made of */
    double tokens;     /* once it is there */
    char hash[33];
} study_input;

/* A model with its options, and a point of the grid. */
typedef struct {
    char *name;
    study_set set; /* options, model and grid in one; borrowed strings */
    int model, schedule;
    int64_t seed;
    bool races; /* threads of a rank share rows without order */
} study_setting;

/* In what a run differs from the others of its setting. */
typedef struct {
    int64_t init, sampling, order; /* seeds */
    bool shuffles;                 /* the order of chunks is drawn */
    int64_t bootstrap;             /* -1 = the whole corpus */
    int64_t repeat;                /* from 1; 0 = it is not repeated */
    int ranks;
} study_variant;

typedef enum { RUN_MISSING, RUN_INTERRUPTED, RUN_COMPLETE } study_state;

typedef struct {
    char *name, *output;
    int input, setting;
    study_variant variant;
    options o; /* of the command line that trains it */
    study_state state;
    double cost; /* for the order of the queue */
} study_run;

/* Runs of an input and a setting that differ in one source of noise. */
typedef struct {
    noise_kind kind;
    int input, setting;
    int *runs; /* [n], of NOISE_RANKS: n / n_counts seeds for each number of ranks */
    int n, n_counts;
} study_sample;

typedef struct {
    const options *o; /* of the command */
    const comm *world;
    study_file file;
    char *folder; /* of the file: relative inputs begin there */
    study_input *inputs;
    study_setting *settings;
    study_run *runs;
    study_sample *samples;
    int n_inputs, n_settings, n_runs, n_samples;
} study;

/* ---- study_plan.c: local */

/* Expand the file. Nothing is read but the kinds of the inputs. STATUS_USAGE for what contradicts
 * itself. The caller closes, also after a failure. */
status study_open(study *x, const char *path, const options *o, const comm *world);
void study_close(study *x);

/* FOLDER/PART/NAME.ENDING as a new string. */
status study_path(const study *x, const char *part, const char *name, const char *ending,
                  char **path);

/* Whether a source of noise has a meaning for a setting. */
bool study_applies(const study_setting *setting, noise_kind kind);

/* ---- study_corpora.c: collective */

/* Make the folders. */
status study_make_folders(const study *x);

/* Prepare what is missing of the inputs, and read their sizes; STATUS_USAGE if one was prepared
 * with other options. may_write false: STATUS_USAGE if one is missing. */
status study_prepare(study *x, bool may_write);

/* ---- study_queue.c: collective */

/* Find the states of all runs. STATUS_USAGE: a complete one was trained with other options. */
status study_look(study *x);

/* STATUS_USAGE if a run needs more ranks than there are, or a setting has options that exclude each
 * other, by a dry run of each. */
status study_check(const study *x);

/* Train what is missing. Of `tasks` equal shares only number `task` (from 1). A run that fails is
 * told and does not stop the others: the first failure is returned when all are done.
 * STATUS_STOPPED: after a signal or --max-time. */
status study_train(study *x, int64_t task, int64_t tasks);

/* ---- study_output.c */

/* Local, only on the rank that speaks: from now on stdout and stderr of this process go to the end
 * of a file, until study_output_end. */
typedef struct {
    int out, err; /* as they were; -1 = nothing is redirected */
} study_output;
status study_output_begin(study_output *s, const char *path, bool speaks, bool quiet);
void study_output_end(study_output *s, bool speaks, bool quiet);

/* ---- study_results.c: collective */

/* Stability of each source of noise, drift of periods, the table of sources, the report. A failure
 * of one is told and does not stop the others; the first is returned. */
status study_analyse(study *x);

#endif
