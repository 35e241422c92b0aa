// SPDX-License-Identifier: Apache-2.0
#include "map.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>

#include "memory.h"
#include "small_dense.h"

static const float *row_of(const unit_rows *rows, int64_t i) {
    return rows->rows + (size_t)i * rows->stride;
}

/* ---- principal components */

/* The centred rows X [n, dim] as the smaller of X and X^T has them: m rows of length l, so that
 * the matrix of their products is as small as can be. */
typedef struct {
    bool by_word; /* a = X, m = n; otherwise a = X^T, m = dim */
    size_t m, l;
    double *a;        /* [m][l] */
    double *products; /* [m][m], then eigenvectors by rows */
    double *values;   /* [m] growing */
} components;

static double *cell(const components *c, int64_t word, int64_t column) {
    const size_t i = (size_t)(c->by_word ? word : column), j = (size_t)(c->by_word ? column : word);
    return c->a + i * c->l + j;
}

static void centre(const components *c, const unit_rows *rows) {
    for (int64_t column = 0; column < rows->dim; column++) {
        double sum = 0;
        for (int64_t i = 0; i < rows->n; i++)
            sum += row_of(rows, i)[column];
        for (int64_t i = 0; i < rows->n; i++)
            *cell(c, i, column) = row_of(rows, i)[column] - sum / (double)rows->n;
    }
}

static void multiply(const components *c, int threads) {
    const size_t m = c->m, l = c->l;
    const double *a = c->a;
    double *products = c->products;
#pragma omp parallel for default(none) shared(a, products) firstprivate(m, l) schedule(dynamic, 8) \
    num_threads(threads)
    for (size_t i = 0; i < m; i++)
        for (size_t j = i; j < m; j++) {
            double sum = 0;
#pragma omp simd reduction(+ : sum)
            for (size_t k = 0; k < l; k++)
                sum += a[i * l + k] * a[j * l + k];
            products[i * m + j] = products[j * m + i] = sum;
        }
}

/* The words' places on the axis of the eigenvector v of a value. */
static void project(const components *c, int64_t n, const double *v, double value, int axis,
                    double *points) {
    double farthest = 0;
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        if (c->by_word)
            sum = v[i] * sqrt(value);
        else
            for (size_t k = 0; k < c->m; k++)
                sum += v[k] * *cell(c, i, (int64_t)k);
        points[i * MAP_AXES + axis] = sum;
        if (fabs(sum) > fabs(farthest))
            farthest = sum;
    }
    for (int64_t i = 0; i < n && farthest < 0; i++)
        points[i * MAP_AXES + axis] *= -1;
}

static void take_axes(const components *c, int64_t n, double *points, double *shares) {
    double sum = 0;
    for (size_t i = 0; i < c->m; i++)
        sum += fmax(0, c->values[i]);
    for (int axis = 0; axis < MAP_AXES; axis++) {
        const bool there = (size_t)axis < c->m;
        const size_t place = there ? c->m - 1 - (size_t)axis : 0;
        const double value = there ? fmax(0, c->values[place]) : 0;
        shares[axis] = sum > 0 ? value / sum : NAN;
        for (int64_t i = 0; i < n && !there; i++)
            points[i * MAP_AXES + axis] = 0;
        if (there)
            project(c, n, c->products + place * c->m, value, axis, points);
    }
}

status map_components(const unit_rows *rows, int threads, double *points, double *shares) {
    const size_t n = (size_t)rows->n, dim = (size_t)rows->dim;
    components c = {.by_word = n < dim, .m = n < dim ? n : dim, .l = n < dim ? dim : n};
    status s = mem_new(&c.a, c.m * c.l, sizeof *c.a, "principal components");
    if (!s.code)
        s = mem_new(&c.products, c.m * c.m, sizeof *c.products, "principal components");
    if (!s.code)
        s = mem_new(&c.values, c.m, sizeof *c.values, "principal components");
    if (!s.code && c.m) {
        centre(&c, rows);
        multiply(&c, threads);
        s = small_eigen(c.products, (int)c.m, c.values);
    }
    if (!s.code)
        take_axes(&c, rows->n, points, shares);
    mem_free(&c.a);
    mem_free(&c.products);
    mem_free(&c.values);
    return s;
}

/* ---- t-SNE: affinities */

enum { SEARCH_STEPS = 64 };
static const double SAME_ENTROPY = 1e-7;

