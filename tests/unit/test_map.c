// SPDX-License-Identifier: Apache-2.0
/* Maps of words: principal components against a power iteration, t-SNE against finite differences,
 * definitions and planted groups. */
#include <math.h>
#include <string.h>

#include "map.h"
#include "memory.h"
#include "random.h"
#include "support.h"

enum { MOST_ROWS = 150, MOST_DIM = 200, GROUPS = 3 };

static float table[MOST_ROWS * MOST_DIM];

/* Rows around as many directions as there are groups: row i belongs to group i % GROUPS. */
static unit_rows make_rows(int64_t n, int64_t dim, double noise) {
    const uint64_t key = random_key(5, RANDOM_INIT, 0);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < dim; j++)
            table[i * dim + j] =
                (float)(noise * (random_unit(random_at(key, (uint64_t)(i * dim + j))) - 0.5) +
                        (j == i % GROUPS ? 2.0 + (double)j : 0));
        neighbours_normalise(table + i * dim, dim);
    }
    return (unit_rows){.rows = table, .n = n, .dim = dim, .stride = (size_t)dim};
}

/* The variance of the rows along a direction of length 1. */
static double variance(const unit_rows *rows, const double *direction) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        double x = 0;
        for (int64_t j = 0; j < rows->dim; j++)
            x += direction[j] * rows->rows[i * rows->dim + j];
        sum += x;
        square += x * x;
    }
    return square - sum * sum / (double)rows->n;
}

/* The leading direction by power iteration on the centred rows, orthogonal to `others`. */
static void power_iteration(const unit_rows *rows, const double *other, double *direction) {
    double mean[MOST_DIM] = {0};
    for (int64_t i = 0; i < rows->n; i++)
        for (int64_t j = 0; j < rows->dim; j++)
            mean[j] += rows->rows[i * rows->dim + j] / (double)rows->n;
    for (int64_t j = 0; j < rows->dim; j++)
        direction[j] = 1 + (double)j;
    for (int step = 0; step < 2000; step++) {
        double next[MOST_DIM] = {0}, along = 0, square = 0;
        for (int64_t i = 0; i < rows->n; i++) {
            double x = 0;
            for (int64_t j = 0; j < rows->dim; j++)
                x += direction[j] * (rows->rows[i * rows->dim + j] - mean[j]);
            for (int64_t j = 0; j < rows->dim; j++)
                next[j] += x * (rows->rows[i * rows->dim + j] - mean[j]);
        }
        for (int64_t j = 0; j < rows->dim && other; j++)
            along += next[j] * other[j];
        for (int64_t j = 0; j < rows->dim; j++) {
            next[j] -= other ? along * other[j] : 0;
            square += next[j] * next[j];
        }
        for (int64_t j = 0; j < rows->dim; j++)
            direction[j] = next[j] / sqrt(square);
    }
}

static void compare_with_power_iteration(int64_t n, int64_t dim) {
    const unit_rows rows = make_rows(n, dim, 1);
    double points[MOST_ROWS * MAP_AXES], shares[MAP_AXES], axes[MAP_AXES][MOST_DIM], whole = 0;
    CU_ASSERT_EQUAL(map_components(&rows, 1, points, shares).code, STATUS_OK);
    for (int64_t j = 0; j < dim; j++) {
        double one[MOST_DIM] = {0};
        one[j] = 1;
        whole += variance(&rows, one);
    }
    for (int axis = 0; axis < MAP_AXES; axis++) {
        double square = 0, farthest = 0;
        power_iteration(&rows, axis ? axes[0] : NULL, axes[axis]);
        for (int64_t i = 0; i < n; i++) {
            const double x = points[i * MAP_AXES + axis];
            square += x * x;
            farthest = fabs(x) > fabs(farthest) ? x : farthest;
        }
        CU_ASSERT_DOUBLE_EQUAL(shares[axis], variance(&rows, axes[axis]) / whole, 1e-8);
        CU_ASSERT_DOUBLE_EQUAL(square, variance(&rows, axes[axis]), 1e-8);
        CU_ASSERT(farthest > 0);
    }
}

static void components_are_those_of_a_power_iteration(void) {
    compare_with_power_iteration(120, 20);
    compare_with_power_iteration(40, 200); /* fewer words than columns */
}

