// SPDX-License-Identifier: Apache-2.0
#include "clusters.h"

#include <math.h>

#include "memory.h"

static double pairs(int64_t n) {
    return (double)n * (double)(n - 1) / 2;
}

status clusters_rand(int64_t n, int k, const int32_t *a, const int32_t *b, double *index) {
    int64_t *both, *in_a = NULL, *in_b = NULL;
    status s = mem_new(&both, (size_t)k * (size_t)k, sizeof *both, "clusters");
    if (!s.code)
        s = mem_new(&in_a, (size_t)k, sizeof *in_a, "clusters");
    if (!s.code)
        s = mem_new(&in_b, (size_t)k, sizeof *in_b, "clusters");
    for (int64_t i = 0; i < n && !s.code; i++) {
        both[a[i] * (int64_t)k + b[i]]++;
        in_a[a[i]]++;
        in_b[b[i]]++;
    }
    if (!s.code) {
        double together = 0, of_a = 0, of_b = 0;
        for (int64_t i = 0; i < (int64_t)k * k; i++)
            together += pairs(both[i]);
        for (int c = 0; c < k; c++) {
            of_a += pairs(in_a[c]);
            of_b += pairs(in_b[c]);
        }
        const double expected = n > 1 ? of_a * of_b / pairs(n) : NAN;
        const double room = (of_a + of_b) / 2 - expected;
        *index = room > 0 ? (together - expected) / room : NAN;
    }
    mem_free(&both);
    mem_free(&in_a);
    mem_free(&in_b);
    return s;
}
