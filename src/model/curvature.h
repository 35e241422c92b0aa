// SPDX-License-Identifier: Apache-2.0
/* How strongly training pulls the rows of one table, and in which directions.
 *
 * A pair moves a row x by -rate * (s(x.y) - label) * y, y the other row and s the logistic
 * function. So training draws x to where the pairs agree, and what is left of its distance after
 * many pairs is exp(-u M) of it: M the mean of y y^T over the rows y that pairs meet, u = learning
 * rate * mean slope of s * pairs of the row. M is no multiple of the identity: the rows of a table
 * have much in common, and its first direction has a third to nine tenths of the trace. */
#ifndef WORDSHARD_CURVATURE_H
#define WORDSHARD_CURVATURE_H

#include <stdint.h>

#include "kernels.h"
#include "status.h"

enum {
    CURVATURE_SAMPLE = 2048, /* rows that stand for the table */
    CURVATURE_DIRECTIONS = 32
};

typedef struct {
    int64_t dim;
    size_t width;
    double together;   /* rows whose mean is a y: contexts in CBOW, otherwise 1 */
    int64_t *sample;   /* [CURVATURE_SAMPLE] rows, growing; those that are met often come often */
    float *rows;       /* [CURVATURE_SAMPLE, width] those rows; the caller's to fill */
    float *moment;     /* [dim, width] M */
    float *directions; /* [CURVATURE_DIRECTIONS, width] leading eigenvectors of M, nearly; zeros
                          where there are no more */
    float *space;      /* [CURVATURE_DIRECTIONS, width] */
    double values[CURVATURE_DIRECTIONS]; /* their eigenvalues */
    double rest;                         /* mean eigenvalue of all other directions */
    double trace;                        /* mean |y|^2 */
} curvature;

/* rates: [n_rows] how often training meets each row. The mean of `together` rows counts as one y,
 * as if they met by chance: then M is that of single rows / together, and the square of the mean
 * row for the rest. The caller clears, also after a failure. */
status curvature_create(curvature *c, const double *rates, int64_t n_rows, int64_t dim,
                        double together);
void curvature_clear(curvature *c);

/* Of c->rows. The same bits on any number of threads. */
void curvature_measure(curvature *c);

#endif
