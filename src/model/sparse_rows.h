// SPDX-License-Identifier: Apache-2.0
/* Rows of a symmetric sparse matrix with positive cells, gathered from pieces of its lower
 * triangle; and how threads share a matrix by columns without locks. */
#ifndef WORDSHARD_SPARSE_ROWS_H
#define WORDSHARD_SPARSE_ROWS_H

#include <stdint.h>

#include "status.h"

/* Cells of one row of the lower triangle, rising columns <= row; those with value 0 are none. */
typedef struct {
    const int32_t *columns; /* [n] */
    const float *values;    /* [n] */
    int32_t row, n;
} sparse_piece;

typedef struct {
    int64_t begin, end; /* the rows that are here, of both triangles */
    int64_t *offsets;   /* [end - begin + 1] */
    int64_t *filled;    /* [end - begin] end of what is there of a row */
    int32_t *columns;   /* [cells] rising in a row */
    float *values;      /* [cells] */
} sparse_rows;

/* counts[i] += cells of row i that the pieces bring, by both triangles; i in [0, n_rows). */
void sparse_rows_count(const sparse_piece *pieces, int64_t n, int64_t n_rows, int64_t *counts,
                       int n_threads);

/* Room for rows [begin, end); counts[i] of every row of the matrix. */
status sparse_rows_create(sparse_rows *r, int64_t begin, int64_t end, const int64_t *counts);
void sparse_rows_clear(sparse_rows *r);

/* Put the cells of pieces where they belong: (i, j) and (j, i), those whose row is here. All pieces
 * come by rising row, in one call or in several. */
void sparse_rows_place(sparse_rows *r, const sparse_piece *pieces, int64_t n, int n_threads);

/* ---- columns in ranges, one thread at a time in each */

/* How many for n_threads. */
int sparse_ranges(int n_threads);
/* The first of n columns in range r; low ones have most cells, so their ranges are narrow. */
int64_t sparse_range(int64_t n, int r, int n_ranges);
/* Place of the first of n rising columns that is at least low. */
int64_t sparse_find(const int32_t *columns, int64_t n, int64_t low);

#endif
