// SPDX-License-Identifier: Apache-2.0
/* Folding the changes of replicas, and the curvature that says how. */
#include <math.h>
#include <string.h>

#include "fold.h"
#include "memory.h"
#include "support.h"

/* A table whose moment is known: row i lies along axis i, its length falls. */
enum { DIM = 48, WIDTH = 48 };

static void measure_table(curvature *c, const float *table) {
    for (size_t k = 0; k < CURVATURE_SAMPLE; k++)
        memcpy(c->rows + k * c->width, table + (size_t)c->sample[k] * c->width,
               c->width * sizeof *table);
    curvature_measure(c);
}

static double square_of(int axis) {
    return axis == 0 ? 60 : 40.0 / (1 + axis);
}

static double eigenvalue(int axis) {
    return square_of(axis) / DIM;
}

static void measure(curvature *c) {
    static float table[DIM * WIDTH];
    double rates[DIM];
    memset(table, 0, sizeof table);
    for (int i = 0; i < DIM; i++) {
        rates[i] = 1;
        table[i * WIDTH + i] = (float)sqrt(square_of(i));
    }
    CU_ASSERT_EQUAL_FATAL(curvature_create(c, rates, DIM, DIM, 1).code, STATUS_OK);
    measure_table(c, table);
}

static void curvature_finds_the_leading_directions(void) {
    curvature c;
    double trace = 0, rest = 0;
    measure(&c);
    for (int i = 0; i < DIM; i++)
        trace += eigenvalue(i);
    CU_ASSERT_DOUBLE_EQUAL(c.trace, trace, 0.02 * trace);
    for (int k = 0; k < 4; k++)
        CU_ASSERT_DOUBLE_EQUAL(c.values[k], eigenvalue(k), 0.03 * eigenvalue(k));
    CU_ASSERT_DOUBLE_EQUAL(fabsf(c.directions[0]), 1, 0.001);
    CU_ASSERT_DOUBLE_EQUAL(fabsf(c.directions[c.width + 1]), 1, 0.02);
    for (int k = CURVATURE_DIRECTIONS; k < DIM; k++)
        rest += eigenvalue(k) / (DIM - CURVATURE_DIRECTIONS);
    CU_ASSERT_DOUBLE_EQUAL(c.rest, rest, 0.1 * rest);
    curvature_clear(&c);
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

static void curvature_counts_rows_by_their_rate(void) {
    curvature c;
    float table[2 * ROW_QUANTUM] = {0};
    const double rates[] = {3, 1};
    table[0] = table[ROW_QUANTUM + 1] = 2;
    CU_ASSERT_EQUAL_FATAL(curvature_create(&c, rates, 2, 2, 1).code, STATUS_OK);
    measure_table(&c, table);
    CU_ASSERT_DOUBLE_EQUAL(c.values[0], 3, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(c.values[1], 1, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(c.rest, 0, 1e-9);
    memset(table, 0, sizeof table);
    measure_table(&c, table);
    CU_ASSERT_DOUBLE_EQUAL(c.values[0], 0, 1e-9);
    curvature_clear(&c);
}

/* Two rows, met alike: the mean of 4 of them at random is (2, 0), (1.5, .5), ... */
static void curvature_of_means_leans_to_the_mean_row(void) {
    curvature c;
    float table[2 * ROW_QUANTUM] = {0};
    const double rates[] = {1, 1};
    table[0] = table[ROW_QUANTUM + 1] = 2;
    CU_ASSERT_EQUAL_FATAL(curvature_create(&c, rates, 2, 2, 4).code, STATUS_OK);
    measure_table(&c, table);
    CU_ASSERT_DOUBLE_EQUAL(c.values[0], 2, 1e-3);   /* along (1, 1): always 2 */
    CU_ASSERT_DOUBLE_EQUAL(c.values[1], 0.5, 1e-3); /* along (1, -1): the variance 2, in four */
    curvature_clear(&c);
}

/* Replica r draws the row to where its own pairs agree: x <- target + exp(-u M) (x - target). */
static double trained(double x, double target, double u, int axis) {
    return target + exp(-u * eigenvalue(axis)) * (x - target);
}

static double target(int replica, int axis) {
    return sin(1 + 3 * replica + axis);
}

static void sequence_is_where_training_in_turns_would_be(void) {
    enum { REPLICAS = 5 };
    static float rows[REPLICAS][WIDTH] __attribute__((aligned(64)));
    float *changes[REPLICAS];
    curvature c;
    measure(&c);
    for (int power = -2; power < 2; power++) {
        const double u = pow(10, power);
        for (int r = 0; r < REPLICAS; r++) {
            changes[r] = rows[r];
            for (int i = 0; i < DIM; i++)
                rows[r][i] = (float)trained(0, target(r, i), u, i);
        }
        const fold_settings how = {.rule = FOLD_SEQUENCE,
                                   .kernel = kernels_get(ISA_AUTO),
                                   .curvature = &c,
                                   .u = u,
                                   .n_replicas = REPLICAS};
        fold_changes(&how, changes, REPLICAS, DIM);
        for (int i = 0; i < 8; i++) { /* the others' eigenvalues are close or taken together */
            double x = 0;
            for (int r = 0; r < REPLICAS; r++)
                x = trained(x, target(r, i), u, i);
            CU_ASSERT_DOUBLE_EQUAL(rows[0][i], x, 0.03);
        }
    }
    curvature_clear(&c);
}

static void fold_of_equal_changes_is_between_mean_and_sum(void) {
    float a[DIM] __attribute__((aligned(64))), b[DIM] __attribute__((aligned(64)));
    float *changes[] = {a, b};
    curvature c;
    const struct {
        fold_rule rule;
        double u;
        float expected; /* of two changes of 1 */
    } cases[] = {{FOLD_SUM, 0, 2},         {FOLD_MEAN, 0, 1},          {FOLD_ADASUM, 0, 1},
                 {FOLD_CONTRACTION, 0, 2}, {FOLD_CONTRACTION, 1e9, 1}, {FOLD_SEQUENCE, 0, 2},
                 {FOLD_SEQUENCE, 1e9, 1}};
    measure(&c);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fold_settings how = {.rule = cases[i].rule,
                                   .kernel = kernels_get(ISA_AUTO),
                                   .curvature = &c,
                                   .u = cases[i].u,
                                   .n_replicas = 2};
        for (int k = 0; k < DIM; k++)
            a[k] = b[k] = 1;
        fold_changes(&how, changes, 2, DIM);
        for (int k = 0; k < DIM; k += 7)
            CU_ASSERT_DOUBLE_EQUAL(a[k], cases[i].expected, 1e-4);
    }
    curvature_clear(&c);
}

static void fold_adds_changes_at_right_angles(void) {
    float a[16] __attribute__((aligned(64))) = {1}, b[16] __attribute__((aligned(64))) = {0, 2};
    float *changes[] = {a, b};
    const fold_settings how = {
        .rule = FOLD_ADASUM, .kernel = kernels_get(ISA_AUTO), .n_replicas = 2};
    fold_changes(&how, changes, 2, 2);
    CU_ASSERT_DOUBLE_EQUAL(a[0], 1, 1e-6);
    CU_ASSERT_DOUBLE_EQUAL(a[1], 2, 1e-6);
}

int main(void) {
    static const test_case cases[] = {
        {"curvature_finds_the_leading_directions", curvature_finds_the_leading_directions},
        {"curvature_counts_rows_by_their_rate", curvature_counts_rows_by_their_rate},
        {"curvature_of_means_leans_to_the_mean_row", curvature_of_means_leans_to_the_mean_row},
        {"sequence_is_where_training_in_turns_would_be",
         sequence_is_where_training_in_turns_would_be},
        {"fold_of_equal_changes_is_between_mean_and_sum",
         fold_of_equal_changes_is_between_mean_and_sum},
        {"fold_adds_changes_at_right_angles", fold_adds_changes_at_right_angles},
    };
    return test_run("fold", cases, sizeof cases / sizeof *cases, 0);
}
