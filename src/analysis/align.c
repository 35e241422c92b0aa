// SPDX-License-Identifier: Apache-2.0
#include "align.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "blas_alone.h"
#include "memory.h"
#include "space_dense.h"

enum { BLOCK = 256 /* rows that a thread maps at a time */ };

static bool centres(align_method method) {
    return method == ALIGN_CENTRED || method == ALIGN_BIAS;
}

static bool scales(align_method method) {
    return method == ALIGN_SCALED || method == ALIGN_BIAS;
}

/* ---- fitting */

typedef struct {
    dense_tall x, y;
    double x_squares, y_squares;
    double *x_mean, *y_mean;  /* [dim] zeros without centring */
    double *product, *u, *vt; /* [dim][dim] */
    double *values;           /* [dim] */
} fit;

static void clear_fit(fit *f) {
    dense_clear(&f->x);
    dense_clear(&f->y);
    mem_free(&f->x_mean);
    mem_free(&f->y_mean);
    mem_free(&f->product);
    mem_free(&f->u);
    mem_free(&f->vt);
    mem_free(&f->values);
}

static status new_fit(fit *f, alignment *a, size_t dim) {
    struct {
        double **slot;
        size_t count;
    } const arrays[] = {{&f->x_mean, dim},  {&f->y_mean, dim},        {&f->values, dim},
                        {&f->u, dim * dim}, {&f->product, dim * dim}, {&f->vt, dim * dim},
                        {&a->bias, dim},    {&a->rotation, dim * dim}};
    status s = status_ok();
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays && !s.code; i++)
        s = mem_new(arrays[i].slot, arrays[i].count, sizeof(double), "an alignment");
    return s;
}

/* b = mean Y - s mean X R */
static void find_bias(alignment *a, const fit *f) {
    const int dim = (int)a->dim;
    memcpy(a->bias, f->y_mean, (size_t)dim * sizeof *a->bias);
    cblas_dgemv(CblasRowMajor, CblasTrans, dim, dim, -a->scale, a->rotation, dim, f->x_mean, 1, 1,
                a->bias, 1);
}

/* y <- s X R - Y, then its length; x and y are centred if the method centres. Collective. */
static void find_residual(alignment *a, fit *f, const comm *world) {
    const int dim = (int)a->dim;
    double sum = 0;
    if (f->x.n_local)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)f->x.n_local, dim, dim,
                    a->scale, f->x.rows, dim, a->rotation, dim, -1, f->y.rows, dim);
    for (int64_t i = 0; i < f->y.n_local * a->dim; i++)
        sum += f->y.rows[i] * f->y.rows[i];
    a->residual = sqrt(comm_sum_real(world, sum));
    a->relative = f->y_squares > 0 ? a->residual / sqrt(f->y_squares) : NAN;
}

static status solve(fit *f, const space *x, const space *y, const align_settings *settings,
                    alignment *a) {
    const int dim = (int)a->dim;
    const bool centre = centres(settings->method);
    if (centre) {
        space_mean(x, f->x_mean);
        space_mean(y, f->y_mean);
    }
    status s = space_to_dense(x, centre ? f->x_mean : NULL, &f->x, &f->x_squares);
    if (!s.code)
        s = space_to_dense(y, centre ? f->y_mean : NULL, &f->y, &f->y_squares);
    if (s.code)
        return s;
    dense_product(x->world, &f->x, &f->y, f->product);
    blas_threads_begin(space_dense_threads(dim, settings->threads));
    s = dense_svd_small(x->world, f->product, dim, dim, f->values, f->u, f->vt);
    blas_threads_begin(settings->threads);
    if (s.code)
        return s;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, dim, dim, dim, 1, f->u, dim, f->vt, dim,
                0, a->rotation, dim);
    for (int i = 0; i < dim; i++)
        a->trace += f->values[i];
    if (scales(settings->method) && f->x_squares > 0)
        a->scale = a->trace / f->x_squares;
    find_bias(a, f);
    find_residual(a, f, x->world);
    return s;
}

