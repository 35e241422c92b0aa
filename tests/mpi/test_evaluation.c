// SPDX-License-Identifier: Apache-2.0
/* Analogies, clusters and split searches over ranks; Spearman's correlation by hand. */
#include <math.h>
#include <string.h>

#include "analogies.h"
#include "categories.h"
#include "comm.h"
#include "memory.h"
#include "random.h"
#include "similarity.h"
#include "split_search.h"
#include "support.h"

static comm *world;

/* ---- Spearman */

static double spearman(int64_t n, const double *x, const double *y) {
    double rho = 9;
    CU_ASSERT_EQUAL(similarity_spearman(n, x, y, &rho).code, STATUS_OK);
    return rho;
}

static void equal_values_share_their_mean_rank(void) {
    const double x[] = {5, 1, 5, 3, 5};
    double ranks[5];
    CU_ASSERT_EQUAL(similarity_ranks(5, x, ranks).code, STATUS_OK);
    const double expected[] = {4, 1, 4, 2, 4};
    CU_ASSERT(!memcmp(ranks, expected, sizeof ranks));
}

static void spearman_is_the_value_worked_out_by_hand(void) {
    const double up[] = {1, 2, 3, 4}, curve[] = {1, 8, 27, 1e9}, down[] = {4, 3, 2, 1};
    CU_ASSERT_DOUBLE_EQUAL(spearman(4, up, curve), 1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(spearman(4, up, down), -1, 1e-15);
    /* Without ties: 1 - 6 sum(d^2) / (n (n^2 - 1)); d = 1, -1, 0, 0, 0. */
    const double a[] = {1, 2, 3, 4, 5}, b[] = {2, 1, 3, 4, 5};
    CU_ASSERT_DOUBLE_EQUAL(spearman(5, a, b), 0.9, 1e-15);
    /* With ties: ranks 1.5 1.5 3 4 against 1 2 3 4: 4.5 / sqrt(4.5 * 5). */
    const double c[] = {7, 7, 8, 9}, d[] = {1, 2, 3, 4};
    CU_ASSERT_DOUBLE_EQUAL(spearman(4, c, d), 4.5 / sqrt(4.5 * 5), 1e-15);
}

static void spearman_of_nothing_to_compare_is_undefined(void) {
    const double x[] = {1, 2, 3}, same[] = {4, 4, 4};
    CU_ASSERT(isnan(spearman(2, x, x)));
    CU_ASSERT(isnan(spearman(3, x, same)));
    CU_ASSERT(isnan(spearman(0, x, x)));
}

/* ---- rows that every rank makes alike */

enum { ROWS = 1300, DIM = 24, K = 5 };

static float rows[ROWS * DIM];
static const unit_rows table = {.rows = rows, .n = ROWS, .dim = DIM, .stride = DIM};

static void fill_rows(void) {
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < DIM; j++)
            rows[i * DIM + j] = (float)(int)random_below(random_at(3, (uint64_t)(i * DIM + j)), 3);
        if (i % 4 == 1) /* the same row again: a tie across the border of ranks */
            memcpy(rows + i * DIM, rows, DIM * sizeof *rows);
        neighbours_normalise(rows + i * DIM, DIM);
    }
}

static void a_known_analogy_is_solved_on_every_rank(void) {
    float words[5 * 4] = {1, 0, 0, 0 /* man */,
                          1, 1, 0, 0 /* woman */,
                          1, 0, 1, 0 /* king */,
                          1, 1, 1, 0 /* queen */,
                          0, 0, 0, 1 /* apple */};
    for (int i = 0; i < 5; i++)
        neighbours_normalise(words + (ptrdiff_t)i * 4, 4);
    const unit_rows small = {.rows = words, .n = 5, .dim = 4, .stride = 4};
    const int32_t questions[] = {0, 1, 2, 1, 0, 3, 0, 2, 1};
    int32_t answers[3] = {-9, -9, -9};
    for (int method = NEIGHBOURS_3COSADD; method <= NEIGHBOURS_3COSMUL; method++) {
        status s =
            analogies_answer(world, &small, (neighbours_method)method, 3, questions, 2, answers);
        CU_ASSERT_EQUAL(s.code, STATUS_OK);
        CU_ASSERT(answers[0] == 3 && answers[1] == 2 && answers[2] == 3);
    }
}

