// SPDX-License-Identifier: Apache-2.0
/* A sparse matrix laid out to be multiplied by a tall dense one.
 *
 *     V = columns of the matrix   B = columns of the dense one (width, a multiple of ROW_QUANTUM)
 *     Y [rows here, B] = A [rows here, V] X [V, B]
 *
 * Columns are cut into tiles, so that a tile of X stays in the second-level cache while all rows of
 * a block use it; rows into blocks, one thread at a time in each. Within a tile, the cells of a row
 * are a run. A cell takes four bytes (kernels.h). X may come in panels: tiles one after the other.
 * Each element of Y is summed over rising columns, whatever the blocks, panels and threads. */
#ifndef WORDSHARD_SPARSE_TILES_H
#define WORDSHARD_SPARSE_TILES_H

#include "kernels.h"
#include "sparse_rows.h"

typedef struct {
    int32_t row; /* of the rows here */
    int32_t n;   /* cells */
} sparse_run;

typedef struct {
    int64_t n_rows, n_blocks, n_tiles;
    int64_t *tiles;      /* [n_tiles + 1] first column; no tile crosses a multiple of SPARSE_TILE */
    int64_t *blocks;     /* [n_blocks + 1] first row */
    int64_t *first_cell; /* [n_blocks * n_tiles + 1] by block, then tile */
    int64_t *first_run;  /* the same */
    uint32_t *cells;
    sparse_run *runs; /* and one behind the last */
} sparse_tiles;

/* cuts[n_cuts]: rising columns at which a tile must end, first 0, last V. */
status sparse_tiles_create(sparse_tiles *m, const sparse_rows *rows, const int64_t *cuts,
                           int n_cuts, int n_threads);
void sparse_tiles_clear(sparse_tiles *m);

/* Bytes of n_rows rows with so many cells in so many runs. */
double sparse_tiles_bytes(double n_rows, double cells, double runs);

/* Y += A X over tiles [first, last). x: row base of X and those that follow, base a multiple of
 * SPARSE_TILE and not above tiles[first]; y: [n_rows, width]. 64-byte aligned. */
typedef struct {
    int64_t first, last, base;
    const float *x;
    float *y;
    size_t width;
} sparse_product;

void sparse_tiles_multiply(const sparse_tiles *m, const sparse_product *p, const kernels *k,
                           int n_threads);

/* Y = A S: S [V, columns] has `signs` times 1 or -1 in each row, drawn by key and the row's number
 * (1: count sketch, Charikar, Chen & Farach-Colton 2002). y: [n_rows, width], zero before. */
void sparse_tiles_sketch(const sparse_tiles *m, uint64_t key, int columns, int signs, float *y,
                         size_t width, int n_threads);

#endif
