// SPDX-License-Identifier: Apache-2.0
#include "rsa.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "blas_alone.h"
#include "exact_sum.h"
#include "memory.h"
#include "similarity.h"

enum {
    TILE = 512, /* words by words of one sgemm */
    BINS = 1 << 17,
    DEVIATIONS = 20, /* that the bins reach over */
    LANES = 4        /* sums of a row that do not wait for each other */
};

/* A standard deviation of cosines below this is rounding. */
static const double ALIKE = 1e-6;

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

/* The bins of m cosines. */
static void find_bins(const rsa_ranks *r, const float *cosines, int64_t m, int32_t *bins) {
    for (int64_t k = 0; k < m; k++) {
        const float at = (cosines[k] - r->middle) * r->scale + (BINS * 0.5f + 0.5f);
        const float low = at > 0 ? at : 0;
        bins[k] = (int32_t)(low < BINS - 1 ? low : BINS - 1);
    }
}

/* ---- ranks of one space */

/* Mean and deviation of the cosines of words that are spread evenly. */
static void sample(rsa_ranks *r, const unit_rows *x, const comm *world, float *cosines,
                   float *words) {
    const size_t width = (size_t)x->dim;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < TILE; i++)
        memcpy(words + (size_t)i * width, x->rows + (size_t)(i * x->n / TILE) * x->stride,
               width * sizeof *words);
    const unit_rows some = {.rows = words, .n = TILE, .dim = x->dim, .stride = width};
    const int openmp_default = blas_alone_begin();
    multiply(&some, 0, 0, cosines);
    blas_alone_end(openmp_default);
    for (int64_t i = 0; i < TILE; i++)
        for (int64_t j = 0; j < i; j++) {
            sum += cosines[i * TILE + j];
            squares += (double)cosines[i * TILE + j] * cosines[i * TILE + j];
        }
    const double n = TILE * (TILE - 1) / 2.0, mean = sum / n;
    const double deviation = sqrt(fmax(0, squares / n - mean * mean));
    r->scale = deviation > ALIKE ? (float)(BINS / (DEVIATIONS * deviation)) : 0;
    /* The cosine of equal vectors is in the middle of a bin: its roundings stay together. */
    r->middle = (float)(r->scale > 0 ? 1 - rint((1 - mean) * r->scale) / r->scale : mean);
    comm_broadcast(world, 0, &r->middle, sizeof r->middle);
    comm_broadcast(world, 0, &r->scale, sizeof r->scale);
}

static void count_tile(const rsa_ranks *ranks, const unit_rows *x, int64_t tile, float *cosines,
                       int64_t *counts) {
    int32_t bins[TILE];
    int64_t i, j;
    place_of(tile, &i, &j);
    multiply(x, i, j, cosines);
    for (int64_t r = 0; r < size_of(x->n, i); r++) {
        const int64_t m = columns_of(x->n, i, j, r);
        find_bins(ranks, cosines + r * TILE, m, bins);
        for (int64_t k = 0; k < m; k++)
            counts[bins[k]]++;
    }
}

/* counts[threads][BINS]; tiles dealt to ranks in turn. */
static void count(const rsa_ranks *r, const unit_rows *x, const comm *world, int threads,
                  float *cosines, int64_t *counts) {
    const int64_t tiles = tiles_of(x->n), size = comm_size(world), rank = comm_rank(world);
    const int openmp_default = blas_alone_begin();
#pragma omp parallel for default(none) shared(r, x, cosines, counts)                               \
    firstprivate(tiles, size, rank) num_threads(threads) schedule(dynamic, 1)
    for (int64_t t = rank; t < tiles; t += size)
        count_tile(r, x, t, cosines + (size_t)omp_get_thread_num() * TILE * TILE,
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
    float *cosines = NULL, *words = NULL;
    int64_t *counts = NULL;
    *r = (rsa_ranks){0};
    status s = mem_new(&r->ranks, BINS, sizeof *r->ranks, "ranks of cosines");
    if (!s.code)
        s = mem_new(&counts, (size_t)threads * BINS, sizeof *counts, "counts of cosines");
    if (!s.code)
        s = mem_new(&cosines, (size_t)threads * TILE * TILE, sizeof *cosines, "cosines");
    if (!s.code)
        s = mem_new(&words, TILE * (size_t)rows->dim, sizeof *words, "some vectors");
    s = comm_agree(world, s);
    if (!s.code) {
        sample(r, rows, world, cosines, words);
        count(r, rows, world, threads, cosines, counts);
        fill(r, counts, rows->n * (rows->n - 1) / 2);
    }
    mem_free(&counts);
    mem_free(&cosines);
    mem_free(&words);
    return s;
}

void rsa_clear(rsa_ranks *r) {
    mem_free(&r->ranks);
}

/* ---- a pair of spaces */

typedef struct {
    const unit_rows *x, *y;
    const rsa_ranks *x_ranks, *y_ranks;
    float *cosines; /* [threads][2][TILE][TILE] */
    double *sums;   /* [tiles] products of ranks */
} pair;

static double multiply_row(const pair *p, const float *x_cosines, const float *y_cosines,
                           int64_t m) {
    const float *x = p->x_ranks->ranks, *y = p->y_ranks->ranks;
    int32_t x_bins[TILE], y_bins[TILE];
    double sums[LANES] = {0};
    int64_t k = 0;
    find_bins(p->x_ranks, x_cosines, m, x_bins);
    find_bins(p->y_ranks, y_cosines, m, y_bins);
    for (; k + LANES <= m; k += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += (double)x[x_bins[k + lane]] * y[y_bins[k + lane]];
    for (; k < m; k++)
        sums[0] += (double)x[x_bins[k]] * y[y_bins[k]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static void multiply_ranks(const pair *p, int64_t tile, float *x_cosines) {
    float *y_cosines = x_cosines + TILE * TILE;
    const int64_t n = p->x->n;
    int64_t i, j;
    double sum = 0;
    place_of(tile, &i, &j);
    multiply(p->x, i, j, x_cosines);
    multiply(p->y, i, j, y_cosines);
    for (int64_t r = 0; r < size_of(n, i); r++)
        sum += multiply_row(p, x_cosines + r * TILE, y_cosines + r * TILE, columns_of(n, i, j, r));
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
    pair p = {.x = x, .y = y, .x_ranks = x_ranks, .y_ranks = y_ranks};
    *rho = NAN;
    if (!(x_ranks->variance > 0) || !(y_ranks->variance > 0))
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

/* ---- few words */

/* Roundings off, so that cosines that are equal are so. */
static void list_cosines(int64_t n, const double *rows, int64_t dim, double *out) {
    const double grain = 0x1p30;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            *out++ = rint(cblas_ddot((int)dim, rows + i * dim, 1, rows + j * dim, 1) * grain);
}

status rsa_sorted(int64_t n, const double *x, int64_t x_dim, const double *y, int64_t y_dim,
                  double *rho) {
    const int64_t pairs = n * (n - 1) / 2;
    double *cosines;
    status s = mem_new(&cosines, 2 * (size_t)pairs, sizeof *cosines, "cosines");
    if (!s.code) {
        list_cosines(n, x, x_dim, cosines);
        list_cosines(n, y, y_dim, cosines + pairs);
        s = similarity_spearman(pairs, cosines, cosines + pairs, rho);
    }
    mem_free(&cosines);
    return s;
}