/* p[j] = exp(-beta d[j]) / their sum for j != self; returns the entropy in nats. */
static double condition(int64_t n, int64_t self, const double *d, double nearest, double beta,
                        double *p) {
    double sum = 0, mean = 0;
    for (int64_t j = 0; j < n; j++) {
        p[j] = j == self ? 0 : exp(-beta * (d[j] - nearest));
        sum += p[j];
        mean += p[j] * (d[j] - nearest);
    }
    for (int64_t j = 0; j < n; j++)
        p[j] /= sum;
    return log(sum) + beta * mean / sum;
}

/* Beta such that the entropy is log(perplexity), by bisection. */
static void search_width(int64_t n, int64_t self, const double *d, double perplexity, double *p) {
    double low = 0, high = INFINITY, beta = 1, nearest = INFINITY;
    for (int64_t j = 0; j < n; j++)
        if (j != self)
            nearest = fmin(nearest, d[j]);
    for (int step = 0; step < SEARCH_STEPS; step++) {
        const double over = condition(n, self, d, nearest, beta, p) - log(perplexity);
        if (fabs(over) < SAME_ENTROPY)
            return;
        if (over > 0)
            low = beta;
        else
            high = beta;
        beta = isinf(high) ? beta * 2 : (low + high) / 2;
    }
}

static void measure_distances(const unit_rows *rows, int64_t self, double *d) {
    const float *x = row_of(rows, self);
    for (int64_t j = 0; j < rows->n; j++) {
        const float *y = row_of(rows, j);
        double sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < rows->dim; k++)
            sum += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
        d[j] = sum;
    }
}

/* (p + p^T) / 2n: each word's neighbourhood counts the same. */
static void make_joint(int64_t n, double *p) {
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i; j < n; j++)
            p[i * n + j] = p[j * n + i] = (p[i * n + j] + p[j * n + i]) / (2 * (double)n);
}

status map_affinities(const unit_rows *rows, double perplexity, int threads, double *p) {
    const int64_t n = rows->n;
    double *distances;
    status s =
        mem_new(&distances, (size_t)threads * (size_t)n, sizeof *distances, "distances of words");
    if (s.code)
        return s;
#pragma omp parallel for default(none) shared(rows, distances, p) firstprivate(n, perplexity)      \
    num_threads(threads) schedule(dynamic, 8)
    for (int64_t i = 0; i < n; i++) {
        double *d = distances + omp_get_thread_num() * n;
        measure_distances(rows, i, d);
        search_width(n, i, d, perplexity, p + i * n);
    }
    make_joint(n, p);
    mem_free(&distances);
    return s;
}

/* ---- t-SNE: descent */

enum { EXAGGERATED_ITERATIONS = 250 };
static const double EXAGGERATION = 12, START_DEVIATION = 1e-4;
static const double SLOW_MOMENTUM = 0.5, MOMENTUM = 0.8;
static const double GAIN_UP = 0.2, GAIN_DOWN = 0.8, LEAST_GAIN = 0.01;

/* What one point feels: sums over the others, of p t dy (attraction), t^2 dy (repulsion) and t,
 * with t = 1 / (1 + |dy|^2). */
typedef struct {
    double attract[MAP_AXES], repel[MAP_AXES], t;
} forces;

/* x, y: [n] each, so that the loop is one of vectors. */
static forces feel(int64_t n, int64_t self, const double *p, const double *x, const double *y) {
    const double own_x = x[self], own_y = y[self];
    double ax = 0, ay = 0, rx = 0, ry = 0, sum = 0;
#pragma omp simd reduction(+ : ax, ay, rx, ry, sum)
    for (int64_t j = 0; j < n; j++) {
        const double dx = own_x - x[j], dy = own_y - y[j];
        const double t = 1 / (1 + dx * dx + dy * dy), near = p[j] * t, far = t * t;
        ax += near * dx;
        ay += near * dy;
        rx += far * dx;
        ry += far * dy;
        sum += t;
    }
    return (forces){{ax, ay}, {rx, ry}, sum - 1}; /* self: t = 1 and no way */
}

/* The points' places by axis: work[0..n), work[n..2n). */
static void by_axis(int64_t n, const double *points, double *work) {
    for (int64_t i = 0; i < n; i++)
        for (int axis = 0; axis < MAP_AXES; axis++)
            work[axis * n + i] = points[i * MAP_AXES + axis];
}

