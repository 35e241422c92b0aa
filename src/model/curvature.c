// SPDX-License-Identifier: Apache-2.0
#include "curvature.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "blas_alone.h"
#include "memory.h"
#include "random.h"

/* Of the subspace. Directions that are not quite eigenvectors do no harm: each goes with the mean
 * of (y.direction)^2, which is what counts. */
enum { ITERATIONS = 8 };

/* At equal distances of the cumulated rates, so that each row counts by its rate. */
static void choose_sample(curvature *c, const double *rates, int64_t n_rows) {
    double all = 0, before = 0;
    int64_t row = 0;
    for (int64_t i = 0; i < n_rows; i++)
        all += rates[i];
    for (int k = 0; k < CURVATURE_SAMPLE; k++) {
        const double at = (k + 0.5) / CURVATURE_SAMPLE * all;
        while (row + 1 < n_rows && before + rates[row] <= at)
            before += rates[row++];
        c->sample[k] = row;
    }
}

status curvature_create(curvature *c, const double *rates, int64_t n_rows, int64_t dim,
                        double together) {
    *c = (curvature){.dim = dim, .width = row_width(dim), .together = together};
    const size_t subspace = CURVATURE_DIRECTIONS * c->width;
    const char *what = "the curvature";
    status s = mem_new(&c->sample, CURVATURE_SAMPLE, sizeof *c->sample, what);
    if (!s.code)
        s = mem_new(&c->rows, CURVATURE_SAMPLE * c->width, sizeof *c->rows, what);
    if (!s.code)
        s = mem_new(&c->moment, (size_t)dim * c->width, sizeof *c->moment, what);
    if (!s.code)
        s = mem_new(&c->directions, subspace, sizeof *c->directions, what);
    if (!s.code)
        s = mem_new(&c->space, subspace, sizeof *c->space, what);
    if (!s.code)
        choose_sample(c, rates, n_rows);
    return s;
}

void curvature_clear(curvature *c) {
    mem_free(&c->sample);
    mem_free(&c->rows);
    mem_free(&c->moment);
    mem_free(&c->directions);
    mem_free(&c->space);
}

static void add_mean_row(curvature *c) {
    const float share = (float)(1 - 1 / c->together);
    float *mean = c->space;
    memset(mean, 0, c->width * sizeof *mean);
    for (size_t k = 0; k < CURVATURE_SAMPLE; k++)
        for (size_t i = 0; i < c->width; i++)
            mean[i] += c->rows[k * c->width + i] / CURVATURE_SAMPLE;
    for (size_t i = 0; i < (size_t)c->dim; i++)
        for (size_t j = i; j < (size_t)c->dim; j++)
            c->moment[i * c->width + j] += share * mean[i] * mean[j];
}

static void measure_moment(curvature *c) {
    const int dim = (int)c->dim, width = (int)c->width;
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, dim, CURVATURE_SAMPLE,
                (float)(1 / (CURVATURE_SAMPLE * c->together)), c->rows, width, 0.0f, c->moment,
                width);
    if (c->together > 1)
        add_mean_row(c);
    c->trace = 0;
    for (size_t i = 0; i < (size_t)dim; i++) {
        c->trace += (double)c->moment[i * c->width + i];
        for (size_t j = 0; j < i; j++)
            c->moment[i * c->width + j] = c->moment[j * c->width + i];
    }
}

static double dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Gram-Schmidt. A row that the others explain up to rounding becomes 0. */
static void orthonormalise(const curvature *c, float *rows) {
    for (size_t k = 0; k < CURVATURE_DIRECTIONS; k++) {
        float *row = rows + k * c->width;
        const double before = sqrt(dot(row, row, c->width));
        for (size_t l = 0; l < k; l++) {
            const float part = (float)dot(row, rows + l * c->width, c->width);
            for (size_t i = 0; i < c->width; i++)
                row[i] -= part * rows[l * c->width + i];
        }
        const double length = sqrt(dot(row, row, c->width));
        const float scale = length > 1e-5 * before ? (float)(1 / length) : 0;
        for (size_t i = 0; i < c->width; i++)
            row[i] *= scale;
    }
}

static void start_anywhere(const curvature *c, float *rows) {
    const uint64_t key = random_key(0, RANDOM_INIT, 0);
    memset(rows, 0, CURVATURE_DIRECTIONS * c->width * sizeof *rows);
    for (size_t k = 0; k < CURVATURE_DIRECTIONS; k++)
        for (size_t i = 0; i < (size_t)c->dim; i++)
            rows[k * c->width + i] =
                (float)(random_unit(random_at(key, k * (size_t)c->dim + i)) - 0.5);
}

/* product = rows M */
static void multiply(const curvature *c, const float *rows, float *product) {
    const int dim = (int)c->dim, width = (int)c->width;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, CURVATURE_DIRECTIONS, dim, dim, 1.0f,
                rows, width, c->moment, width, 0.0f, product, width);
}

void curvature_measure(curvature *c) {
    const int openmp_default = blas_alone_begin();
    measure_moment(c);
    start_anywhere(c, c->directions);
    for (int i = 0; i < ITERATIONS; i++) {
        multiply(c, c->directions, c->space);
        orthonormalise(c, c->space);
        memcpy(c->directions, c->space, CURVATURE_DIRECTIONS * c->width * sizeof *c->space);
    }
    multiply(c, c->directions, c->space);
    blas_alone_end(openmp_default);
    double rest = c->trace;
    for (size_t k = 0; k < CURVATURE_DIRECTIONS; k++) {
        c->values[k] = dot(c->directions + k * c->width, c->space + k * c->width, c->width);
        rest -= c->values[k];
    }
    c->rest =
        c->dim > CURVATURE_DIRECTIONS ? fmax(0, rest) / (double)(c->dim - CURVATURE_DIRECTIONS) : 0;
}
