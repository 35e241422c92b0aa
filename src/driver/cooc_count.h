// SPDX-License-Identifier: Apache-2.0
/* Counting the co-occurrences of a corpus with all ranks and threads.
 *
 * Each rank counts its part of the corpus; the rows then go to their owners, who add them up. When
 * the counts do not fit in what --memory leaves, each rank's chunks of the corpus become sorted
 * runs in scratch files, and blocks of rows are merged, shared and written again, one after the
 * other. The counts are the same bits in all cases. */
#ifndef WORDSHARD_COOC_COUNT_H
#define WORDSHARD_COOC_COUNT_H

#include "comm.h"
#include "cooc_run.h"
#include "corpus_file.h"
#include "options.h"

/* Rows that follow one another, of one rank. */
typedef struct {
    int64_t begin, end;
    int64_t first; /* number of their first cell in the whole matrix */
    int64_t cells;
} cooc_piece;

typedef struct {
    cooc_matrix matrix; /* this rank's rows, unless they are in run */
    cooc_run run;       /* fd < 0: they are in memory */
    cooc_piece *pieces; /* [n_pieces] of this rank, by rising rows */
    int64_t n_pieces;
    size_t pieces_room;
    int64_t n_cells, n_nonzeros; /* of the whole lower triangle, of both triangles */
    int64_t n_words, denominator;
    bool wide;       /* there are weights beyond 32 bits */
    int64_t spilled; /* bytes that went through scratch files, of all ranks */
    int64_t chunks;  /* parts in which the corpus was counted, of all ranks */
} cooc_counts;

/* Collective. scratch: folder for scratch files; NULL: the counts must fit in memory. STATUS_INPUT
 * for a corpus without words; STATUS_SPACE, with the numbers, when --memory is too small. */
status cooc_count(cooc_counts *x, const corpus_file *corpus, const options *o, const char *scratch,
                  const comm *world);
void cooc_counts_clear(cooc_counts *x);

/* Reads a rank's pieces in order. Local. */
typedef struct {
    const cooc_counts *counts;
    int64_t next;
    cooc_merge *merge; /* of the run */
    cooc_matrix rows;  /* the piece */
} cooc_pieces;

status cooc_pieces_open(cooc_pieces *p, const cooc_counts *x);
/* *rows: the next piece, valid until the next call; empty (end = begin) behind the last one.
 * *first: number of its first cell in the whole matrix. */
status cooc_pieces_next(cooc_pieces *p, const cooc_matrix **rows, int64_t *first);
void cooc_pieces_close(cooc_pieces *p);

#endif
