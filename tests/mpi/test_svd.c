// SPDX-License-Identifier: Apache-2.0
/* Eigenpairs of positive PMI over ranks: against LAPACK on the dense matrix, and bit for bit
 * against the same work on one rank; np 1, 2, 3, 4. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eigen.h"
#include "memory.h"
#include "random.h"
#include "rows.h"
#include "small_dense.h"
#include "support.h"

enum { V = 1100, DIM = 24 };
static const ppmi_settings settings = {.smoothing = .75, .shift = 1, .weights = 1e-3};

static comm *world, *alone;

/* ---- counts */

static uint32_t weights[V][V]; /* made once, lower triangle */

/* Words of one of twelve topics occur together, frequent words with all. */
static uint32_t draw_weight(int64_t i, int64_t j) {
    const uint64_t draw = random_at(3, (uint64_t)(i * V + j));
    const double chance = 200.0 / (double)((i + 4) * (j + 4)) + (i % 12 == j % 12 ? .25 : .01);
    return random_unit(draw) < chance ? 1 + (uint32_t)(draw & 15) * (i % 12 == j % 12 ? 9 : 1) : 0;
}

static void make_weights(void) {
    for (int64_t i = 0; i < V; i++)
        for (int64_t j = 0; j <= i; j++)
            weights[i][j] = draw_weight(i, j);
}

/* This rank's rows of them. */
static cooc_matrix counts_of(const comm *c) {
    const int64_t rank = comm_rank(c), size = comm_size(c);
    cooc_matrix m = {.n_words = V,
                     .begin = V * rank * rank / (size * size),
                     .end = V * (rank + 1) * (rank + 1) / (size * size),
                     .denominator = 7};
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.offsets, V + 1, sizeof *m.offsets, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.columns, V * V, sizeof *m.columns, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.weights, V * V, sizeof *m.weights, "x").code, 0);
    int64_t n = 0;
    for (int64_t i = m.begin; i < m.end; i++) {
        for (int64_t j = 0; j <= i; j++)
            if (weights[i][j]) {
                m.columns[n] = (int32_t)j;
                m.weights[n++] = weights[i][j];
            }
        m.offsets[i - m.begin + 1] = n;
    }
    return m;
}

typedef struct {
    eigen_pairs pairs;
    int64_t cuts[65];
    double *bias;
} answer;

