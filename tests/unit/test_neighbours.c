// SPDX-License-Identifier: Apache-2.0
/* The search for neighbours against a loop that scores every candidate. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "neighbours.h"
#include "random.h"
#include "support.h"

enum { ROWS = 2500, DIM = 37, STRIDE = 48, QUERIES = 300, K = 7 };

static float *table;

/* Small whole numbers, so that many rows are equal or equally far: ties everywhere. */
static void fill_table(bool coarse) {
    uint64_t key = random_key(7, RANDOM_INIT, coarse);
    status s = mem_new(&table, (size_t)ROWS * STRIDE, sizeof *table, "rows");
    CU_ASSERT_FATAL(!s.code);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < DIM; j++) {
            double x = random_unit(random_at(key, (uint64_t)(i * DIM + j)));
            table[i * STRIDE + j] = coarse ? (float)(j < 3 && x > 0.5) : (float)(x - 0.5);
        }
        neighbours_normalise(table + i * STRIDE, DIM);
    }
}

static double naive_score(neighbours_method method, const int32_t *query, int row) {
    double c[3];
    for (int p = 0; p < neighbours_parts(method); p++)
        c[p] = neighbours_dot(table + row * STRIDE, table + query[p] * STRIDE, DIM);
    if (method == NEIGHBOURS_COSINE)
        return c[0];
    if (method == NEIGHBOURS_3COSADD)
        return c[1] - c[0] + c[2];
    return (c[1] + 1) / 2 * ((c[2] + 1) / 2) / ((c[0] + 1) / 2 + 0.001);
}

/* The best row that is neither excluded nor among the n that are taken. */
static int naive_next(const neighbours_task *t, int64_t query, const neighbour *taken, int n) {
    const int32_t *parts = t->queries + query * neighbours_parts(t->method);
    double highest = -INFINITY;
    int best = -1;
    for (int row = 0; row < t->candidates.n; row++) {
        bool out = false;
        for (int i = 0; i < t->n_exclude; i++)
            out = out || t->exclude[query * t->n_exclude + i] == row;
        for (int i = 0; i < n; i++)
            out = out || taken[i].row == row;
        double score = naive_score(t->method, parts, row);
        if (!out && score > highest) {
            highest = score;
            best = row;
        }
    }
    return best;
}

static neighbours_task make_task(neighbours_method method, int32_t *queries, int64_t n) {
    const unit_rows rows = {.rows = table, .n = ROWS, .dim = DIM, .stride = STRIDE};
    int parts = neighbours_parts(method);
    for (int64_t i = 0; i < n * parts; i++)
        queries[i] = (int32_t)random_below(random_at(99, (uint64_t)i), ROWS / 2);
    return (neighbours_task){.candidates = rows,
                             .probes = rows,
                             .method = method,
                             .n_queries = n,
                             .queries = queries,
                             .exclude = queries,
                             .n_exclude = parts,
                             .k = K,
                             .threads = 1};
}

enum { ASKED = 40, LONGEST = 70 };

static void compare_lists(neighbours_method method, bool coarse, int asked, int k) {
    static int32_t queries[ASKED * 3];
    static neighbour found[ASKED * LONGEST];
    fill_table(coarse);
    neighbours_task t = make_task(method, queries, asked);
    t.k = k;
    CU_ASSERT_EQUAL(neighbours_find(&t, found).code, STATUS_OK);
    int wrong = 0;
    for (int64_t i = 0; i < asked; i++)
        for (int n = 0; n < k; n++)
            wrong += found[i * k + n].row != naive_next(&t, i, found + i * k, n);
    CU_ASSERT_EQUAL(wrong, 0);
    mem_free(&table);
}

static void compare_with_naive(neighbours_method method, bool coarse) {
    compare_lists(method, coarse, ASKED, K);
}

/* From some length on candidates do not wait for their exact scores. */
static void long_lists_are_those_of_a_naive_loop(void) {
    for (int coarse = 0; coarse < 2; coarse++) {
        compare_lists(NEIGHBOURS_COSINE, coarse, 4, 64);
        compare_lists(NEIGHBOURS_COSINE, coarse, 4, LONGEST);
    }
}

static void nearest_rows_are_those_of_a_naive_loop(void) {
    compare_with_naive(NEIGHBOURS_COSINE, false);
}

static void analogies_are_those_of_a_naive_loop(void) {
    compare_with_naive(NEIGHBOURS_3COSADD, false);
    compare_with_naive(NEIGHBOURS_3COSMUL, false);
}

static void the_lower_row_wins_a_tie(void) {
    compare_with_naive(NEIGHBOURS_COSINE, true);
    compare_with_naive(NEIGHBOURS_3COSADD, true);
    compare_with_naive(NEIGHBOURS_3COSMUL, true);
}

