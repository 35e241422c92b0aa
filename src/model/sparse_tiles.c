// SPDX-License-Identifier: Apache-2.0
#include "sparse_tiles.h"

#include <omp.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "random.h"

enum {
    BLOCK_ROWS = 4096,
    BLOCKS_PER_THREAD = 24 /* at least: threads take the next block as they become free */
};

/* ---- cutting */

static status cut_columns(sparse_tiles *m, const int64_t *cuts, int n_cuts) {
    const int64_t most = cuts[n_cuts - 1] / SPARSE_TILE + n_cuts + 1;
    status s = mem_new(&m->tiles, (size_t)most + 1, sizeof *m->tiles, "tiles of the matrix");
    for (int c = 0; !s.code && c + 1 < n_cuts; c++)
        for (int64_t at = cuts[c]; at < cuts[c + 1]; at = m->tiles[m->n_tiles]) {
            const int64_t next = (at / SPARSE_TILE + 1) * SPARSE_TILE;
            m->tiles[m->n_tiles++] = at;
            m->tiles[m->n_tiles] = next < cuts[c + 1] ? next : cuts[c + 1];
        }
    return s;
}

static status cut_rows(sparse_tiles *m, const sparse_rows *r, int n_threads) {
    const int64_t n = m->n_rows, fair = r->offsets[n] / ((int64_t)n_threads * BLOCKS_PER_THREAD);
    const size_t most = (size_t)(n / BLOCK_ROWS + 2 * n_threads * BLOCKS_PER_THREAD + 2);
    status s = mem_new(&m->blocks, most + 1, sizeof *m->blocks, "blocks of the matrix");
    for (int64_t at = 0; !s.code && at < n;) {
        const int64_t first = at++;
        while (at < n && at - first < BLOCK_ROWS && r->offsets[at + 1] - r->offsets[first] <= fair)
            at++;
        m->blocks[++m->n_blocks] = at;
    }
    return s;
}

/* ---- filling */

/* Of block b: cells and runs in each tile, or (fill) the cells and runs themselves, whose places
 * are then in first_cell and first_run. */
static void walk_block(sparse_tiles *m, const sparse_rows *r, int64_t b, int64_t *cells,
                       int64_t *runs, bool fill) {
    for (int64_t i = m->blocks[b]; i < m->blocks[b + 1]; i++) {
        int64_t t = -1;
        for (int64_t c = r->offsets[i]; c < r->offsets[i + 1]; c++) {
            const int64_t column = r->columns[c];
            if (t < 0 || column >= m->tiles[t + 1]) {
                t = t < 0 ? column / SPARSE_TILE : t;
                while (column >= m->tiles[t + 1])
                    t++;
                if (fill)
                    m->runs[runs[t]].row = (int32_t)i;
                runs[t]++;
            }
            if (fill) {
                m->cells[cells[t]] = sparse_cell(r->values[c], column);
                m->runs[runs[t] - 1].n++;
            }
            cells[t]++;
        }
    }
}

