// SPDX-License-Identifier: Apache-2.0
/* Co-occurrence counts in memory: the lower triangle of a symmetric matrix, by rows. Exact: a count
 * is a whole number of 1/denominator. Words are numbered by falling frequency, so a row holds the
 * pairs of a word with itself and the more frequent ones.
 *
 *     X_ij = weight / denominator, for each i in [begin, end) and j <= i; X_ji = X_ij
 */
#ifndef WORDSHARD_COOC_MATRIX_H
#define WORDSHARD_COOC_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "cooc_row.h"
#include "status.h"

/* A weight that does not fit 32 bits: what is above them. */
typedef struct {
    int64_t cell; /* place in columns[] */
    uint32_t high;
} cooc_high;

typedef struct {
    int64_t n_words;    /* V, of the whole matrix */
    int64_t begin, end; /* the rows held here; the ranks' rows tile [0, V) */
    int64_t *offsets; /* [end - begin + 1]: row i is cells [offsets[i-begin], offsets[i-begin+1]) */
    int32_t *columns; /* [cells], rising within a row */
    uint32_t *weights; /* [cells], the low 32 bits */
    cooc_high *high;   /* [n_high], by rising cell */
    int64_t n_high;
    size_t high_room; /* entries that high[] has room for; 0 where it never grows */
    int64_t denominator;
} cooc_matrix;

/* Cells held here. */
int64_t cooc_matrix_cells(const cooc_matrix *m);

/* Most cells of a row held here. */
int64_t cooc_matrix_longest(const cooc_matrix *m);

/* Row i: *columns points into the matrix, values[n] gets X_ij; returns n. Doubles hold every count
 * below 2^53 / denominator exactly. Threads may call it at once. */
int64_t cooc_matrix_row(const cooc_matrix *m, int64_t i, const int32_t **columns, double *values);

/* The same as whole numbers: X_ij times denominator. */
int64_t cooc_matrix_weights(const cooc_matrix *m, int64_t i, const int32_t **columns,
                            uint64_t *weights);

void cooc_matrix_clear(cooc_matrix *m);

/* ---- making one */

/* Rows [begin, end) of V, none of them there yet, with room for cells. */
status cooc_matrix_new(cooc_matrix *m, int64_t n_words, int64_t denominator, int64_t begin,
                       int64_t end, int64_t cells);

/* The next row, in order, becomes what has been added to row, which is empty afterwards. */
status cooc_matrix_put(cooc_matrix *m, int64_t i, cooc_row *row);

/* Bytes of a matrix of so many rows and cells without large weights. */
int64_t cooc_matrix_bytes(int64_t rows, int64_t cells);

/* A copy of rows [begin, end). */
status cooc_matrix_slice(cooc_matrix *out, const cooc_matrix *m, int64_t begin, int64_t end);

/* One matrix of several whose rows follow one another. The parts are freed as they are copied, so
 * that hardly more than one copy is ever touched; they are empty afterwards, also on failure. */
status cooc_matrix_join(cooc_matrix *m, cooc_matrix *parts, int64_t n_parts);

/* The sum of several matrices of the same rows; they stay. */
status cooc_matrix_add(cooc_matrix *m, const cooc_matrix *parts, int64_t n_parts);

#endif