static void answers_do_not_depend_on_threads_or_company(void) {
    static int32_t queries[QUERIES * 3];
    static neighbour one[QUERIES * K], many[QUERIES * K], alone[K];
    fill_table(false);
    neighbours_task t = make_task(NEIGHBOURS_3COSADD, queries, QUERIES);
    CU_ASSERT_EQUAL(neighbours_find(&t, one).code, STATUS_OK);
    for (int threads = 2; threads <= 5; threads++) {
        t.threads = threads;
        CU_ASSERT_EQUAL(neighbours_find(&t, many).code, STATUS_OK);
        for (int i = 0; i < QUERIES * K; i++)
            CU_ASSERT(one[i].row == many[i].row && one[i].score == many[i].score);
    }
    for (int i = 0; i < QUERIES; i += 50) {
        neighbours_task single = t;
        single.n_queries = 1;
        single.queries = single.exclude = queries + (ptrdiff_t)i * 3;
        CU_ASSERT_EQUAL(neighbours_find(&single, alone).code, STATUS_OK);
        CU_ASSERT(!memcmp(alone, one + (ptrdiff_t)i * K, sizeof *alone));
    }
    mem_free(&table);
}

static void what_is_excluded_is_no_answer(void) {
    static int32_t queries[QUERIES * 3];
    static neighbour found[QUERIES * K];
    fill_table(true);
    neighbours_task t = make_task(NEIGHBOURS_3COSADD, queries, QUERIES);
    CU_ASSERT_EQUAL(neighbours_find(&t, found).code, STATUS_OK);
    for (int i = 0; i < QUERIES * K; i++)
        for (int p = 0; p < 3; p++)
            CU_ASSERT(found[i].row != queries[i / K * 3 + p]);
    mem_free(&table);
}

static void missing_neighbours_are_marked(void) {
    int32_t query = 1;
    neighbour found[K];
    fill_table(false);
    neighbours_task t = make_task(NEIGHBOURS_COSINE, &query, 1);
    query = 1;
    t.candidates.n = 3;
    CU_ASSERT_EQUAL(neighbours_find(&t, found).code, STATUS_OK);
    CU_ASSERT(found[0].row >= 0 && found[1].row >= 0);
    for (int i = 2; i < K; i++)
        CU_ASSERT_EQUAL(found[i].row, -1);
    t.n_queries = 0;
    CU_ASSERT_EQUAL(neighbours_find(&t, found).code, STATUS_OK);
    mem_free(&table);
}

static void normalised_rows_have_length_one_and_zero_stays(void) {
    float row[3] = {3, 0, 4}, zero[3] = {0, 0, 0}, tiny[3] = {1e-20f, 0, 0};
    neighbours_normalise(row, 3);
    CU_ASSERT(row[0] == 0.6f && row[1] == 0 && row[2] == 0.8f);
    neighbours_normalise(zero, 3);
    CU_ASSERT(zero[0] == 0 && zero[1] == 0 && zero[2] == 0);
    neighbours_normalise(tiny, 3);
    CU_ASSERT_DOUBLE_EQUAL(tiny[0], 1e-8, 1e-12);
}

static status search(void *task) {
    static neighbour found[QUERIES * K];
    return neighbours_find(task, found);
}

static void a_refused_block_is_reported_and_nothing_leaks(void) {
    static int32_t queries[QUERIES * 3];
    fill_table(false);
    neighbours_task t = make_task(NEIGHBOURS_3COSADD, queries, QUERIES);
    t.threads = 2;
    CU_ASSERT(test_each_refusal(search, &t) > 5);
    mem_free(&table);
}

int main(void) {
    static const test_case cases[] = {
        {"nearest_rows_are_those_of_a_naive_loop", nearest_rows_are_those_of_a_naive_loop},
        {"long_lists_are_those_of_a_naive_loop", long_lists_are_those_of_a_naive_loop},
        {"analogies_are_those_of_a_naive_loop", analogies_are_those_of_a_naive_loop},
        {"the_lower_row_wins_a_tie", the_lower_row_wins_a_tie},
        {"answers_do_not_depend_on_threads_or_company",
         answers_do_not_depend_on_threads_or_company},
        {"what_is_excluded_is_no_answer", what_is_excluded_is_no_answer},
        {"missing_neighbours_are_marked", missing_neighbours_are_marked},
        {"normalised_rows_have_length_one_and_zero_stays",
         normalised_rows_have_length_one_and_zero_stays},
        {"a_refused_block_is_reported_and_nothing_leaks",
         a_refused_block_is_reported_and_nothing_leaks},
    };
    return test_run("neighbours", cases, sizeof cases / sizeof *cases, 0);
}
