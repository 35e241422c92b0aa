// SPDX-License-Identifier: Apache-2.0
#include "eigen.h"

#include <math.h>
#include <string.h>

#include "exact_sum.h"
#include "log.h"
#include "memory.h"
#include "random.h"
#include "small_dense.h"
#include "tall.h"

enum { EXTRA = 16, QUANTUM = 32, N_BLOCKS = 3 };

/* Eigenvalues below this part of the largest are rounding. */
static const double NOTHING = 1e-6;

typedef struct {
    const symmetric *a;
    const eigen_settings *set;
    eigen_times *times;
    tall_shape tall;
    size_t width;
    float *blocks[N_BLOCKS], *q, *y, *p; /* rows here, with room before them (symmetric_slack) */
    double edge;                         /* of the filter */
    float *panel;
    float *q_maxima, *y_maxima; /* [B] */
    double *g;                  /* [B, B] */
    float *r;                   /* [B, B] */
    bool upper;                 /* R is an upper triangle */
    double *values;             /* [B] */
} solver;

/* ---- making */

size_t eigen_width(int64_t dim) {
    return (size_t)(dim + EXTRA + QUANTUM - 1) / QUANTUM * QUANTUM;
}

double eigen_bytes(double n_rows, int64_t dim, int n_threads, int n_ranks) {
    const double width = (double)eigen_width(dim), square = width * width;
    const double panel = n_ranks > 1 ? 17.0 * SPARSE_TILE * width * sizeof(float) : 0;
    return N_BLOCKS * (n_rows + SPARSE_TILE) * width * sizeof(float) + panel +
           square * (2 * sizeof(double) + sizeof(float)) +
           n_threads *
               (square * (sizeof(double) + sizeof(float)) + TALL_UNIT * width * sizeof(float));
}

static void clear(solver *v) {
    tall_clear(&v->tall);
    for (int i = 0; i < N_BLOCKS; i++)
        mem_free(&v->blocks[i]);
    mem_free(&v->panel);
    mem_free(&v->q_maxima);
    mem_free(&v->y_maxima);
    mem_free(&v->g);
    mem_free(&v->r);
    mem_free(&v->values);
}

static status create(solver *v, const symmetric *a, const eigen_settings *set, eigen_times *times) {
    const size_t width = eigen_width(set->dim), square = width * width;
    const int64_t begin = symmetric_begin(a), end = symmetric_end(a);
    const size_t slack = (size_t)symmetric_slack(begin), rows = (size_t)(end - begin) + slack;
    *v = (solver){.a = a, .set = set, .times = times, .width = width};
    v->tall = (tall_shape){.width = width,
                           .begin = begin,
                           .end = end,
                           .n_rows = a->n_rows,
                           .units = a->units,
                           .n_units = a->n_units,
                           .n_threads = a->n_threads};
    status s = tall_create(&v->tall);
    for (int i = 0; !s.code && i < N_BLOCKS; i++)
        s = mem_new(&v->blocks[i], rows * width, sizeof(float), "the block of eigenvectors");
    if (!s.code)
        s = mem_new(&v->panel, symmetric_panel_bytes(a, width), 1, "a panel of eigenvectors");
    if (!s.code)
        s = mem_new(&v->q_maxima, width, sizeof(float), "a small matrix");
    if (!s.code)
        s = mem_new(&v->y_maxima, width, sizeof(float), "a small matrix");
    if (!s.code)
        s = mem_new(&v->g, square, sizeof(double), "a small matrix");
    if (!s.code)
        s = mem_new(&v->r, square, sizeof(float), "a small matrix");
    if (!s.code)
        s = mem_new(&v->values, width, sizeof(double), "a small matrix");
    if (s.code)
        return s;
    v->q = v->blocks[0] + slack * width;
    v->y = v->blocks[1] + slack * width;
    v->p = v->blocks[2] + slack * width;
    return s;
}

/* Y becomes Q, and Q becomes P. */
static void turn(solver *v) {
    float *const free_rows = v->p, *const free_block = v->blocks[2];
    v->p = v->q;
    v->blocks[2] = v->blocks[0];
    v->q = v->y;
    v->blocks[0] = v->blocks[1];
    v->y = free_rows;
    v->blocks[1] = free_block;
}

/* ---- steps */

static void maxima(const solver *v, const float *x, float *out) {
    tall_maxima(&v->tall, x, out);
    exact_highest(v->a->world, out, v->width);
}

