// SPDX-License-Identifier: Apache-2.0
#include "tall.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "blas_alone.h"
#include "memory.h"

status tall_create(tall_shape *t) {
    const size_t square = t->width * t->width, threads = (size_t)t->n_threads;
    t->sums = NULL;
    t->spaces = NULL;
    status s = mem_new(&t->sums, threads, sizeof *t->sums, "sums of products");
    if (!s.code)
        s = mem_new(&t->spaces, threads, sizeof *t->spaces, "sums of products");
    for (size_t i = 0; !s.code && i < threads; i++) {
        s = mem_new(&t->sums[i], square, sizeof **t->sums, "sums of products");
        if (!s.code)
            s = mem_new(&t->spaces[i], square + TALL_UNIT * t->width, sizeof **t->spaces,
                        "sums of products");
    }
    if (s.code)
        tall_clear(t);
    return s;
}

void tall_clear(tall_shape *t) {
    for (int i = 0; i < t->n_threads; i++) {
        if (t->sums)
            mem_free(&t->sums[i]);
        if (t->spaces)
            mem_free(&t->spaces[i]);
    }
    mem_free(&t->sums);
    mem_free(&t->spaces);
}

static size_t rows_of(const tall_shape *t, int64_t unit, size_t *first) {
    *first = (size_t)(t->units[unit] - t->begin) * t->width;
    return (size_t)(t->units[unit + 1] - t->units[unit]);
}

/* ---- maxima */

static void unit_maxima(const float *x, size_t rows, size_t width, float *maxima) {
    for (size_t i = 0; i < rows; i++, x += width)
        for (size_t k = 0; k < width; k++) {
            const float magnitude = fabsf(x[k]);
            maxima[k] = magnitude > maxima[k] ? magnitude : maxima[k];
        }
}

void tall_maxima(const tall_shape *t, const float *x, float *maxima) {
    const size_t width = t->width;
    memset(maxima, 0, width * sizeof *maxima);
#pragma omp parallel default(none) shared(t, x, maxima) firstprivate(width)                        \
    num_threads(t->n_threads)
    {
        float *mine = t->spaces[omp_get_thread_num()];
        memset(mine, 0, width * sizeof *mine);
#pragma omp for schedule(dynamic, 8)
        for (int64_t u = 0; u < t->n_units; u++) {
            size_t first;
            const size_t rows = rows_of(t, u, &first);
            unit_maxima(x + first, rows, width, mine);
        }
#pragma omp critical
        for (size_t k = 0; k < width; k++)
            maxima[k] = mine[k] > maxima[k] ? mine[k] : maxima[k];
    }
}

/* ---- products of columns */

/* A number whose addition to a share, and subtraction again, rounds it to the quantum of a column
 * with this maximum beside one of maximum 1: 1.5 * 2^52 quanta. No sum of shares exceeds 2^51. */
static double rounder(float maximum, int64_t n_rows) {
    int exponent, log_rows = 0;
    frexpf(maximum, &exponent);
    while (n_rows >> log_rows)
        log_rows++;
    return maximum > 0 ? ldexp(1.5, exponent + log_rows + 1) : 0;
}

/* sums += shares, from column k (upper) or 0 on, each rounded to its quantum. */
static void add_shares(const float *shares, size_t width, bool upper, const double *x_rounders,
                       const float *y_maxima, double *sums) {
    for (size_t a = 0; a < width; a++)
        for (size_t b = upper ? a : 0; b < width; b++) {
            const double big = x_rounders[a] * (double)y_maxima[b];
            sums[a * width + b] += ((double)shares[a * width + b] + big) - big;
        }
}

static void unit_gram(const float *x, const float *y, int rows, int width, float *shares) {
    if (x == y)
        cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, width, rows, 1.0f, x, width, 0.0f,
                    shares, width);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, width, width, rows, 1.0f, x, width, y,
                    width, 0.0f, shares, width);
}

/* scales: powers of two not below the maxima. */
static void round_scales(const tall_shape *t, const float *x_maxima, const float *y_maxima,
                         double *x_rounders, float *y_scales) {
    for (size_t k = 0; k < t->width; k++) {
        int exponent;
        x_rounders[k] = rounder(x_maxima[k], t->n_rows);
        frexpf(y_maxima[k], &exponent);
        y_scales[k] = y_maxima[k] > 0 ? ldexpf(1, exponent) : 0;
    }
}

void tall_gram(const tall_shape *t, const float *x, const float *x_maxima, const float *y,
               const float *y_maxima, double *g) {
    const size_t square = t->width * t->width, width = t->width;
    /* Both fit behind the thread's shares: TALL_UNIT rows of work space are free here. */
    double *x_rounders = (double *)(void *)(t->spaces[0] + square);
    float *y_scales = t->spaces[0] + square + 2 * width;
    round_scales(t, x_maxima, y_maxima, x_rounders, y_scales);
    const int openmp_default = blas_alone_begin();
#pragma omp parallel default(none) shared(t, x, y, x_rounders, y_scales)                           \
    firstprivate(square, width) num_threads(t->n_threads)
    {
        double *sums = t->sums[omp_get_thread_num()];
        float *shares = t->spaces[omp_get_thread_num()];
        memset(sums, 0, square * sizeof *sums);
#pragma omp for schedule(dynamic, 1)
        for (int64_t u = 0; u < t->n_units; u++) {
            size_t first;
            const size_t rows = rows_of(t, u, &first);
            unit_gram(x + first, y + first, (int)rows, (int)width, shares);
            add_shares(shares, width, x == y, x_rounders, y_scales, sums);
        }
    }
    blas_alone_end(openmp_default);
    memset(g, 0, square * sizeof *g);
    for (int i = 0; i < t->n_threads; i++)
        for (size_t k = 0; k < square; k++)
            g[k] += t->sums[i][k];
}

/* ---- products with a small matrix */

static void unit_multiply(float *x, int rows, int width, const float *r, bool upper, float *space) {
    if (upper) {
        cblas_strmm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, rows, width,
                    1.0f, r, width, x, width);
        return;
    }
    memcpy(space, x, (size_t)rows * (size_t)width * sizeof *x);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, width, 1.0f, space, width,
                r, width, 0.0f, x, width);
}

void tall_multiply(const tall_shape *t, float *x, const float *r, bool upper) {
    const int openmp_default = blas_alone_begin();
#pragma omp parallel for default(none) shared(t, x, r) firstprivate(upper)                         \
    num_threads(t->n_threads) schedule(dynamic, 1)
    for (int64_t u = 0; u < t->n_units; u++) {
        size_t first;
        const size_t rows = rows_of(t, u, &first);
        unit_multiply(x + first, (int)rows, (int)t->width, r, upper,
                      t->spaces[omp_get_thread_num()]);
    }
    blas_alone_end(openmp_default);
}