/* Counts become places: the sum of those before. counts[n] becomes the sum of all. */
static void add_up(int64_t *counts, int64_t n) {
    int64_t sum = 0;
    for (int64_t i = 0; i <= n; i++) {
        const int64_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
}

static void walk_blocks(sparse_tiles *m, const sparse_rows *r, bool fill, int n_threads) {
#pragma omp parallel for default(none) shared(m, r) firstprivate(fill) num_threads(n_threads)      \
    schedule(dynamic, 1)
    for (int64_t b = 0; b < m->n_blocks; b++)
        walk_block(m, r, b, m->first_cell + b * m->n_tiles, m->first_run + b * m->n_tiles, fill);
}

/* After filling, each place is that of the next: put them back. */
static void step_back(int64_t *places, int64_t n) {
    memmove(places + 1, places, (size_t)n * sizeof *places);
    places[0] = 0;
}

static status fill(sparse_tiles *m, const sparse_rows *r, int n_threads) {
    const int64_t n = m->n_blocks * m->n_tiles;
    status s = mem_new(&m->first_cell, (size_t)n + 1, sizeof *m->first_cell, "tiles of the matrix");
    if (!s.code)
        s = mem_new(&m->first_run, (size_t)n + 1, sizeof *m->first_run, "tiles of the matrix");
    if (s.code)
        return s;
    walk_blocks(m, r, false, n_threads);
    add_up(m->first_cell, n);
    add_up(m->first_run, n);
    s = mem_new(&m->cells, (size_t)m->first_cell[n], sizeof *m->cells, "cells of the matrix");
    if (!s.code)
        s = mem_new(&m->runs, (size_t)m->first_run[n] + 1, sizeof *m->runs, "runs of the matrix");
    if (s.code)
        return s;
    walk_blocks(m, r, true, n_threads);
    step_back(m->first_cell, n);
    step_back(m->first_run, n);
    return s;
}

status sparse_tiles_create(sparse_tiles *m, const sparse_rows *rows, const int64_t *cuts,
                           int n_cuts, int n_threads) {
    *m = (sparse_tiles){.n_rows = rows->end - rows->begin};
    status s = cut_columns(m, cuts, n_cuts);
    if (!s.code)
        s = cut_rows(m, rows, n_threads);
    if (!s.code)
        s = fill(m, rows, n_threads);
    if (s.code)
        sparse_tiles_clear(m);
    return s;
}

void sparse_tiles_clear(sparse_tiles *m) {
    mem_free(&m->tiles);
    mem_free(&m->blocks);
    mem_free(&m->first_cell);
    mem_free(&m->first_run);
    mem_free(&m->cells);
    mem_free(&m->runs);
    *m = (sparse_tiles){0};
}

/* ---- products */

static void multiply_tile(const sparse_tiles *m, const sparse_product *p, int64_t b, int64_t t,
                          const kernels *k) {
    const int64_t at = b * m->n_tiles + t, start = m->tiles[t] / SPARSE_TILE * SPARSE_TILE;
    const float *x = p->x + (size_t)(start - p->base) * p->width;
    const uint32_t *cells = m->cells + m->first_cell[at];
    for (int64_t r = m->first_run[at]; r < m->first_run[at + 1]; r++) {
        const sparse_run run = m->runs[r];
        k->sparse_row(cells, run.n, x, p->y + (size_t)run.row * p->width,
                      p->y + (size_t)m->runs[r + 1].row * p->width, p->width);
        cells += run.n;
    }
}

void sparse_tiles_multiply(const sparse_tiles *m, const sparse_product *p, const kernels *k,
                           int n_threads) {
#pragma omp parallel for default(none) shared(m, p, k) num_threads(n_threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < m->n_blocks; b++)
        for (int64_t t = p->first; t < p->last; t++)
            multiply_tile(m, p, b, t, k);
}

/* Places of the sketch for the columns of a tile, and their signs. */
typedef struct {
    uint32_t column[SPARSE_TILE];
    float sign[SPARSE_TILE];
} sketch_tile;

static void draw_tile(sketch_tile *s, uint64_t key, int64_t tile_begin, int columns) {
    for (int64_t k = 0; k < SPARSE_TILE; k++) {
        const uint64_t draw = random_at(key, (uint64_t)(tile_begin + k));
        s->column[k] = random_below(draw, (uint32_t)columns);
        s->sign[k] = draw >> 63 ? 1 : -1;
    }
}

static void sketch_tile_rows(const sparse_tiles *m, int64_t at, const sketch_tile *s, float *y,
                             size_t width) {
    const uint32_t *cell = m->cells + m->first_cell[at];
    for (int64_t r = m->first_run[at]; r < m->first_run[at + 1]; r++) {
        float *row = y + (size_t)m->runs[r].row * width;
        for (int32_t c = 0; c < m->runs[r].n; c++, cell++)
            row[s->column[sparse_column(*cell)]] +=
                s->sign[sparse_column(*cell)] * sparse_value(*cell);
    }
}

void sparse_tiles_sketch(const sparse_tiles *m, uint64_t key, int columns, int signs, float *y,
                         size_t width, int n_threads) {
#pragma omp parallel for default(none) shared(m, y) firstprivate(key, columns, signs, width)       \
    num_threads(n_threads) schedule(dynamic, 1)
    for (int64_t b = 0; b < m->n_blocks; b++)
        for (int i = 0; i < signs; i++) /* outside, as ranks cut tiles */
            for (int64_t t = 0; t < m->n_tiles; t++) {
                sketch_tile s;
                draw_tile(&s, random_at(key, (uint64_t)i), m->tiles[t] / SPARSE_TILE * SPARSE_TILE,
                          columns);
                sketch_tile_rows(m, b * m->n_tiles + t, &s, y, width);
            }
}

double sparse_tiles_bytes(double n_rows, double cells, double runs) {
    return cells * sizeof(uint32_t) + runs * sizeof(sparse_run) + n_rows * sizeof(int64_t);
}
