// SPDX-License-Identifier: Apache-2.0
#include "rsa.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "blas_alone.h"
#include "exact_sum.h"
#include "memory.h"

enum {
    TILE = 512, /* words by words of one sgemm */
    HALF = 1 << 21,
    BINS = 2 * HALF + 1
};

/* ---- tiles [i, j], j <= i, of the square of all pairs, numbered by rows */

static int64_t tiles_of(int64_t n) {
    const int64_t side = (n + TILE - 1) / TILE;
    return side * (side + 1) / 2;
}

static void place_of(int64_t tile, int64_t *i, int64_t *j) {
    *i = (int64_t)((sqrt(8 * (double)tile + 1) - 1) / 2);
    while (*i * (*i + 1) / 2 > tile)
        --*i;
    while ((*i + 1) * (*i + 2) / 2 <= tile)
        ++*i;
    *j = tile - *i * (*i + 1) / 2;
}

static int64_t size_of(int64_t n, int64_t i) {
    return n - i * TILE < TILE ? n - i * TILE : TILE;
}

/* Cosines of a tile into out [TILE][TILE]. */
static void multiply(const unit_rows *x, int64_t i, int64_t j, float *out) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)size_of(x->n, i),
                (int)size_of(x->n, j), (int)x->dim, 1, x->rows + (size_t)(i * TILE) * x->stride,
                (int)x->stride, x->rows + (size_t)(j * TILE) * x->stride, (int)x->stride, 0, out,
                TILE);
}

/* Pairs of row r of a tile: its columns before the diagonal. */
static int64_t columns_of(int64_t n, int64_t i, int64_t j, int64_t r) {
    return i == j ? r : size_of(n, j);
}

/* 0 and 1 are in the middle of theirs, so that roundings of these common values stay together. */
static int bin_of(float cosine) {
    const int bin = (int)((cosine + 1) * HALF + 0.5f);
    return bin < 0 ? 0 : bin < BINS ? bin : BINS - 1;
}

/* ---- ranks of one space */

static void count_tile(const unit_rows *x, int64_t tile, float *cosines, int64_t *counts) {
    int64_t i, j;
    place_of(tile, &i, &j);
    multiply(x, i, j, cosines);
    for (int64_t r = 0; r < size_of(x->n, i); r++)
        for (int64_t k = 0, m = columns_of(x->n, i, j, r); k < m; k++)
            counts[bin_of(cosines[r * TILE + k])]++;
}

/* counts[threads][BINS]; tiles dealt to ranks in turn. */
static void count(const unit_rows *x, const comm *world, int threads, float *cosines,
                  int64_t *counts) {
    const int64_t tiles = tiles_of(x->n), size = comm_size(world), rank = comm_rank(world);
    const int openmp_default = blas_alone_begin();
#pragma omp parallel for default(none) shared(x, cosines, counts) firstprivate(tiles, size, rank)  \
    num_threads(threads) schedule(dynamic, 1)
    for (int64_t t = rank; t < tiles; t += size)
        count_tile(x, t, cosines + (size_t)omp_get_thread_num() * TILE * TILE,
                   counts + (size_t)omp_get_thread_num() * BINS);
    blas_alone_end(openmp_default);
    for (int k = 1; k < threads; k++)
        for (size_t b = 0; b < BINS; b++)
            counts[b] += counts[(size_t)k * BINS + b];
    exact_sum_whole(world, counts, BINS);
}

/* The mean of ranks first + 1 .. first + m, over all, less their mean. */
static void fill(rsa_ranks *r, const int64_t *counts, int64_t pairs) {
    int64_t before = 0;
    for (size_t b = 0; b < BINS; b++) {
        const double rank = ((double)before + (double)counts[b] / 2) / (double)pairs - 0.5;
        r->ranks[b] = (float)rank;
        r->variance += (double)r->ranks[b] * r->ranks[b] * (double)counts[b] / (double)pairs;
        before += counts[b];
    }
}

