// SPDX-License-Identifier: Apache-2.0
/* Intervals for means over pairs of runs: against hand-made values, and how often they hold the
 * truth. */
#include <math.h>
#include <stdint.h>

#include "intervals.h"
#include "random.h"
#include "support.h"

static void students_t_has_the_tabulated_quantiles(void) {
    static const struct {
        int degrees;
        double t;
    } known[] = {{1, 12.7062047362}, {2, 4.3026527297},  {3, 3.1824463053},  {4, 2.7764451052},
                 {9, 2.2621571628},  {10, 2.2281388520}, {30, 2.0422724563}, {99, 1.9842169515}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CU_ASSERT_DOUBLE_EQUAL(interval_t(known[i].degrees), known[i].t, 1e-8);
}

/* Three runs: pairs .1, .2, .6; without run 0: .6, without 1: .2, without 2: .1. */
static void three_runs_by_hand(void) {
    const double pairs[] = {0, .1, .2, .1, 0, .6, .2, .6, 0};
    const interval x = interval_of_pairs(3, pairs);
    const double error = sqrt(2. / 3 * (.09 + .01 + .04));
    CU_ASSERT_DOUBLE_EQUAL(x.mean, .3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.sd, sqrt(.14 / 2), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.error, error, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.high - x.mean, 4.3026527297 * error, 1e-8);
    CU_ASSERT_DOUBLE_EQUAL(x.mean - x.low, x.high - x.mean, 1e-12);
    CU_ASSERT_EQUAL(x.n_runs, 3);
    CU_ASSERT_EQUAL(x.n_pairs, 3);
}

static void two_runs_have_a_mean_and_no_interval(void) {
    const double pairs[] = {0, .4, .4, 0};
    const interval x = interval_of_pairs(2, pairs);
    CU_ASSERT_DOUBLE_EQUAL(x.mean, .4, 1e-12);
    CU_ASSERT(isnan(x.low) && isnan(x.high) && isnan(x.sd) && isnan(x.error));
}

static void equal_pairs_have_an_interval_of_no_length(void) {
    double pairs[16];
    for (int i = 0; i < 16; i++)
        pairs[i] = .25;
    const interval x = interval_of_pairs(4, pairs);
    CU_ASSERT_DOUBLE_EQUAL(x.low, .25, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.high, .25, 1e-12);
}

/* 1, 2, 6: mean 3, variance 7. */
static void values_by_hand_and_without_what_is_not_defined(void) {
    const double values[] = {1, NAN, 2, 6};
    const interval x = interval_of_values(4, values);
    CU_ASSERT_DOUBLE_EQUAL(x.mean, 3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.sd, sqrt(7), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(x.high - x.mean, 4.3026527297 * sqrt(7. / 3), 1e-8);
    CU_ASSERT_EQUAL(x.n_pairs, 3);
    CU_ASSERT(isnan(interval_of_values(2, values).low));
    CU_ASSERT(isnan(interval_of_values(0, values).mean));
}

enum { MOST = 20 };

static double normal(uint64_t key, uint64_t *counter) {
    const double a = random_unit(random_at(key, (*counter)++)) + 1e-18,
                 b = random_unit(random_at(key, (*counter)++));
    return sqrt(-2 * log(a)) * cos(2 * M_PI * b);
}

/* pairs = shift of the group or between + a_i + a_j + e_ij */
static void draw(int n_first, int n, double runs, double noise, double *pairs, uint64_t key) {
    double own[MOST];
    uint64_t counter = 0;
    for (int i = 0; i < n; i++)
        own[i] = runs * normal(key, &counter);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            const double shift = (i < n_first) != (j < n_first) ? -.5 : i < n_first ? 0 : 2;
            pairs[i * n + j] = pairs[j * n + i] =
                shift + own[i] + own[j] + noise * normal(key, &counter);
        }
}

static double coverage(int n_first, int n, double runs, double noise, interval_of what,
                       double truth) {
    enum { TRIALS = 3000 };
    double pairs[MOST * MOST];
    int held = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        draw(n_first, n, runs, noise, pairs, random_key(5, RANDOM_PLANT, (uint64_t)trial));
        const interval x = interval_of_groups(n_first, n, pairs, what);
        held += x.low <= truth && truth <= x.high;
    }
    return (double)held / TRIALS;
}

static void intervals_hold_the_truth_as_often_as_they_say(void) {
    static const int sizes[] = {3, 5, 10};
    for (int i = 0; i < 3; i++)
        for (int noise = 0; noise < 2; noise++) {
            const double held = coverage(sizes[i], sizes[i], 1, noise, INTERVAL_FIRST, 0);
            CU_ASSERT(held > .935 && held < .99);
        }
}

static void two_groups_hold_the_truth(void) {
    const double difference = coverage(5, 12, 1, 1, INTERVAL_DIFFERENCE, -2),
                 excess = coverage(5, 12, 1, 1, INTERVAL_EXCESS, -1.5),
                 between = coverage(6, 12, 1, 1, INTERVAL_BETWEEN, -.5);
    CU_ASSERT(difference > .93 && difference <= 1);
    CU_ASSERT(excess > .93 && excess <= 1);
    CU_ASSERT(between > .93 && between <= 1);
}

int main(void) {
    static const test_case cases[] = {
        {"students_t_has_the_tabulated_quantiles", students_t_has_the_tabulated_quantiles},
        {"three_runs_by_hand", three_runs_by_hand},
        {"two_runs_have_a_mean_and_no_interval", two_runs_have_a_mean_and_no_interval},
        {"equal_pairs_have_an_interval_of_no_length", equal_pairs_have_an_interval_of_no_length},
        {"values_by_hand_and_without_what_is_not_defined",
         values_by_hand_and_without_what_is_not_defined},
        {"intervals_hold_the_truth_as_often_as_they_say",
         intervals_hold_the_truth_as_often_as_they_say},
        {"two_groups_hold_the_truth", two_groups_hold_the_truth},
    };
    return test_run("intervals", cases, sizeof cases / sizeof *cases, 0);
}
