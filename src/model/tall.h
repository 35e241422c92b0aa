// SPDX-License-Identifier: Apache-2.0
/* A tall dense matrix, of which a process has some rows: products with itself and with small square
 * matrices, threads over units of rows.
 *
 *     X [rows here, B]   B = width, a multiple of ROW_QUANTUM   R, G [B, B] row-major
 *
 * The results do not depend on threads, nor on how rows are dealt to processes. Units are stretches
 * of rows, fixed for the whole matrix. BLAS multiplies each on one thread. Their shares of a
 * product of columns are rounded to whole multiples of one quantum for each pair of columns, so
 * that adding them up is exact and any order gives the same bits (pre-rounding: Demmel & Nguyen,
 * Fast Reproducible Floating-Point Summation, 2013). The quantum is 2^-51 times n_rows times the
 * largest magnitudes of the two columns, next higher powers of two: well below the rounding of
 * the floats. */
#ifndef WORDSHARD_TALL_H
#define WORDSHARD_TALL_H

#include <stdbool.h>
#include <stdint.h>

#include "kernels.h"
#include "status.h"

enum { TALL_UNIT = 512 /* rows at most */ };

typedef struct {
    size_t width;
    int64_t begin, end;   /* rows here */
    int64_t n_rows;       /* of the whole matrix */
    const int64_t *units; /* [n_units + 1] first row, units[0] = begin, units[n_units] = end */
    int64_t n_units;
    int n_threads;
    double **sums;  /* [n_threads][B * B] */
    float **spaces; /* [n_threads][B * B + TALL_UNIT * B] */
} tall_shape;

/* The fields above sums are set. */
status tall_create(tall_shape *t);
void tall_clear(tall_shape *t);

/* x is the address of row begin in all of these. */

/* maxima[B]: largest magnitude of each column here; the caller takes the largest of all processes.
 */
void tall_maxima(const tall_shape *t, const float *x, float *maxima);

/* G = X^T Y, or for y = x its upper triangle. The caller adds up the processes' G in any order.
 * x_maxima, y_maxima: of all rows. */
void tall_gram(const tall_shape *t, const float *x, const float *x_maxima, const float *y,
               const float *y_maxima, double *g);

/* X <- X R; upper: R is upper triangular. */
void tall_multiply(const tall_shape *t, float *x, const float *r, bool upper);

#endif
