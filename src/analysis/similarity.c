// SPDX-License-Identifier: Apache-2.0
#include "similarity.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"

typedef struct {
    double value;
    int64_t place;
} placed;

static int compare_values(const void *a, const void *b) {
    double x = ((const placed *)a)->value, y = ((const placed *)b)->value;
    return (x > y) - (x < y);
}

status similarity_ranks(int64_t n, const double *x, double *ranks) {
    placed *sorted;
    status s = mem_new(&sorted, (size_t)n, sizeof *sorted, "ranks");
    if (s.code)
        return s;
    for (int64_t i = 0; i < n; i++)
        sorted[i] = (placed){x[i], i};
    qsort(sorted, (size_t)n, sizeof *sorted, compare_values);
    for (int64_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n && sorted[end].value == sorted[begin].value; end++)
            ;
        double mean = (double)(begin + 1 + end) / 2;
        for (int64_t i = begin; i < end; i++)
            ranks[sorted[i].place] = mean;
    }
    mem_free(&sorted);
    return s;
}

/* NaN when either has no spread. */
static double pearson(int64_t n, const double *x, const double *y) {
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) {
        mean_x += x[i] / (double)n;
        mean_y += y[i] / (double)n;
    }
    for (int64_t i = 0; i < n; i++) {
        double dx = x[i] - mean_x, dy = y[i] - mean_y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN;
}

static int is_constant(int64_t n, const double *x) {
    for (int64_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return 0;
    return 1;
}

status similarity_spearman(int64_t n, const double *x, const double *y, double *rho) {
    *rho = NAN;
    if (n < 3 || is_constant(n, x) || is_constant(n, y))
        return status_ok();
    double *ranks_x, *ranks_y = NULL;
    status s = mem_new(&ranks_x, (size_t)n, sizeof *ranks_x, "ranks");
    if (!s.code)
        s = mem_new(&ranks_y, (size_t)n, sizeof *ranks_y, "ranks");
    if (!s.code)
        s = similarity_ranks(n, x, ranks_x);
    if (!s.code)
        s = similarity_ranks(n, y, ranks_y);
    if (!s.code)
        *rho = pearson(n, ranks_x, ranks_y);
    mem_free(&ranks_x);
    mem_free(&ranks_y);
    return s;
}
