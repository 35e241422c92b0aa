// SPDX-License-Identifier: Apache-2.0
/* Co-occurrence counts for the commands that need them: counted from a corpus, or read. */
#ifndef WORDSHARD_COOCCURRENCE_H
#define WORDSHARD_COOCCURRENCE_H

#include "comm.h"
#include "cooc_matrix.h"
#include "options.h"
#include "wordlist.h"

typedef struct {
    cooc_matrix matrix; /* this rank's rows */
    wordlist words;     /* on every rank */
    int64_t n_cells;    /* of the whole lower triangle */
    int64_t n_nonzeros; /* of both triangles */
    int64_t n_tokens;   /* of the corpus */
    int64_t window;
    char hash[33]; /* content hash of the counts' corpus */
} cooccurrence;

/* Collective. Rows of the whole matrix on the ranks, cut so that each holds about the same number
 * of cells. path: corpus.h5 (counted by --window and --weighting) or cooc.h5 (read; those options
 * are then refused). In memory: --memory is met or STATUS_SPACE. */
status cooccurrence_get(cooccurrence *x, const char *path, const options *o, const comm *world);

void cooccurrence_clear(cooccurrence *x);

#endif