static void split_questions_get_the_answers_of_one_rank(void) {
    enum { QUESTIONS = 101 };
    static int32_t questions[QUESTIONS * 3], answers[QUESTIONS];
    static neighbour alone[QUESTIONS];
    fill_rows();
    for (int i = 0; i < QUESTIONS * 3; i++)
        questions[i] = (int32_t)random_below(random_at(5, (uint64_t)i), ROWS);
    neighbours_task t = {.candidates = table,
                         .probes = table,
                         .method = NEIGHBOURS_3COSADD,
                         .n_queries = QUESTIONS,
                         .queries = questions,
                         .exclude = questions,
                         .n_exclude = 3,
                         .k = 1,
                         .threads = 1};
    CU_ASSERT_EQUAL(neighbours_find(&t, alone).code, STATUS_OK);
    status s = analogies_answer(world, &table, t.method, QUESTIONS, questions, 2, answers);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    for (int i = 0; i < QUESTIONS; i++)
        CU_ASSERT_EQUAL(answers[i], alone[i].row);
}

static void split_candidates_give_the_neighbours_of_one_rank(void) {
    enum { QUERIES = 9 };
    static int32_t queries[QUERIES] = {0, 1, 4, 9, 500, 501, 777, 1298, 1299};
    static neighbour alone[QUERIES * K], split[QUERIES * K];
    fill_rows();
    neighbours_task t = {.candidates = table,
                         .probes = table,
                         .method = NEIGHBOURS_COSINE,
                         .n_queries = QUERIES,
                         .queries = queries,
                         .exclude = queries,
                         .n_exclude = 1,
                         .k = K,
                         .threads = 1};
    CU_ASSERT_EQUAL(neighbours_find(&t, alone).code, STATUS_OK);
    int64_t begin = ROWS * comm_rank(world) / comm_size(world),
            end = ROWS * (comm_rank(world) + 1) / comm_size(world);
    t.candidates.rows = rows + begin * DIM;
    t.candidates.n = end - begin;
    CU_ASSERT_EQUAL(split_search(world, &t, begin, split).code, STATUS_OK);
    for (int i = 0; i < QUERIES * K; i++)
        CU_ASSERT(split[i].row == alone[i].row && split[i].score == alone[i].score);
}

static void more_ranks_than_candidates_is_no_trouble(void) {
    static const int32_t query = 0;
    neighbour found[K];
    fill_rows();
    neighbours_task t = {.candidates = table,
                         .probes = table,
                         .method = NEIGHBOURS_COSINE,
                         .n_queries = 1,
                         .queries = &query,
                         .exclude = &query,
                         .n_exclude = 1,
                         .k = K,
                         .threads = 1};
    int rank = comm_rank(world);
    t.candidates.n = rank < 2;
    t.candidates.rows = rows + (ptrdiff_t)rank * DIM;
    CU_ASSERT_EQUAL(split_search(world, &t, rank, found).code, STATUS_OK);
    CU_ASSERT_EQUAL(found[0].row, comm_size(world) > 1 ? 1 : -1);
    CU_ASSERT_EQUAL(found[1].row, -1);
}

/* ---- clusters */

static void clusters_that_are_far_apart_are_found(void) {
    enum { WORDS = 60, CLASSES = 4 };
    static float points[WORDS * DIM];
    static int32_t classes[WORDS], clusters[WORDS];
    for (int i = 0; i < WORDS; i++) {
        classes[i] = (i * 7) % CLASSES;
        for (int j = 0; j < DIM; j++)
            points[i * DIM + j] = (float)(0.1 * random_unit(random_at(1, (uint64_t)(i * DIM + j))) +
                                          (j == classes[i]));
        neighbours_normalise(points + i * DIM, DIM);
    }
    const unit_rows words = {.rows = points, .n = WORDS, .dim = DIM, .stride = DIM};
    categories_result result;
    status s = categories_cluster(world, &words, CLASSES, classes, CLASSES, 2, &result, clusters);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(result.purity, 1);
    for (int i = 0; i < WORDS; i++)
        for (int j = 0; j < WORDS; j++)
            CU_ASSERT_EQUAL(classes[i] == classes[j], clusters[i] == clusters[j]);
    s = categories_cluster(world, &words, 1, classes, CLASSES, 1, &result, clusters);
    CU_ASSERT(!s.code && result.purity == 15.0 / WORDS);
}

