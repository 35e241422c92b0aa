// SPDX-License-Identifier: Apache-2.0
/* study.yaml as it is written (docs/study.md): what each run is made of, before it is expanded. */
#ifndef WORDSHARD_STUDY_FILE_H
#define WORDSHARD_STUDY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Where runs that should be the same get their differences from. */
typedef enum {
    NOISE_SEED,      /* all seeds at once */
    NOISE_INIT,      /* initial vectors */
    NOISE_SAMPLING,  /* sub-sampling, windows, negatives */
    NOISE_ORDER,     /* order of chunks or non-zeros */
    NOISE_BOOTSTRAP, /* documents drawn again */
    NOISE_REPEAT,    /* nothing: races of threads and ranks are left */
    NOISE_RANKS,     /* the number of ranks, with several seeds each */
    NOISE_KINDS
} noise_kind;

const char *noise_name(noise_kind kind);

/* A list of words of the file. */
typedef struct {
    char **items;
    int n;
} study_list;

/* An option with one value, or with several of a grid. */
typedef struct {
    char *name;
    study_list values;
} study_option;

/* Options under one name: those of a model, of a command. */
typedef struct {
    char *name;
    study_option *options;
    int n;
} study_set;

typedef struct {
    char *name;
    study_list inputs; /* text, or one corpus.h5 */
} study_corpus;

/* Whose documents a control shuffles: those of the two periods of each step of drift, or of all. */
typedef enum { CONTROLS_OF_STEPS, CONTROLS_OF_ALL } study_controls;

typedef struct {
    const char *path;
    study_corpus *corpora; /* in order; periods if is_time */
    int n_corpora;
    bool is_time;
    study_set prepare, options, grid;   /* of `prepare`; of every run; of which all are combined */
    study_set stability, drift, report; /* options of these commands */
    study_set *models;                  /* [n_models] */
    int n_models;
    study_list noise[NOISE_KINDS]; /* seeds; of NOISE_RANKS the numbers of ranks */
    int64_t rank_seeds;            /* seeds for each number of ranks */
    int64_t controls;              /* of the periods, with other seeds */
    study_controls controls_of;
    int reference; /* the period that drift compares with the others; -1: each with the next */
    int64_t ranks_per_run;
} study_file;

/* Local. Read and check: STATUS_USAGE names file, line and what is wrong with a name or a value.
 * path must outlive f. Close f also after a failure. */
status study_file_open(study_file *f, const char *path);
void study_file_close(study_file *f);

#endif