status rsa_rank(rsa_ranks *r, const unit_rows *rows, const comm *world, int threads) {
    float *cosines = NULL;
    int64_t *counts = NULL;
    *r = (rsa_ranks){0};
    status s = mem_new(&r->ranks, BINS, sizeof *r->ranks, "ranks of cosines");
    if (!s.code)
        s = mem_new(&counts, (size_t)threads * BINS, sizeof *counts, "counts of cosines");
    if (!s.code)
        s = mem_new(&cosines, (size_t)threads * TILE * TILE, sizeof *cosines, "cosines");
    s = comm_agree(world, s);
    if (!s.code) {
        count(rows, world, threads, cosines, counts);
        fill(r, counts, rows->n > 1 ? rows->n * (rows->n - 1) / 2 : 1);
    }
    mem_free(&counts);
    mem_free(&cosines);
    return s;
}

void rsa_clear(rsa_ranks *r) {
    mem_free(&r->ranks);
}

/* ---- a pair of spaces */

typedef struct {
    const unit_rows *x, *y;
    const float *x_ranks, *y_ranks;
    float *cosines; /* [threads][2][TILE][TILE] */
    double *sums;   /* [tiles] products of ranks */
} pair;

static void multiply_ranks(const pair *p, int64_t tile, float *x_cosines) {
    float *y_cosines = x_cosines + TILE * TILE;
    const int64_t n = p->x->n;
    int64_t i, j;
    double sum = 0;
    place_of(tile, &i, &j);
    multiply(p->x, i, j, x_cosines);
    multiply(p->y, i, j, y_cosines);
    for (int64_t r = 0; r < size_of(n, i); r++)
        for (int64_t k = 0, m = columns_of(n, i, j, r); k < m; k++)
            sum += (double)p->x_ranks[bin_of(x_cosines[r * TILE + k])] *
                   p->y_ranks[bin_of(y_cosines[r * TILE + k])];
    p->sums[tile] = sum;
}

/* Sum over all tiles, which every rank has afterwards. */
static double add_tiles(const pair *p, const comm *world, int threads) {
    const int64_t tiles = tiles_of(p->x->n), size = comm_size(world), rank = comm_rank(world);
    const int openmp_default = blas_alone_begin();
#pragma omp parallel for default(none) shared(p) firstprivate(tiles, size, rank)                   \
    num_threads(threads) schedule(dynamic, 1)
    for (int64_t t = rank; t < tiles; t += size)
        multiply_ranks(p, t, p->cosines + (size_t)omp_get_thread_num() * 2 * TILE * TILE);
    blas_alone_end(openmp_default);
    comm_spread(world, p->sums, (size_t)tiles * sizeof *p->sums);
    double sum = 0;
    for (int64_t t = 0; t < tiles; t++)
        sum += p->sums[t];
    return sum;
}

status rsa_spearman(const unit_rows *x, const rsa_ranks *x_ranks, const unit_rows *y,
                    const rsa_ranks *y_ranks, const comm *world, int threads, double *rho) {
    pair p = {.x = x, .y = y, .x_ranks = x_ranks->ranks, .y_ranks = y_ranks->ranks};
    *rho = NAN;
    if (x->n < 3 || !(x_ranks->variance > 0) || !(y_ranks->variance > 0))
        return status_ok();
    status s = mem_new(&p.cosines, (size_t)threads * 2 * TILE * TILE, sizeof *p.cosines, "cosines");
    if (!s.code)
        s = mem_new(&p.sums, (size_t)tiles_of(x->n), sizeof *p.sums, "sums of tiles");
    s = comm_agree(world, s);
    if (!s.code) {
        const double pairs = (double)x->n * (double)(x->n - 1) / 2;
        *rho = add_tiles(&p, world, threads) / pairs / sqrt(x_ranks->variance * y_ranks->variance);
    }
    mem_free(&p.cosines);
    mem_free(&p.sums);
    return s;
}
