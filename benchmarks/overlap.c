// SPDX-License-Identifier: Apache-2.0
/* The part of the 10 nearest neighbours of the most frequent words that two tables agree on: the
 * mean over 1,000 words, candidates the first 30,000 (Wendlandt et al. 2018).
 * Usage: bench_overlap A B, vector files of the same words in the same order; prints the number. */
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "neighbours.h"
#include "vectors.h"

enum { QUERIES = 1000, CANDIDATES = 30000, NEAREST = 10 };

static void check(status s) {
    if (s.code) {
        fprintf(stderr, "bench_overlap: %s\n", s.message);
        exit(1);
    }
}

/* near: [n_queries][NEAREST] */
static void find(const vectors *v, int64_t n_queries, neighbour *near) {
    int32_t *queries = NULL;
    const int64_t n = v->words.n < CANDIDATES ? v->words.n : CANDIDATES;
    const unit_rows rows = {.rows = v->rows, .n = n, .dim = v->dim, .stride = (size_t)v->dim};
    check(mem_new(&queries, (size_t)n_queries, sizeof *queries, "queries"));
    for (int64_t i = 0; i < n; i++)
        neighbours_normalise(v->rows + i * v->dim, v->dim);
    for (int32_t i = 0; i < n_queries; i++)
        queries[i] = i;
    check(neighbours_nearest(&rows, n_queries, queries, NEAREST, 1, near));
    mem_free(&queries);
}

static int common(const neighbour *a, const neighbour *b) {
    int n = 0;
    for (int i = 0; i < NEAREST; i++)
        for (int j = 0; j < NEAREST; j++)
            n += a[i].row == b[j].row;
    return n;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: bench_overlap A B\n");
        return 2;
    }
    vectors v[2];
    neighbour *near[2] = {NULL, NULL};
    int64_t n = QUERIES, shared = 0;
    for (int i = 0; i < 2; i++) {
        check(vectors_read(&v[i], argv[1 + i], VECTORS_AUTO));
        n = v[i].words.n < n ? v[i].words.n : n;
    }
    if (v[0].words.n != v[1].words.n || n <= NEAREST) {
        fprintf(stderr, "bench_overlap: %s and %s have other words, or too few\n", argv[1],
                argv[2]);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        check(mem_new(&near[i], (size_t)n * NEAREST, sizeof *near[i], "neighbours"));
        find(&v[i], n, near[i]);
    }
    for (int64_t q = 0; q < n; q++)
        shared += common(near[0] + q * NEAREST, near[1] + q * NEAREST);
    printf("%.3f\n", (double)shared / (double)(n * NEAREST));
    for (int i = 0; i < 2; i++) {
        mem_free(&near[i]);
        vectors_clear(&v[i]);
    }
    return 0;
}
