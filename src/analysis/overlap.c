// SPDX-License-Identifier: Apache-2.0
#include "overlap.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"

static int compare_rows(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

void overlap_rising(const neighbour *found, int64_t n, int stride, int k, int32_t *lists) {
    for (int64_t i = 0; i < n; i++) {
        for (int j = 0; j < k; j++)
            lists[i * k + j] = found[i * stride + j].row;
        qsort(lists + i * k, (size_t)k, sizeof *lists, compare_rows);
    }
}

status overlap_lists(const unit_rows *all, int64_t n, const int32_t *queries, int k, int threads,
                     int32_t *lists) {
    neighbour *found;
    status s = mem_new(&found, (size_t)n * (size_t)k, sizeof *found, "neighbours");
    if (!s.code)
        s = neighbours_nearest(all, n, queries, k, threads, found);
    if (!s.code)
        overlap_rising(found, n, k, k, lists);
    mem_free(&found);
    return s;
}

int overlap_shared(const int32_t *a, const int32_t *b, int k) {
    int shared = 0;
    for (int i = 0, j = 0; i < k && j < k;) {
        shared += a[i] == b[j];
        const int next = i + (a[i] <= b[j]);
        j += a[i] >= b[j];
        i = next;
    }
    return shared;
}

void overlap_of_all(int n, const int32_t *lists, int64_t stride, int k, int *in_all, int *in_any) {
    *in_all = *in_any = 0;
    for (int r = 0; r < n; r++)
        for (int i = 0; i < k; i++) {
            const int32_t row = lists[r * stride + i];
            int before = 0, after = 0;
            for (int q = 0; q < n; q++) {
                const bool has =
                    bsearch(&row, lists + q * stride, (size_t)k, sizeof row, compare_rows) != NULL;
                before += has && q < r;
                after += has && q >= r;
            }
            *in_any += !before;
            *in_all += !r && after == n;
        }
}

double overlap_chance(int64_t n, int k) {
    return n > 1 ? (double)k / (double)(n - 1) : NAN;
}

static double log_choose(double n, double k) {
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

double overlap_jaccard_chance(int64_t n, int k) {
    const double others = (double)(n - 1);
    double mean = 0;
    for (int s = 1; s <= k; s++)
        if (k - s <= others - k)
            mean += exp(log_choose(k, s) + log_choose(others - k, k - s) - log_choose(others, k)) *
                    s / (2 * k - s);
    return mean;
}