static answer solve(const comm *c, int64_t dim, int iterations, int threads) {
    answer a;
    symmetric m;
    cooc_matrix counts = counts_of(c);
    const eigen_settings how = {
        .dim = dim, .iterations = iterations, .seed = 1, .kernel = kernels_get(ISA_AUTO)};
    CU_ASSERT_EQUAL_FATAL(
        symmetric_from_counts(&m, &counts, &settings, eigen_width(dim), threads, c, &a.bias).code,
        STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(eigen_find(&a.pairs, &m, &how).code, STATUS_OK);
    memcpy(a.cuts, m.cuts, ((size_t)comm_size(c) + 1) * sizeof *a.cuts);
    symmetric_clear(&m);
    cooc_matrix_clear(&counts);
    return a;
}

static void clear(answer *a) {
    eigen_clear(&a->pairs);
    mem_free(&a->bias);
}

/* ---- claims */

static void compare_bits(int64_t dim, int most_threads) {
    answer one = solve(alone, dim, 7, 1); /* two filters of several iterations */
    for (int threads = 1; threads <= most_threads; threads++) {
        answer all = solve(world, dim, 7, threads);
        const eigen_pairs *p = &all.pairs;
        CU_ASSERT_EQUAL(memcmp(p->values, one.pairs.values, (size_t)dim * sizeof *p->values), 0);
        CU_ASSERT_EQUAL(memcmp(all.bias, one.bias, V * sizeof *one.bias), 0);
        CU_ASSERT_EQUAL(p->begin, all.cuts[comm_rank(world)]);
        for (int64_t i = p->begin; i < p->end; i++)
            CU_ASSERT_EQUAL(memcmp(p->vectors + (size_t)(i - p->begin) * p->width,
                                   one.pairs.vectors + (size_t)i * one.pairs.width,
                                   (size_t)dim * sizeof *p->vectors),
                            0);
        clear(&all);
    }
    clear(&one);
}

/* Also where the sketch has several signs in a row, as with few words. */
static void ranks_and_threads_change_no_bit(void) {
    compare_bits(DIM, 3);
    compare_bits(3 * DIM, 1);
}

/* The dense matrix of the same PMI. */
static double *dense_matrix(const double *bias) {
    double *a;
    CU_ASSERT_EQUAL_FATAL(mem_new(&a, V * V, sizeof *a, "x").code, 0);
    for (int64_t i = 0; i < V; i++)
        for (int64_t j = 0; j <= i; j++) {
            const double x = log(weights[i][j] / 7.0) - bias[i] - bias[j];
            a[i * V + j] = a[j * V + i] = weights[i][j] && x > 0 ? x : 0;
        }
    return a;
}

static int by_magnitude(const void *a, const void *b) {
    const double x = fabs(*(const double *)a), y = fabs(*(const double *)b);
    return (x < y) - (x > y);
}

static double residual(const double *a, const answer *all, int64_t k) {
    const eigen_pairs *p = &all->pairs;
    double sum = 0;
    for (int64_t i = 0; i < V; i++) {
        double x = 0;
        for (int64_t j = 0; j < V; j++)
            x += a[i * V + j] * (double)p->vectors[(size_t)j * p->width + (size_t)k];
        x -= p->values[k] * (double)p->vectors[(size_t)i * p->width + (size_t)k];
        sum += x * x;
    }
    return sqrt(sum);
}

static void eigenpairs_equal_those_of_lapack(void) {
    static double values[V];
    if (comm_size(world) > 1) /* all on one rank: once is enough */
        return;
    answer one = solve(alone, DIM, 200, 2);
    double *a = dense_matrix(one.bias), *vectors = dense_matrix(one.bias);
    CU_ASSERT_EQUAL_FATAL(small_eigen(vectors, V, values).code, STATUS_OK);
    qsort(values, V, sizeof *values, by_magnitude);
    for (int64_t k = 0; k < DIM; k++) {
        CU_ASSERT_DOUBLE_EQUAL(one.pairs.values[k], values[k], 1e-4 * fabs(values[0]));
        CU_ASSERT(residual(a, &one, k) < 5e-4 * fabs(values[0]));
    }
    CU_ASSERT_EQUAL(one.pairs.rank, DIM);
    CU_ASSERT(values[DIM - 1] * values[1] != 0);
    mem_free(&a);
    mem_free(&vectors);
    clear(&one);
}

/* Powers of the matrix alone leave .017 of the largest eigenvalue. */
static void filters_settle_the_tail(void) {
    if (comm_size(world) > 1)
        return;
    answer one = solve(alone, DIM, 24, 2);
    double *a = dense_matrix(one.bias);
    CU_ASSERT(residual(a, &one, DIM - 1) < 4e-3 * fabs(one.pairs.values[0]));
    mem_free(&a);
    clear(&one);
}

/* A block of 4 words that occur only with themselves has 4 eigenvalues. */
static void what_has_few_eigenvalues_gives_columns_of_zeros(void) {
    enum { WORDS = 40, WANTED = 30 };
    static int32_t columns[WORDS][WORDS];
    static float cells[WORDS][WORDS];
    sparse_piece pieces[WORDS];
    symmetric m;
    eigen_pairs p;
    const int64_t rank = comm_rank(world), size = comm_size(world);
    const int64_t begin = WORDS * rank / size, end = WORDS * (rank + 1) / size;
    for (int32_t i = 0; i < WORDS; i++) {
        columns[i][0] = i;
        cells[i][0] = i < 4 ? (float)(i + 1) : 0;
        pieces[i] = (sparse_piece){.row = i, .n = 1, .columns = columns[i], .values = cells[i]};
    }
    const eigen_settings how = {
        .dim = WANTED, .iterations = 3, .seed = 1, .kernel = kernels_get(ISA_AUTO)};
    CU_ASSERT_EQUAL_FATAL(
        symmetric_create(&m, pieces + begin, end - begin, WORDS, eigen_width(WANTED), 1, world)
            .code,
        STATUS_OK);
    CU_ASSERT_EQUAL(m.n_cells, 4);
    CU_ASSERT_EQUAL_FATAL(eigen_find(&p, &m, &how).code, STATUS_OK);
    CU_ASSERT_EQUAL(p.rank, 4);
    for (int k = 0; k < 4; k++)
        CU_ASSERT_DOUBLE_EQUAL(p.values[k], 4 - k, 1e-3);
    eigen_scale(&p, 1);
    for (int64_t i = p.begin; i < p.end; i++)
        for (int64_t k = 0; k < WANTED; k++)
            CU_ASSERT_DOUBLE_EQUAL(
                fabs((double)p.vectors[(size_t)(i - p.begin) * p.width + (size_t)k]),
                k < 4 && i == 3 - k ? 4 - k : 0, 1e-3);
    eigen_clear(&p);
    symmetric_clear(&m);
}

static void rows_come_from_their_owners(void) {
    enum { N = 1000, COLUMNS = 5, STRIDE = 8, WANTED = 777 };
    static float table[N * STRIDE], out[WANTED * STRIDE];
    static int64_t ids[WANTED], cuts[65];
    const int me = comm_rank(world), size = comm_size(world);
    for (int r = 0; r <= size; r++)
        cuts[r] = (int64_t)N * r * r / (size * size);
    for (int64_t i = cuts[me]; i < cuts[me + 1]; i++)
        for (int64_t k = 0; k < COLUMNS; k++)
            table[(i - cuts[me]) * STRIDE + k] = (float)(10 * i + k);
    const int64_t n = me == size - 1 && size > 1 ? 0 : WANTED; /* one rank wants nothing */
    for (int64_t i = 0; i < n; i++)
        ids[i] = (int64_t)(random_at(9, (uint64_t)(i + 1000 * me)) % N);
    const rows_table t = {
        .c = world, .cuts = cuts, .rows = table, .stride = STRIDE, .columns = COLUMNS};
    CU_ASSERT_EQUAL_FATAL(rows_fetch(&t, ids, n, out, STRIDE).code, STATUS_OK);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < STRIDE; k++)
            CU_ASSERT_EQUAL(out[i * STRIDE + k], k < COLUMNS ? (float)(10 * ids[i] + k) : 0);
}

