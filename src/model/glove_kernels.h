// SPDX-License-Identifier: Apache-2.0
/* What the GloVe kernels of kernels.h work on: one word's row against contexts of a tile, one after
 * the other (Pennington, Socher & Manning 2014, eq. 8):
 *
 *     diff = w . c + b + b~ - log X,   loss = f(X) diff^2 / 2
 *     g = rate * clip(f diff c) for w, rate * clip(f diff w) for c, f diff for the biases
 *     x -= g / sqrt(G),  then G += g^2,  G = 1 at first      (AdaGrad, as in glove.c of GloVe)
 *
 * Both sides change by the values from before the step. Biases take no rate, as in glove.c.
 *
 *     glove_row      one G for each row, the mean of g^2 over the columns; clip bounds the root of
 *                    that mean
 *     glove_element  a G for each column; clip bounds each
 */
#ifndef WORDSHARD_GLOVE_KERNELS_H
#define WORDSHARD_GLOVE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* Beside each row: */
enum {
    GLOVE_BIAS,
    GLOVE_BIAS_SQUARES, /* G of the bias */
    GLOVE_SQUARES,      /* glove_row: G of the row */
    GLOVE_LENGTH,       /* glove_row: |row|^2, kept up step by step */
    GLOVE_STATE         /* floats of a state */
};

static const float GLOVE_CLIP = 100;

/* A batch of runs: the non-zeros of one word in a tile of contexts, run after run. Words of a batch
 * are all different, and so are the contexts of a run. */
typedef struct {
    float *rows, *row_states; /* of words */
    float *contexts, *states; /* of the tile's first context */
    size_t width;             /* floats of a vector, a multiple of ROW_QUANTUM */
    size_t stride;            /* from row to row: width; glove_element: 2 width, where row[width
                                 + k] is rate / sqrt(G) of column k */
    const uint32_t *words;    /* [n_runs + 2] rows; the last two are asked for only, and may be
                                     any */
    const uint16_t *lengths;  /* [n_runs] non-zeros of each run, at least one */
    int64_t n_runs;
    const uint16_t *places;       /* contexts of the runs, one run after the other; then two more,
                                     which may be any */
    const float *log_x, *weights; /* log X and f(X) of the same */
    float rate;
    float per_column; /* 1 / dim */
} glove_batch;

#endif
