// SPDX-License-Identifier: Apache-2.0
/* Significance of changes, false discoveries, agreement of clusters. */
#include <math.h>
#include <stdlib.h>

#include "clusters.h"
#include "random.h"
#include "significance.h"
#include "support.h"

enum { WORDS = 3000, CONTROLS = 4, CHANGED = 60 };

/* Benjamini & Hochberg, and Yekutieli, by their definition for these p. */
static void adjusted_p_are_those_of_the_definition(void) {
    const double p[] = {.01, .04, NAN, .03, .005, .5};
    const double bh[] = {.025, .05, NAN, .05, .025, .5};
    const double harmonic = 1 + 1. / 2 + 1. / 3 + 1. / 4 + 1. / 5;
    double q[6];
    CU_ASSERT(!significance_adjust(6, p, false, q).code);
    for (int i = 0; i < 6; i++)
        CU_ASSERT(isnan(bh[i]) ? isnan(q[i]) : fabs(q[i] - bh[i]) < 1e-15);
    CU_ASSERT(!significance_adjust(6, p, true, q).code);
    for (int i = 0; i < 6; i++)
        CU_ASSERT(isnan(bh[i]) ? isnan(q[i]) : fabs(q[i] - fmin(1, bh[i] * harmonic)) < 1e-15);
}

static double uniform(uint64_t seed, int64_t i) {
    return random_unit(random_at(random_key(seed, RANDOM_CLUSTER, 7), (uint64_t)i));
}

/* Changes of words whose level and noise differ by a factor of 30: level * (1 + noise / 4), and of
 * `changed` of them, spread over all levels, half as much again. */
static void make_changes(uint64_t seed, int changed, double *change, double (*control)[WORDS]) {
    for (int64_t i = 0; i < WORDS; i++) {
        const double level = .01 * pow(30, uniform(seed, i));
        for (int c = -1; c < CONTROLS; c++) {
            double noise = 0; /* of variance 1 */
            for (int u = 0; u < 12; u++)
                noise += uniform(seed + 1, ((c + 1) * (int64_t)WORDS + i) * 12 + u) - .5;
            *(c < 0 ? &change[i] : &control[c][i]) = level * (1 + noise / 8);
        }
        if (changed && i % (WORDS / changed) == 0)
            change[i] += 1.5 * level;
    }
}

static int64_t count_found(uint64_t seed, int changed, int n_controls, int64_t *right) {
    static double change[WORDS], control[CONTROLS][WORDS], expected[WORDS], score[WORDS], p[WORDS],
        q[WORDS];
    const double *rows[CONTROLS];
    int64_t n_null, found = 0;
    make_changes(seed, changed, change, control);
    for (int c = 0; c < CONTROLS; c++)
        rows[c] = control[c];
    const significance_task task = {WORDS, n_controls, change, rows};
    CU_ASSERT(!significance_test(&task, expected, score, p, &n_null).code);
    CU_ASSERT(!significance_adjust(WORDS, p, false, q).code);
    CU_ASSERT(n_null == (int64_t)WORDS * n_controls);
    CU_ASSERT(fabs(expected[5] - (control[0][5] + (n_controls > 1 ? control[1][5] : control[0][5]) +
                                  (n_controls > 2 ? control[2][5] + control[3][5] : 0)) /
                                     (n_controls > 2 ? 4 : 2)) < 1e-15);
    *right = 0;
    for (int64_t i = 0; i < WORDS; i++) {
        found += q[i] <= .05;
        *right += q[i] <= .05 && changed && i % (WORDS / changed) == 0;
    }
    return found;
}

/* Over 20 repetitions; the rate that is promised is .05. */
static void false_discoveries_are_as_few_as_promised(void) {
    for (int n_controls = 2; n_controls <= CONTROLS; n_controls += 2) {
        double false_share = 0, recall = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            int64_t right;
            const int64_t found = count_found(10 * seed, CHANGED, n_controls, &right);
            false_share += found ? (double)(found - right) / (double)found / 20 : 0;
            recall += (double)right / CHANGED / 20;
        }
        CU_ASSERT(false_share <= .06);
        CU_ASSERT(recall >= (n_controls > 2 ? .4 : .2));
    }
}

static void nothing_is_found_where_nothing_changed(void) {
    int64_t found = 0, right;
    for (uint64_t seed = 1; seed <= 20; seed++)
        found += count_found(10 * seed, 0, CONTROLS, &right) > 0;
    CU_ASSERT(found <= 3);
}

/* One control and few words: p counts the controls that change as much, of those of all words. */
static void p_of_a_single_control_is_a_share(void) {
    const double change[] = {.5, .1, .25, NAN}, first[] = {.2, .1, .3, .2};
    const double *rows[] = {first};
    double expected[4], score[4], p[4];
    int64_t n_null;
    const significance_task task = {4, 1, change, rows};
    CU_ASSERT(!significance_test(&task, expected, score, p, &n_null).code);
    CU_ASSERT(n_null == 3);
    CU_ASSERT(p[0] == .25 && p[1] == 1 && p[2] == .5 && isnan(p[3]) && isnan(expected[3]));
}

static void words_that_never_change_are_not_found(void) {
    const double none[] = {0, 0, 0};
    const double *rows[] = {none, none, none};
    double expected[3], score[3], p[3];
    int64_t n_null;
    const significance_task task = {3, 3, none, rows};
    CU_ASSERT(!significance_test(&task, expected, score, p, &n_null).code);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(p[i] == 1 && score[i] == 0);
}

/* Values of sklearn.metrics.adjusted_rand_score. */
static void agreement_of_clusters(void) {
    const int32_t a[] = {0, 0, 1, 1}, b[] = {0, 0, 1, 2}, same[] = {2, 2, 0, 0},
                  one[] = {0, 0, 0, 0}, crossed[] = {0, 1, 0, 1};
    double index;
    CU_ASSERT(!clusters_rand(4, 3, a, b, &index).code && fabs(index - 4. / 7) < 1e-15);
    CU_ASSERT(!clusters_rand(4, 3, a, same, &index).code && fabs(index - 1) < 1e-15);
    CU_ASSERT(!clusters_rand(4, 3, a, crossed, &index).code && fabs(index + .5) < 1e-15);
    CU_ASSERT(!clusters_rand(4, 3, one, one, &index).code && isnan(index));
    CU_ASSERT(!clusters_rand(1, 3, a, a, &index).code && isnan(index));
}

int main(void) {
    static const test_case cases[] = {
        {"adjusted_p_are_those_of_the_definition", adjusted_p_are_those_of_the_definition},
        {"false_discoveries_are_as_few_as_promised", false_discoveries_are_as_few_as_promised},
        {"nothing_is_found_where_nothing_changed", nothing_is_found_where_nothing_changed},
        {"p_of_a_single_control_is_a_share", p_of_a_single_control_is_a_share},
        {"words_that_never_change_are_not_found", words_that_never_change_are_not_found},
        {"agreement_of_clusters", agreement_of_clusters},
    };
    return test_run("significance", cases, sizeof cases / sizeof *cases, 0);
}