status align_find(const space *x, const space *y, const align_settings *settings, alignment *a) {
    *a = (alignment){.dim = x->dim, .scale = 1};
    if (x->dim != y->dim)
        return status_error(STATUS_INPUT,
                            "vectors of %lld and of %lld columns cannot be aligned: a rotation "
                            "keeps their number",
                            (long long)x->dim, (long long)y->dim);
    fit f = {0};
    status s = comm_agree(x->world, new_fit(&f, a, (size_t)x->dim));
    if (!s.code) {
        const int openmp_default = blas_threads_begin(settings->threads);
        s = solve(&f, x, y, settings, a);
        blas_alone_end(openmp_default);
    }
    clear_fit(&f);
    return s;
}

void align_clear(alignment *a) {
    mem_free(&a->rotation);
    mem_free(&a->bias);
}

/* ---- mapping */

/* What is done with each row of x: it is stored, or compared with that of y. */
typedef struct {
    const alignment *a; /* NULL: rows as they are */
    int64_t n, dim;
    const float *in, *y;
    size_t stride, y_stride, out_stride;
    float *out;
    double *cosine, *euclidean;
} pass;

static void map_rows(const pass *p, int64_t first, int64_t n, double *rows, double *mapped) {
    const int dim = (int)p->dim;
    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < dim; j++)
            rows[i * dim + j] = p->in[(size_t)(first + i) * p->stride + (size_t)j];
    if (!p->a) {
        memcpy(mapped, rows, (size_t)(n * dim) * sizeof *mapped);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(mapped + i * dim, p->a->bias, (size_t)dim * sizeof *mapped);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, dim, dim, p->a->scale, rows, dim,
                p->a->rotation, dim, 1, mapped, dim);
}

static void store(const pass *p, int64_t row, const double *mapped) {
    float *out = p->out + (size_t)row * p->out_stride;
    for (int64_t j = 0; j < p->dim; j++)
        out[j] = (float)mapped[j];
    for (size_t j = (size_t)p->dim; j < p->out_stride; j++)
        out[j] = 0;
}

static void compare(const pass *p, int64_t row, const double *x) {
    const float *y = p->y + (size_t)row * p->y_stride;
    double xx = 0, yy = 0, xy = 0, distance = 0;
    for (int64_t j = 0; j < p->dim; j++) {
        const double difference = x[j] - y[j];
        xx += x[j] * x[j];
        yy += (double)y[j] * y[j];
        xy += x[j] * y[j];
        distance += difference * difference;
    }
    if (p->cosine)
        p->cosine[row] = xx > 0 && yy > 0 ? 1 - xy / sqrt(xx * yy) : NAN;
    if (p->euclidean)
        p->euclidean[row] = sqrt(distance);
}

static void run_block(const pass *p, int64_t first, double *rows) {
    const int64_t n = p->n - first < BLOCK ? p->n - first : BLOCK;
    double *mapped = rows + BLOCK * p->dim;
    map_rows(p, first, n, rows, mapped);
    for (int64_t i = 0; i < n; i++) {
        if (p->out)
            store(p, first + i, mapped + i * p->dim);
        if (p->y)
            compare(p, first + i, mapped + i * p->dim);
    }
}

static status run(const pass *p, int threads) {
    const size_t part = 2 * BLOCK * (size_t)p->dim;
    double *spaces;
    const status s = mem_new(&spaces, (size_t)threads * part, sizeof *spaces, "rows to be mapped");
    if (s.code)
        return s;
    const int openmp_default = blas_alone_begin();
#pragma omp parallel for default(none) shared(p, spaces) firstprivate(part) num_threads(threads)   \
    schedule(dynamic, 1)
    for (int64_t first = 0; first < p->n; first += BLOCK)
        run_block(p, first, spaces + (size_t)omp_get_thread_num() * part);
    blas_alone_end(openmp_default);
    mem_free(&spaces);
    return s;
}

status align_rows(const alignment *a, int64_t n, const float *in, size_t stride, int threads,
                  float *out, size_t to_stride) {
    const pass p = {.a = a,
                    .n = n,
                    .dim = a->dim,
                    .in = in,
                    .stride = stride,
                    .out = out,
                    .out_stride = to_stride};
    return run(&p, threads);
}

status align_displacement(const alignment *a, const space *x, const space *y, int threads,
                          double *cosine, double *euclidean) {
    const pass p = {.a = a,
                    .n = x->n_local,
                    .dim = x->dim,
                    .in = x->rows,
                    .stride = x->stride,
                    .y = y->rows,
                    .y_stride = y->stride,
                    .cosine = cosine,
                    .euclidean = euclidean};
    return run(&p, threads);
}