static void equal_rows_have_no_axes(void) {
    unit_rows rows = make_rows(1, 10, 1);
    double points[4 * MAP_AXES], shares[MAP_AXES];
    rows.n = 4;
    rows.stride = 0;
    CU_ASSERT_EQUAL(map_components(&rows, 1, points, shares).code, STATUS_OK);
    for (int i = 0; i < 4 * MAP_AXES; i++)
        CU_ASSERT_DOUBLE_EQUAL(points[i], 0, 1e-6);
    rows.n = 1;
    CU_ASSERT_EQUAL(map_components(&rows, 1, points, shares).code, STATUS_OK);
    CU_ASSERT(isnan(shares[0]) || shares[0] == 1);
}

/* ---- t-SNE */

static void affinities_are_a_symmetric_distribution(void) {
    enum { N = 60 };
    const unit_rows rows = make_rows(N, 20, 1);
    static double p[N * N];
    double sum = 0, asymmetry = 0;
    CU_ASSERT_EQUAL(map_affinities(&rows, 10, 2, p).code, STATUS_OK);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_EQUAL(p[i * N + i], 0);
        for (int j = 0; j < N; j++) {
            sum += p[i * N + j];
            asymmetry = fmax(asymmetry, fabs(p[i * N + j] - p[j * N + i]));
        }
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-12);
    CU_ASSERT_EQUAL(asymmetry, 0);
}

/* The three words of a corner: each has the same two neighbours at the same distance, so that the
 * conditional probabilities are 1/2 and the joint ones 1/6, whatever the perplexity. */