/* G of the whole matrices, on every rank. */
static void gram(solver *v, const float *x, const float *y) {
    const double started = clock_seconds(), width = (double)v->width;
    maxima(v, x, v->q_maxima);
    if (x != y)
        maxima(v, y, v->y_maxima);
    tall_gram(&v->tall, x, v->q_maxima, y, x == y ? v->q_maxima : v->y_maxima, v->g);
    exact_sum_reals(v->a->world, v->g, v->width * v->width);
    v->times->gram += clock_seconds() - started;
    v->times->dense_flops += (x == y ? 1 : 2) * (double)v->a->n_rows * width * width;
}

static void multiply(solver *v, float *x, bool upper) {
    const double started = clock_seconds(), width = (double)v->width;
    tall_multiply(&v->tall, x, v->r, upper);
    v->times->multiply += clock_seconds() - started;
    v->times->dense_flops += (upper ? 1 : 2) * (double)v->a->n_rows * width * width;
}

/* Q <- Q R, an orthonormal basis of Q's columns; edge, if not NULL, becomes the smallest singular
 * value of the former Q. Collective. */
static status orthonormalise(solver *v, double *edge) {
    const comm *world = v->a->world;
    status s = status_ok();
    gram(v, v->q, v->q);
    const double started = clock_seconds();
    if (comm_rank(world) == 0 && edge)
        s = small_least(v->g, (int)v->width, edge);
    if (comm_rank(world) == 0 && !s.code)
        s = small_orthogonal(v->g, (int)v->width, v->r, &v->upper);
    s = comm_agree(world, s);
    comm_broadcast(world, 0, v->r, v->width * v->width * sizeof *v->r);
    comm_broadcast(world, 0, &v->upper, sizeof v->upper);
    if (edge)
        comm_broadcast(world, 0, edge, sizeof *edge);
    v->times->small += clock_seconds() - started;
    if (!s.code)
        multiply(v, v->q, v->upper);
    return s;
}

/* Y = A Q. */
static void apply(solver *v) {
    const double started = clock_seconds();
    symmetric_multiply(v->a, v->q, v->y, v->width, v->panel, v->set->kernel);
    v->times->sparse += clock_seconds() - started;
    v->times->sparse_flops += 2 * (double)v->a->n_cells * (double)v->width;
}

static bool begins_filter(int iteration) {
    return (iteration & (iteration - 1)) == 0;
}

/* Y -= b P. */
static void filter(const solver *v, int iteration) {
    const double started = clock_seconds();
    const float b = (float)(v->edge * v->edge / (begins_filter(iteration - 1) ? 2 : 4));
    const size_t n = (size_t)(v->tall.end - v->tall.begin) * v->width;
    float *const y = v->y;
    const float *const p = v->p;
#pragma omp parallel for simd default(none) firstprivate(y, p, n, b) num_threads(v->tall.n_threads)
    for (size_t i = 0; i < n; i++)
        y[i] -= b * p[i];
    v->times->multiply += clock_seconds() - started;
}

/* With few rows, two that matter may share their only column of the sketch. */
static int count_signs(const solver *v) {
    return v->a->n_rows < 16 * (int64_t)v->width ? 8 : 1;
}

/* Q from the sketch. */
static status begin(solver *v) {
    const uint64_t key = random_key(v->set->seed, RANDOM_SKETCH, 0);
    const double started = clock_seconds();
    sparse_tiles_sketch(&v->a->tiles, key, (int)v->width, count_signs(v), v->q, v->width,
                        v->a->n_threads);
    v->times->sparse += clock_seconds() - started;
    return orthonormalise(v, NULL);
}

/* Q and P move from one block to another in every iteration. */
static eigen_block block_of(const solver *v, int done) {
    return (eigen_block){.done = done,
                         .edge = v->edge,
                         .begin = v->tall.begin,
                         .end = v->tall.end,
                         .width = v->width,
                         .rows = v->q,
                         .previous = v->p};
}

static status pause_at(const solver *v, int done) {
    const eigen_pauses *p = &v->set->pauses;
    const eigen_block b = block_of(v, done);
    return p->pause ? p->pause(p->context, &b) : status_ok();
}

static status iterate_once(solver *v, int iteration) {
    const bool begins = begins_filter(iteration);
    apply(v);
    if (!begins)
        filter(v, iteration);
    turn(v);
    const status s = orthonormalise(v, begins ? &v->edge : NULL);
    if (!s.code && !begins_filter(iteration + 1))
        multiply(v, v->p, v->upper);
    return s;
}