/* The same objective to the bit, whoever ran the best restart. */
static void clusters_do_not_depend_on_ranks_or_threads(void) {
    static int32_t classes[ROWS], one[ROWS], two[ROWS];
    categories_result first, second;
    unit_rows words = table;
    comm *self = comm_split(world, comm_rank(world));
    fill_rows();
    words.n = 150;
    for (int i = 0; i < ROWS; i++)
        classes[i] = i % 6;
    CU_ASSERT(!categories_cluster(self, &words, 6, classes, 6, 1, &first, one).code);
    CU_ASSERT(!categories_cluster(world, &words, 6, classes, 6, 3, &second, two).code);
    CU_ASSERT(first.objective == second.objective && first.purity == second.purity);
    CU_ASSERT(!memcmp(one, two, sizeof one));
    comm_free(&self);
}

static void equal_rows_and_as_many_clusters_as_rows_are_no_trouble(void) {
    static float points[4 * DIM];
    const int32_t classes[4] = {0, 1, 2, 3};
    const unit_rows words = {.rows = points, .n = 4, .dim = DIM, .stride = DIM};
    categories_result result;
    for (int i = 0; i < 4; i++)
        points[i * DIM] = 1;
    CU_ASSERT(!categories_cluster(world, &words, 4, classes, 4, 1, &result, NULL).code);
    CU_ASSERT(result.purity >= 0.25 && result.objective == 4);
    for (int i = 0; i < 4; i++) {
        points[i * DIM] = 0;
        points[i * DIM + i] = 1;
    }
    CU_ASSERT(!categories_cluster(world, &words, 4, classes, 4, 1, &result, NULL).code);
    CU_ASSERT_EQUAL(result.purity, 1);
}

static void one_rank_out_of_memory_stops_all_alike(void) {
    static int32_t questions[3 * 20], answers[20];
    fill_rows();
    for (int i = 0; i < 60; i++)
        questions[i] = i;
    int64_t before = mem_live_blocks();
    for (int64_t after = 0; after < 4; after++) {
        mem_refuse_after(comm_rank(world) == comm_size(world) - 1 ? after : -1);
        status s = analogies_answer(world, &table, NEIGHBOURS_3COSADD, 20, questions, 1, answers);
        mem_refuse_after(-1);
        CU_ASSERT_EQUAL(s.code, STATUS_SPACE);
        CU_ASSERT_EQUAL(mem_live_blocks(), before);
    }
}

int main(int argc, char **argv) {
    static const test_case cases[] = {
        {"equal_values_share_their_mean_rank", equal_values_share_their_mean_rank},
        {"spearman_is_the_value_worked_out_by_hand", spearman_is_the_value_worked_out_by_hand},
        {"spearman_of_nothing_to_compare_is_undefined",
         spearman_of_nothing_to_compare_is_undefined},
        {"a_known_analogy_is_solved_on_every_rank", a_known_analogy_is_solved_on_every_rank},
        {"split_questions_get_the_answers_of_one_rank",
         split_questions_get_the_answers_of_one_rank},
        {"split_candidates_give_the_neighbours_of_one_rank",
         split_candidates_give_the_neighbours_of_one_rank},
        {"more_ranks_than_candidates_is_no_trouble", more_ranks_than_candidates_is_no_trouble},
        {"clusters_that_are_far_apart_are_found", clusters_that_are_far_apart_are_found},
        {"clusters_do_not_depend_on_ranks_or_threads", clusters_do_not_depend_on_ranks_or_threads},
        {"equal_rows_and_as_many_clusters_as_rows_are_no_trouble",
         equal_rows_and_as_many_clusters_as_rows_are_no_trouble},
        {"one_rank_out_of_memory_stops_all_alike", one_rank_out_of_memory_stops_all_alike},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("evaluation", cases, sizeof cases / sizeof *cases, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
