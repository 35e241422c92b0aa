// SPDX-License-Identifier: Apache-2.0
/* What one call of align finds, its tables and the mapped run. */
#ifndef WORDSHARD_ALIGN_RUN_H
#define WORDSHARD_ALIGN_RUN_H

#include "agreement.h"
#include "align.h"
#include "comparison.h"
#include "result.h"

/* Per word, of vectors of length 1: from A to B, before and after the mapping. */
typedef enum {
    MOVED_PLAIN,   /* 1 - cosine */
    MOVED_MAPPED,  /* 1 - cosine */
    MOVED_OVERLAP, /* share of the neighbours that are the same */
    MOVED_COLUMNS
} moved_column;

typedef struct {
    const options *o;
    const comm *world;
    comparison words; /* A and B */
    int threads, k;
    int64_t n_rsa;
    bool is_mapped; /* A and B have the same number of columns */
    alignment map;
    agreement_values values, chance;
    double *moved[MOVED_COLUMNS]; /* [n] on every rank; NaN where not defined */
} align_run;

/* Local; the same on every rank. *r is new. */
status align_tabulate(const align_run *run, result *r);

/* Collective. -o: the words of A with all their vectors mapped, and the mapping. */
status align_write(const align_run *run);

/* "plain", "unit" */
const char *align_method_name(int method);
const char *align_rows_name(int rows);

#endif
