// SPDX-License-Identifier: Apache-2.0
#include "fold.h"

#include <math.h>

enum { N = CURVATURE_DIRECTIONS };

/* A difference of contractions, over all replicas, that nobody sees. */
static const double NEGLIGIBLE = 0.02;

static void add_scaled(float *a, const float *b, size_t n, float factor_a, float factor_b) {
    for (size_t k = 0; k < n; k++)
        a[k] = factor_a * a[k] + factor_b * b[k];
}

static void fold_overlap(const fold_settings *how, float *const *changes, int n, size_t padded,
                         double q) {
    double q_all = q;
    for (int i = 1; i < n; i++) {
        float dots[3];
        how->kernel->dots(changes[0], changes[i], padded, dots);
        double a = dots[1] > 0 ? 1 - q_all * dots[0] / (2 * (double)dots[1]) : 1;
        double b = dots[2] > 0 ? 1 - q * dots[0] / (2 * (double)dots[2]) : 1;
        add_scaled(changes[0], changes[i], padded, (float)a, (float)b);
        q_all = 1 - (1 - q_all) * (1 - q);
    }
}

static void add_up(float *const *changes, int n, size_t padded) {
    for (int i = 1; i < n; i++)
        add_scaled(changes[0], changes[i], padded, 1, 1);
}

/* How many leading directions are pulled noticeably harder than the rest. */
static int count_noticed(const curvature *c, double u) {
    int n = N;
    while (n > 0 && u * (c->values[n - 1] - c->rest) < NEGLIGIBLE)
        n--;
    return n;
}

/* All directions are taken like the many weak ones, and the leading ones put right at the end. */
static void fold_sequence(const fold_settings *how, float *const *changes, int n, size_t padded) {
    const curvature *c = how->curvature;
    const double u = how->u * how->n_replicas / n; /* those that touched the row trained it all */
    const int noticed = count_noticed(c, n * u);
    const float kept = (float)exp(-u * c->rest);
    float kept_along[N], along[N] = {0}, taken[N] = {0}, dots[3];
    for (int k = 0; k < noticed; k++)
        kept_along[k] = (float)exp(-u * c->values[k]);
    for (int r = 0; r < n; r++) {
        for (int k = 0; k < noticed; k++) {
            how->kernel->dots(changes[r], c->directions + (size_t)k * c->width, padded, dots);
            along[k] = kept_along[k] * along[k] + dots[0];
            taken[k] = kept * taken[k] + dots[0];
        }
        if (r > 0)
            add_scaled(changes[0], changes[r], padded, kept, 1);
    }
    for (int k = 0; k < noticed; k++)
        add_scaled(changes[0], c->directions + (size_t)k * c->width, padded, 1,
                   along[k] - taken[k]);
}

void fold_changes(const fold_settings *how, float *const *changes, int n, size_t used) {
    const size_t padded = row_width((int64_t)used);
    switch (how->rule) {
    case FOLD_SEQUENCE:
        if (n > 1)
            fold_sequence(how, changes, n, padded);
        break;
    case FOLD_CONTRACTION:
        fold_overlap(how, changes, n, padded, 1 - exp(-how->u * how->curvature->trace));
        break;
    case FOLD_ADASUM:
        fold_overlap(how, changes, n, padded, 1);
        break;
    case FOLD_MEAN:
    case FOLD_SUM:
        add_up(changes, n, padded);
        for (size_t i = 0; how->rule == FOLD_MEAN && i < padded; i++)
            changes[0][i] /= (float)how->n_replicas;
        break;
    }
}