static status iterate(solver *v) {
    const eigen_pauses *p = &v->set->pauses;
    eigen_block b = block_of(v, 0);
    status s = p->resume ? p->resume(p->context, &b) : begin(v);
    v->edge = b.edge;
    for (int i = b.done; !s.code && i < v->set->iterations; i++) {
        s = pause_at(v, i);
        if (!s.code)
            s = iterate_once(v, i);
    }
    return s.code ? s : orthonormalise(v, NULL);
}

/* Rows of w, eigenvectors of the small matrix, become columns of R by falling |lambda|; those of
 * nothing become zero. */
static void sort_pairs(solver *v, const double *w, const double *lambda, double *sorted) {
    const size_t n = v->width;
    size_t low = 0, high = n; /* LAPACK's values rise: the next largest magnitude is at an end */
    for (size_t k = 0; k < n; k++) {
        const bool negative = fabs(lambda[low]) > fabs(lambda[high - 1]);
        const size_t from = negative ? low++ : --high;
        sorted[k] = lambda[from];
        const bool there = fabs(sorted[k]) > NOTHING * fabs(sorted[0]);
        for (size_t i = 0; i < n; i++)
            v->r[i * n + k] = there ? (float)w[from * n + i] : 0;
    }
}

/* Both triangles of Q^T A Q are there and differ by rounding. */
static status solve_small(solver *v, double *sorted) {
    const size_t n = v->width;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            v->g[i * n + j] = v->g[j * n + i] = (v->g[i * n + j] + v->g[j * n + i]) / 2;
    const status s = small_eigen(v->g, (int)n, v->values);
    if (!s.code)
        sort_pairs(v, v->g, v->values, sorted);
    return s;
}

static status rayleigh_ritz(solver *v, double *sorted) {
    const comm *world = v->a->world;
    status s = status_ok();
    apply(v);
    gram(v, v->q, v->y);
    const double started = clock_seconds();
    if (comm_rank(world) == 0)
        s = solve_small(v, sorted);
    s = comm_agree(world, s);
    comm_broadcast(world, 0, v->r, v->width * v->width * sizeof *v->r);
    comm_broadcast(world, 0, sorted, v->width * sizeof *sorted);
    v->times->small += clock_seconds() - started;
    if (!s.code)
        multiply(v, v->q, false);
    return s;
}

/* ---- the whole */

static int64_t count_pairs(const double *values, int64_t dim) {
    int64_t n = 0;
    while (n < dim && fabs(values[n]) > NOTHING * fabs(values[0]))
        n++;
    return n;
}

status eigen_find(eigen_pairs *e, const symmetric *a, const eigen_settings *settings) {
    solver v;
    *e = (eigen_pairs){.begin = symmetric_begin(a),
                       .end = symmetric_end(a),
                       .dim = settings->dim,
                       .width = eigen_width(settings->dim)};
    status s = create(&v, a, settings, &e->times);
    if (!s.code)
        s = mem_new(&e->values, e->width, sizeof *e->values, "eigenvalues");
    if (!s.code)
        s = mem_new(&e->factors, e->width, sizeof *e->factors, "eigenvalues");
    s = comm_agree(a->world, s);
    if (!s.code)
        s = iterate(&v);
    if (!s.code)
        s = rayleigh_ritz(&v, e->values);
    if (!s.code) {
        e->rank = count_pairs(e->values, e->dim);
        e->block = v.blocks[0];
        e->vectors = v.q;
        v.blocks[0] = NULL;
    }
    clear(&v);
    if (s.code)
        eigen_clear(e);
    return s;
}

void eigen_clear(eigen_pairs *e) {
    mem_free(&e->block);
    mem_free(&e->values);
    mem_free(&e->factors);
    *e = (eigen_pairs){0};
}

void eigen_scale(eigen_pairs *e, double power) {
    const size_t n = (size_t)(e->end - e->begin);
    for (int64_t k = 0; k < e->dim; k++)
        e->factors[k] = k < e->rank ? (float)pow(fabs(e->values[k]), power) : 0;
    for (size_t i = 0; i < n; i++)
        for (int64_t k = 0; k < e->dim; k++)
            e->vectors[i * e->width + (size_t)k] *= e->factors[k];
}
