// SPDX-License-Identifier: Apache-2.0
#include "drift.h"

#include <math.h>

#include "memory.h"
#include "overlap.h"

/* ---- neighbours */

static status new_lists(drift_point *p) {
    const size_t n = (size_t)p->unit.n_local;
    status s = mem_new(&p->nearest, n * (size_t)p->k, sizeof *p->nearest, "neighbours");
    if (!s.code)
        s = mem_new(&p->listed, n * (size_t)p->k_shift, sizeof *p->listed, "neighbours");
    if (!s.code)
        s = mem_new(&p->ordered, n * (size_t)p->k, sizeof *p->ordered, "neighbours");
    return s;
}

static status find_neighbours(drift_point *p, const unit_rows *all, int threads) {
    const int64_t n = p->unit.n_local;
    const int most = p->k > p->k_shift ? p->k : p->k_shift;
    int32_t *queries = NULL;
    neighbour *found = NULL;
    status s = new_lists(p);
    if (!s.code)
        s = mem_new(&queries, (size_t)n, sizeof *queries, "words");
    if (!s.code)
        s = mem_new(&found, (size_t)n * (size_t)most, sizeof *found, "neighbours");
    for (int64_t i = 0; i < n && !s.code; i++)
        queries[i] = (int32_t)(p->unit.begin + i);
    if (!s.code)
        s = neighbours_nearest(all, n, queries, most, threads, found);
    if (!s.code) {
        overlap_rising(found, n, most, p->k, p->nearest);
        overlap_rising(found, n, most, p->k_shift, p->listed);
        for (int64_t i = 0; i < n * p->k; i++)
            p->ordered[i] = found[i / p->k * most + i % p->k];
    }
    mem_free(&queries);
    mem_free(&found);
    return s;
}

status drift_point_create(drift_point *p, const space *rows, int k, int threads) {
    const int most = rows->n - 1 < INT32_MAX ? (int)(rows->n - 1) : INT32_MAX;
    unit_rows all = {0};
    *p =
        (drift_point){.k = k < most ? k : most, .k_shift = DRIFT_SHIFT < most ? DRIFT_SHIFT : most};
    status s = comm_agree(rows->world, space_unit(rows, &p->unit));
    if (s.code || !k)
        return s;
    s = space_gather(&p->unit, &all);
    if (!s.code)
        s = comm_agree(rows->world, find_neighbours(p, &all, threads));
    mem_free(&all.rows);
    return s;
}

void drift_point_clear(drift_point *p) {
    space_clear(&p->unit);
    mem_free(&p->nearest);
    mem_free(&p->listed);
    mem_free(&p->ordered);
}

void drift_turnover(const drift_point *from, const drift_point *to, double *out) {
    const int k = from->k;
    for (int64_t i = 0; i < from->unit.n_local; i++)
        out[i] = 1 - (double)overlap_shared(from->nearest + i * k, to->nearest + i * k, k) / k;
}

double drift_turnover_chance(const drift_point *p) {
    return 1 - overlap_chance(p->unit.n, p->k);
}

/* ---- shift */

/* Two rising lists of k as one; returns its length. */
static int merge_lists(const int32_t *a, const int32_t *b, int k, int32_t *out) {
    int n = 0;
    for (int i = 0, j = 0; i < k || j < k;) {
        const bool take_a = j == k || (i < k && a[i] <= b[j]);
        const bool take_b = i == k || (j < k && b[j] <= a[i]);
        out[n++] = take_a ? a[i] : b[j];
        i += take_a;
        j += take_b;
    }
    return n;
}

static double shift_of(const drift_point *from, const drift_point *to, const unit_rows *all_from,
                       const unit_rows *all_to, int64_t i) {
    const int k = from->k_shift;
    const int64_t row = from->unit.begin + i;
    const float *x = all_from->rows + (size_t)row * all_from->stride,
                *y = all_to->rows + (size_t)row * all_to->stride;
    int32_t both[2 * DRIFT_SHIFT];
    double xy = 0, xx = 0, yy = 0;
    const int n = merge_lists(from->listed + i * k, to->listed + i * k, k, both);
    for (int j = 0; j < n; j++) {
        const size_t other = (size_t)both[j];
        const double a =
            neighbours_dot(x, all_from->rows + other * all_from->stride, all_from->dim);
        const double b = neighbours_dot(y, all_to->rows + other * all_to->stride, all_to->dim);
        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    return xx > 0 && yy > 0 ? 1 - xy / sqrt(xx * yy) : NAN;
}

void drift_shift(const drift_point *from, const drift_point *to, const unit_rows *all_from,
                 const unit_rows *all_to, int threads, double *out) {
    const int64_t n = from->unit.n_local;
#pragma omp parallel for default(none) shared(from, to, all_from, all_to, out) firstprivate(n)     \
    num_threads(threads > 0 ? threads : 1) schedule(static)
    for (int64_t i = 0; i < n; i++)
        out[i] = shift_of(from, to, all_from, all_to, i);
}

void drift_norms(const space *rows, double *out) {
    for (int64_t i = 0; i < rows->n_local; i++) {
        const float *x = rows->rows + (size_t)i * rows->stride;
        out[i] = sqrt(neighbours_dot(x, x, rows->dim));
    }
}
