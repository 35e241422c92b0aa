// SPDX-License-Identifier: Apache-2.0
/* Turnover and shift of neighbourhoods whose words are cut over ranks, against loops over all
 * words. */
#include <math.h>
#include <string.h>

#include "drift.h"
#include "memory.h"
#include "random.h"
#include "support.h"

static comm *world;

enum { WORDS = 60, DIM = 5, K = 4 };

/* Row 7 is zero. */
static double value(int seed, int64_t row, int column) {
    const uint64_t key = random_key((uint64_t)seed, RANDOM_INIT, (uint64_t)row);
    return row == 7 ? 0 : random_unit(random_at(key, (uint64_t)column)) - .5;
}

static void make(space *s, int64_t n, int seed) {
    CU_ASSERT_EQUAL(space_create(s, world, n, DIM).code, STATUS_OK);
    for (int64_t i = 0; i < s->n_local; i++)
        for (int j = 0; j < DIM; j++)
            s->rows[(size_t)i * s->stride + (size_t)j] = (float)value(seed, s->begin + i, j);
}

static double cosine(int seed, int64_t a, int64_t b) {
    double ab = 0, aa = 0, bb = 0;
    for (int j = 0; j < DIM; j++) {
        const double x = value(seed, a, j), y = value(seed, b, j);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Whether b is among the k nearest of a, of n words: fewer than k are nearer. */
static bool is_near(int seed, int64_t n, int k, int64_t a, int64_t b) {
    int nearer = 0;
    if (a == b)
        return false;
    for (int64_t w = 0; w < n; w++)
        nearer += w != a && w != b && cosine(seed, a, w) > cosine(seed, a, b);
    return nearer < k;
}

static double naive_turnover(int64_t n, int64_t a) {
    int kept = 0;
    for (int64_t b = 0; b < n; b++)
        kept += is_near(1, n, K, a, b) && is_near(2, n, K, a, b);
    return 1 - (double)kept / K;
}

static double naive_shift(int64_t n, int64_t a) {
    const int k = n - 1 < DRIFT_SHIFT ? (int)n - 1 : DRIFT_SHIFT;
    double xy = 0, xx = 0, yy = 0;
    for (int64_t b = 0; b < n; b++)
        if (is_near(1, n, k, a, b) || is_near(2, n, k, a, b)) {
            const double x = cosine(1, a, b), y = cosine(2, a, b);
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
    return 1 - xy / sqrt(xx * yy);
}

static void compare(int64_t n) {
    space rows[2];
    drift_point points[2];
    unit_rows all[2];
    double turnover[WORDS], shift[WORDS];
    for (int i = 0; i < 2; i++) {
        make(&rows[i], n, i + 1);
        CU_ASSERT_EQUAL(drift_point_create(&points[i], &rows[i], K, 1).code, STATUS_OK);
        CU_ASSERT_EQUAL(space_gather(&points[i].unit, &all[i]).code, STATUS_OK);
    }
    drift_turnover(&points[0], &points[1], turnover);
    drift_shift(&points[0], &points[1], &all[0], &all[1], 2, shift);
    for (int64_t i = 0; i < rows[0].n_local; i++) {
        const int64_t word = rows[0].begin + i;
        if (word == 7) { /* zero: its neighbours are a matter of order */
            CU_ASSERT(isnan(shift[i]));
            continue;
        }
        CU_ASSERT_DOUBLE_EQUAL(turnover[i], naive_turnover(n, word), 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(shift[i], naive_shift(n, word), 1e-6);
    }
    for (int i = 0; i < 2; i++) {
        space_clear(&rows[i]);
        drift_point_clear(&points[i]);
        mem_free(&all[i].rows);
    }
}

static void turnover_and_shift_are_those_of_all_words(void) {
    compare(WORDS);
}

static void fewer_words_than_neighbours_are_all_neighbours(void) {
    compare(6);
}

static void what_did_not_move_has_no_drift(void) {
    space rows;
    drift_point p;
    unit_rows all;
    double turnover[WORDS], shift[WORDS], norms[WORDS];
    make(&rows, WORDS, 1);
    CU_ASSERT_EQUAL(drift_point_create(&p, &rows, K, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL(space_gather(&p.unit, &all).code, STATUS_OK);
    drift_turnover(&p, &p, turnover);
    drift_shift(&p, &p, &all, &all, 1, shift);
    drift_norms(&rows, norms);
    for (int64_t i = 0; i < rows.n_local; i++) {
        CU_ASSERT(turnover[i] == 0);
        CU_ASSERT(rows.begin + i == 7 || fabs(shift[i]) < 1e-12);
        CU_ASSERT((rows.begin + i == 7) == (norms[i] == 0));
    }
    CU_ASSERT_DOUBLE_EQUAL(drift_turnover_chance(&p), 1 - K / (WORDS - 1.), 1e-15);
    space_clear(&rows);
    drift_point_clear(&p);
    mem_free(&all.rows);
}

static status make_point(void *context) {
    drift_point p;
    status s = drift_point_create(&p, context, K, 1);
    drift_point_clear(&p);
    return s;
}

static void refused_memory_is_reported_and_leaks_nothing(void) {
    space rows;
    if (comm_size(world) > 1)
        return; /* ranks are refused at different requests */
    make(&rows, WORDS, 1);
    CU_ASSERT(test_each_refusal(make_point, &rows) > 5);
    space_clear(&rows);
}

int main(int argc, char **argv) {
    static const test_case tests[] = {
        {"turnover_and_shift_are_those_of_all_words", turnover_and_shift_are_those_of_all_words},
        {"fewer_words_than_neighbours_are_all_neighbours",
         fewer_words_than_neighbours_are_all_neighbours},
        {"what_did_not_move_has_no_drift", what_did_not_move_has_no_drift},
        {"refused_memory_is_reported_and_leaks_nothing",
         refused_memory_is_reported_and_leaks_nothing},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("drift", tests, sizeof tests / sizeof *tests, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
