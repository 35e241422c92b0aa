// SPDX-License-Identifier: Apache-2.0
/* What one rank has counted: in memory as far as a budget goes, beyond it as sorted runs in scratch
 * files, of which there are never more than COOC_RUNS. Local. */
#ifndef WORDSHARD_COOC_STORE_H
#define WORDSHARD_COOC_STORE_H

#include <stdbool.h>

#include "cooc_run.h"

enum { COOC_RUNS = 64 };

typedef struct {
    const char *folder; /* of the scratch files; NULL: nothing may be spilled */
    int64_t budget;     /* bytes of counts that may stay in memory */
    int64_t n_words, denominator;
    cooc_matrix held;   /* all rows of the chunks so far; offsets = NULL: none */
    cooc_matrix *parts; /* [n_parts] of the chunk under way, by rising rows */
    int64_t n_parts;
    size_t parts_room;
    int64_t held_bytes, parts_bytes;
    cooc_run runs[COOC_RUNS];
    int n_runs;
    bool writing;    /* the chunk under way goes to the last run */
    int64_t *cells;  /* [V] of each row in all runs; NULL before the first */
    int64_t spilled; /* bytes written to scratch files */
} cooc_store;

/* Take over the next rows of the chunk under way; part becomes empty. */
status cooc_store_add(cooc_store *x, cooc_matrix *part);
/* The chunk has had its last row. */
status cooc_store_end_chunk(cooc_store *x);
/* Everything into runs. */
status cooc_store_spill(cooc_store *x);
void cooc_store_clear(cooc_store *x);

#endif