static void affinities_of_equal_distances_are_equal(void) {
    static float corner[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const unit_rows rows = {.rows = corner, .n = 3, .dim = 3, .stride = 3};
    double p[9];
    CU_ASSERT_EQUAL(map_affinities(&rows, 2, 1, p).code, STATUS_OK);
    for (int i = 0; i < 9; i++)
        CU_ASSERT_DOUBLE_EQUAL(p[i], i % 4 ? 1.0 / 6 : 0, 1e-12);
}

/* Words evenly round a circle see all the same, so that the joint probabilities are the conditional
 * ones over n, and their entropy is the logarithm of the perplexity. */
static void affinities_have_the_perplexity_that_is_asked_for(void) {
    enum { N = 60 };
    static float circle[N * 2];
    static double p[N * N];
    const unit_rows rows = {.rows = circle, .n = N, .dim = 2, .stride = 2};
    for (int i = 0; i < N; i++) {
        circle[2 * i] = (float)cos(2 * acos(-1) * i / N);
        circle[2 * i + 1] = (float)sin(2 * acos(-1) * i / N);
    }
    CU_ASSERT_EQUAL(map_affinities(&rows, 10, 1, p).code, STATUS_OK);
    for (int i = 0; i < N; i++) {
        double entropy = 0;
        for (int j = 0; j < N; j++)
            if (p[i * N + j] > 0)
                entropy -= N * p[i * N + j] * log(N * p[i * N + j]);
        CU_ASSERT_DOUBLE_EQUAL(exp(entropy), 10, 1e-3);
    }
}

static void gradient_is_that_of_finite_differences(void) {
    enum { N = 40 };
    const double step = 1e-5;
    const unit_rows rows = make_rows(N, 20, 1);
    static double p[N * N], points[N * MAP_AXES], gradient[N * MAP_AXES], work[N * MAP_WORK];
    CU_ASSERT_EQUAL(map_affinities(&rows, 8, 1, p).code, STATUS_OK);
    for (int i = 0; i < N * MAP_AXES; i++)
        points[i] = 3 * random_unit(random_at(random_key(1, RANDOM_INIT, 1), (uint64_t)i));
    map_gradient(N, p, 1, points, 1, work, gradient);
    double worst = 0;
    for (int i = 0; i < N * MAP_AXES; i++) {
        const double x = points[i];
        points[i] = x + step;
        const double above = map_divergence(N, p, points);
        points[i] = x - step;
        const double below = map_divergence(N, p, points);
        points[i] = x;
        worst = fmax(worst, fabs(gradient[i] - (above - below) / (2 * step)));
    }
    CU_ASSERT(worst < 1e-8);
}

/* Whether each point's nearest other one is of its group. */
static int strays(int64_t n, const double *points) {
    int wrong = 0;
    for (int64_t i = 0; i < n; i++) {
        double nearest = INFINITY;
        int64_t best = i;
        for (int64_t j = 0; j < n; j++) {
            const double d =
                hypot(points[i * 2] - points[j * 2], points[i * 2 + 1] - points[j * 2 + 1]);
            if (j != i && d < nearest) {
                nearest = d;
                best = j;
            }
        }
        wrong += best % GROUPS != i % GROUPS;
    }
    return wrong;
}

static status map_table(const unit_rows *rows, int threads, double *points, map_quality *quality) {
    const map_settings settings = {.perplexity = 20, .iterations = 500, .threads = threads};
    double shares[MAP_AXES];
    status s = map_components(rows, threads, points, shares);
    return s.code ? s : map_neighbours(rows, &settings, points, quality);
}

static void planted_groups_are_together(void) {
    const unit_rows rows = make_rows(MOST_ROWS, 20, 2);
    static double points[MOST_ROWS * MAP_AXES];
    map_quality quality;
    CU_ASSERT_EQUAL(map_table(&rows, 2, points, &quality).code, STATUS_OK);
    CU_ASSERT(strays(MOST_ROWS, points) == 0);
    CU_ASSERT(quality.divergence > 0 && quality.divergence < 1.5);
    CU_ASSERT_EQUAL(quality.perplexity, 20);
}

static void the_same_bits_on_any_number_of_threads(void) {
    const unit_rows rows = make_rows(MOST_ROWS, 37, 1);
    static double one[MOST_ROWS * MAP_AXES], many[MOST_ROWS * MAP_AXES];
    map_quality q1, q2;
    CU_ASSERT_EQUAL(map_table(&rows, 1, one, &q1).code, STATUS_OK);
    for (int threads = 2; threads <= 3; threads++) {
        CU_ASSERT_EQUAL(map_table(&rows, threads, many, &q2).code, STATUS_OK);
        CU_ASSERT(!memcmp(one, many, sizeof one));
        CU_ASSERT(q1.divergence == q2.divergence);
    }
}

static void few_words_lower_the_perplexity(void) {
    const unit_rows rows = make_rows(7, 20, 1);
    double points[7 * MAP_AXES];
    map_quality quality;
    CU_ASSERT_EQUAL(map_table(&rows, 1, points, &quality).code, STATUS_OK);
    CU_ASSERT_EQUAL(quality.perplexity, 2);
    for (int i = 0; i < 7 * MAP_AXES; i++)
        CU_ASSERT(isfinite(points[i]));
}

static status draw(void *context) {
    static double points[MOST_ROWS * MAP_AXES];
    map_quality quality;
    return map_table(context, 1, points, &quality);
}

static void a_refused_block_is_reported_and_nothing_leaks(void) {
    unit_rows rows = make_rows(12, 20, 1);
    CU_ASSERT(test_each_refusal(draw, &rows) > 8);
}

int main(void) {
    static const test_case cases[] = {
        {"components_are_those_of_a_power_iteration", components_are_those_of_a_power_iteration},
        {"equal_rows_have_no_axes", equal_rows_have_no_axes},
        {"affinities_are_a_symmetric_distribution", affinities_are_a_symmetric_distribution},
        {"affinities_of_equal_distances_are_equal", affinities_of_equal_distances_are_equal},
        {"affinities_have_the_perplexity_that_is_asked_for",
         affinities_have_the_perplexity_that_is_asked_for},
        {"gradient_is_that_of_finite_differences", gradient_is_that_of_finite_differences},
        {"planted_groups_are_together", planted_groups_are_together},
        {"the_same_bits_on_any_number_of_threads", the_same_bits_on_any_number_of_threads},
        {"few_words_lower_the_perplexity", few_words_lower_the_perplexity},
        {"a_refused_block_is_reported_and_nothing_leaks",
         a_refused_block_is_reported_and_nothing_leaks},
    };
    return test_run("map", cases, sizeof cases / sizeof *cases, 0);
}
