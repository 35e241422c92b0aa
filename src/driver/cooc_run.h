// SPDX-License-Identifier: Apache-2.0
/* Sorted rows of co-occurrences in scratch files, and reading the sum of several of them. */
#ifndef WORDSHARD_COOC_RUN_H
#define WORDSHARD_COOC_RUN_H

#include "cooc_matrix.h"

/* A row is the pairs {row, n}, {n_high, 0}, n times {column, low 32 bits}, n_high times
 * {column, high 32 bits}. */
typedef struct {
    uint32_t a, b;
} cooc_pair;

typedef struct {
    int fd; /* -1: none */
    const char *folder;
    int64_t bytes;     /* written */
    cooc_pair *buffer; /* while it is being written */
    size_t filled;
} cooc_run;

enum { COOC_RUN_BUFFER = 1 << 15 }; /* pairs that a run keeps back while it is being written */

/* Start one in folder, which must live as long. */
status cooc_run_open(cooc_run *r, const char *folder);
/* Rows behind those that are there; empty ones take no space. */
status cooc_run_write(cooc_run *r, const cooc_matrix *m);
/* All rows are there. */
status cooc_run_finish(cooc_run *r);
/* The file is gone. */
void cooc_run_close(cooc_run *r);

typedef struct cooc_merge cooc_merge;

/* Reads the sum of n finished runs, which must live as long. */
status cooc_merge_open(cooc_merge **m, const cooc_run *runs, int n, int64_t n_words,
                       int64_t denominator);
void cooc_merge_close(cooc_merge **m);
/* Bytes that it takes. */
int64_t cooc_merge_bytes(int n, int64_t n_words);

/* The next rows, [begin, end), into out: at most cells of them. */
status cooc_merge_read(cooc_merge *m, int64_t begin, int64_t end, int64_t cells, cooc_matrix *out);

#endif
