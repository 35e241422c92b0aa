// SPDX-License-Identifier: Apache-2.0
#include "fold.h"

#include <math.h>

static void add_scaled(float *a, const float *b, size_t n, float factor_a, float factor_b) {
    for (size_t k = 0; k < n; k++)
        a[k] = factor_a * a[k] + factor_b * b[k];
}

static void fold_overlap(const kernels *k, float *const *changes, int n, size_t padded, double q) {
    double q_all = q;
    for (int i = 1; i < n; i++) {
        float dots[3];
        k->dots(changes[0], changes[i], padded, dots);
        double a = dots[1] > 0 ? 1 - q_all * dots[0] / (2 * (double)dots[1]) : 1;
        double b = dots[2] > 0 ? 1 - q * dots[0] / (2 * (double)dots[2]) : 1;
        add_scaled(changes[0], changes[i], padded, (float)a, (float)b);
        q_all = 1 - (1 - q_all) * (1 - q);
    }
}

void fold_changes(const kernels *k, fold_rule rule, float *const *changes, int n, size_t used,
                  int n_replicas, double u) {
    const size_t padded = row_width((int64_t)used);
    if (rule == FOLD_CONTRACTION || rule == FOLD_ADASUM) {
        fold_overlap(k, changes, n, padded, rule == FOLD_ADASUM ? 1 : 1 - exp(-u));
        return;
    }
    for (int i = 1; i < n; i++)
        add_scaled(changes[0], changes[i], padded, 1, 1);
    if (rule == FOLD_MEAN)
        for (size_t i = 0; i < padded; i++)
            changes[0][i] /= (float)n_replicas;
}
