// SPDX-License-Identifier: Apache-2.0
/* A sparse symmetric matrix with positive cells, its rows cut over ranks, and its products with
 * tall matrices that are cut in the same way. */
#ifndef WORDSHARD_SYMMETRIC_H
#define WORDSHARD_SYMMETRIC_H

#include "comm.h"
#include "cooc_matrix.h"
#include "ppmi.h"
#include "sparse_tiles.h"

typedef struct {
    const comm *world;
    int64_t n_rows;  /* V */
    int64_t n_cells; /* of both triangles, on all ranks */
    int64_t *cuts;   /* [ranks + 1] rank r has rows [cuts[r], cuts[r + 1]) */
    int64_t *units;  /* [n_units + 1] rows here, in the stretches that the whole matrix is cut into,
                        wherever ranks begin (tall.h) */
    int64_t n_units;
    sparse_tiles tiles;
    int n_threads;
} symmetric;

/* Collective. From this rank's rows of the lower triangle of the counts: their positive PMI cells.
 * width: columns of the tall matrices to come, to cut the rows fairly. bias: [V], new (mem_free),
 * see ppmi.h; the same on every rank. */
status symmetric_from_counts(symmetric *a, const cooc_matrix *counts, const ppmi_settings *settings,
                             size_t width, int n_threads, const comm *world, double **bias);

/* Collective. From pieces of the lower triangle, by rising row over the ranks. */
status symmetric_create(symmetric *a, const sparse_piece *pieces, int64_t n_pieces, int64_t n_rows,
                        size_t width, int n_threads, const comm *world);

void symmetric_clear(symmetric *a);

/* This rank's rows. */
int64_t symmetric_begin(const symmetric *a);
int64_t symmetric_end(const symmetric *a);

/* A tall matrix is kept from the first row of the tile in which this rank's rows begin. */
static inline int64_t symmetric_slack(int64_t row) {
    return row % SPARSE_TILE;
}

/* Bytes of a panel. */
size_t symmetric_panel_bytes(const symmetric *a, size_t width);

/* Collective. Y = A X. x, y: address of this rank's first row, with symmetric_slack rows of room
 * before it in x (x is not changed). panel: symmetric_panel_bytes, to hold rows of other ranks. */
void symmetric_multiply(const symmetric *a, float *x, float *y, size_t width, float *panel,
                        const kernels *k);

#endif