void map_gradient(int64_t n, const double *p, double exaggeration, const double *points,
                  int threads, double *work, double *gradient) {
    forces *felt = (forces *)(work + MAP_AXES * n);
    double total = 0;
    by_axis(n, points, work);
#pragma omp parallel for default(none) shared(p, work, felt) firstprivate(n) num_threads(threads)  \
    schedule(static)
    for (int64_t i = 0; i < n; i++)
        felt[i] = feel(n, i, p + i * n, work, work + n);
    for (int64_t i = 0; i < n; i++)
        total += felt[i].t;
    for (int64_t i = 0; i < n; i++)
        for (int axis = 0; axis < MAP_AXES; axis++)
            gradient[i * MAP_AXES + axis] =
                4 * (exaggeration * felt[i].attract[axis] - felt[i].repel[axis] / total);
}

static double square_distance(const double *points, int64_t i, int64_t j) {
    double sum = 0;
    for (int axis = 0; axis < MAP_AXES; axis++) {
        const double d = points[i * MAP_AXES + axis] - points[j * MAP_AXES + axis];
        sum += d * d;
    }
    return sum;
}

double map_divergence(int64_t n, const double *p, const double *points) {
    double total = 0, sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            total += i == j ? 0 : 1 / (1 + square_distance(points, i, j));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            if (i != j && p[i * n + j] > 0)
                sum +=
                    p[i * n + j] * log(p[i * n + j] * total * (1 + square_distance(points, i, j)));
    return sum;
}

typedef struct {
    double *p;                       /* [n][n] */
    double *gradient, *speed, *gain; /* [n][MAP_AXES] */
    double *work;                    /* [n * MAP_WORK] */
} descent;

static void start_descent(int64_t n, descent *d, double *points) {
    double square = 0;
    for (int64_t i = 0; i < n; i++)
        square += points[i * MAP_AXES] * points[i * MAP_AXES];
    const double scale = square > 0 ? START_DEVIATION / sqrt(square / (double)n) : 0;
    for (int64_t i = 0; i < n * MAP_AXES; i++) {
        points[i] *= scale;
        d->gain[i] = 1;
    }
}

/* Gains: Jacobs 1988. */
static void step(int64_t n, descent *d, double rate, double momentum, double *points) {
    double centre[MAP_AXES] = {0};
    for (int64_t i = 0; i < n * MAP_AXES; i++) {
        const bool against = (d->gradient[i] > 0) != (d->speed[i] > 0);
        d->gain[i] = fmax(LEAST_GAIN, against ? d->gain[i] + GAIN_UP : d->gain[i] * GAIN_DOWN);
        d->speed[i] = momentum * d->speed[i] - rate * d->gain[i] * d->gradient[i];
        points[i] += d->speed[i];
        centre[i % MAP_AXES] += points[i];
    }
    for (int64_t i = 0; i < n * MAP_AXES; i++)
        points[i] -= centre[i % MAP_AXES] / (double)n;
}

static void descend(int64_t n, const map_settings *settings, descent *d, double *points) {
    const double rate = fmax(50, (double)n / (4 * EXAGGERATION));
    start_descent(n, d, points);
    for (int i = 0; i < settings->iterations; i++) {
        const bool early = i < EXAGGERATED_ITERATIONS;
        map_gradient(n, d->p, early ? EXAGGERATION : 1, points, settings->threads, d->work,
                     d->gradient);
        step(n, d, rate, early ? SLOW_MOMENTUM : MOMENTUM, points);
    }
}

status map_neighbours(const unit_rows *rows, const map_settings *settings, double *points,
                      map_quality *quality) {
    const size_t n = (size_t)rows->n;
    descent d = {0};
    *quality = (map_quality){.perplexity = fmin(settings->perplexity, ((double)n - 1) / 3),
                             .divergence = NAN};
    status s = mem_new(&d.p, n * n, sizeof *d.p, "the affinities of a map of words");
    if (!s.code)
        s = mem_new(&d.gradient, n * MAP_AXES, sizeof *d.gradient, "a map of words");
    if (!s.code)
        s = mem_new(&d.speed, n * MAP_AXES, sizeof *d.speed, "a map of words");
    if (!s.code)
        s = mem_new(&d.gain, n * MAP_AXES, sizeof *d.gain, "a map of words");
    if (!s.code)
        s = mem_new(&d.work, n * MAP_WORK, sizeof *d.work, "a map of words");
    if (!s.code)
        s = map_affinities(rows, quality->perplexity, settings->threads, d.p);
    if (!s.code) {
        descend(rows->n, settings, &d, points);
        quality->divergence = map_divergence(rows->n, d.p, points);
    }
    mem_free(&d.p);
    mem_free(&d.gradient);
    mem_free(&d.speed);
    mem_free(&d.gain);
    mem_free(&d.work);
    return s;
}