static status solve_all(void *context) {
    symmetric m;
    eigen_pairs p;
    double *bias;
    const cooc_matrix *counts = context;
    const eigen_settings how = {
        .dim = 8, .iterations = 1, .seed = 1, .kernel = kernels_get(ISA_AUTO)};
    status s = symmetric_from_counts(&m, counts, &settings, eigen_width(8), 1, alone, &bias);
    if (s.code)
        return s;
    s = eigen_find(&p, &m, &how);
    symmetric_clear(&m);
    mem_free(&bias);
    if (!s.code)
        eigen_clear(&p);
    return s;
}

static void refused_memory_is_told_and_nothing_leaks(void) {
    if (comm_size(world) > 1)
        return;
    cooc_matrix counts = counts_of(alone);
    counts.end = 200;
    CU_ASSERT(test_each_refusal(solve_all, &counts) > 20);
    cooc_matrix_clear(&counts);
}

int main(int argc, char **argv) {
    static const test_case cases[] = {
        {"ranks_and_threads_change_no_bit", ranks_and_threads_change_no_bit},
        {"eigenpairs_equal_those_of_lapack", eigenpairs_equal_those_of_lapack},
        {"filters_settle_the_tail", filters_settle_the_tail},
        {"what_has_few_eigenvalues_gives_columns_of_zeros",
         what_has_few_eigenvalues_gives_columns_of_zeros},
        {"rows_come_from_their_owners", rows_come_from_their_owners},
        {"refused_memory_is_told_and_nothing_leaks", refused_memory_is_told_and_nothing_leaks},
    };
    world = comm_start(&argc, &argv);
    make_weights();
    alone = comm_split(world, comm_rank(world));
    const int failed = test_run("svd", cases, sizeof cases / sizeof *cases, comm_rank(world));
    comm_free(&alone);
    comm_stop(&world);
    return failed;
}
