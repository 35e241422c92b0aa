// SPDX-License-Identifier: Apache-2.0
/* GloVe's kernels on one batch of runs: gradients, agreement of the instruction sets, the clip. */
#include <math.h>
#include <string.h>

#include "kernels.h"
#include "random.h"
#include "support.h"

enum { WORDS = 5, CONTEXTS = 9, CELLS = 20, MAX_WIDTH = 1040 };

typedef struct {
    float rows[WORDS * 2 * MAX_WIDTH] __attribute__((aligned(64)));
    float contexts[CONTEXTS * 2 * MAX_WIDTH] __attribute__((aligned(64)));
    float row_states[WORDS * GLOVE_STATE] __attribute__((aligned(64)));
    float states[CONTEXTS * GLOVE_STATE] __attribute__((aligned(64)));
    uint32_t words[WORDS + 2];
    uint16_t lengths[WORDS];
    uint16_t places[CELLS + 2];
    float log_x[CELLS], weights[CELLS];
    glove_batch batch;
} bench;

static float draw(uint64_t key, int at, double size) {
    return (float)((random_unit(random_at(key, (uint64_t)at)) - .5) * size);
}

static void fill_side(float *rows, float *states, int n, int dim, size_t width, size_t stride,
                      float rate, double size, uint64_t key) {
    for (int i = 0; i < n; i++) {
        float *row = rows + (size_t)i * stride, *state = states + i * GLOVE_STATE;
        for (size_t k = 0; k < stride; k++)
            row[k] = k >= width ? rate : 0;
        state[GLOVE_LENGTH] = 0;
        for (int k = 0; k < dim; k++) {
            row[k] = draw(key, i * MAX_WIDTH + k, size / sqrt(dim));
            state[GLOVE_LENGTH] += row[k] * row[k];
        }
        state[GLOVE_BIAS] = draw(key, -1 - i, 1);
        state[GLOVE_BIAS_SQUARES] = 1 + (float)i;
        state[GLOVE_SQUARES] = 1.5f + (float)i;
    }
}

/* Runs of 4, 1, 9, 0 (none: four words), 6 non-zeros. */
static void fill(bench *b, int dim, int element, double size, uint64_t key) {
    static const uint16_t lengths[] = {4, 1, 9, 6};
    const size_t width = row_width(dim), stride = element ? 2 * width : width;
    memset(b, 0, sizeof *b);
    fill_side(b->rows, b->row_states, WORDS, dim, width, stride, 0.05f, size, key);
    fill_side(b->contexts, b->states, CONTEXTS, dim, width, stride, 0.05f, size, key + 1);
    int cell = 0;
    for (int run = 0; run < 4; run++) {
        b->words[run] = (uint32_t)((run * 2 + 1) % WORDS);
        b->lengths[run] = lengths[run];
        for (int i = 0; i < lengths[run]; i++, cell++) {
            b->places[cell] = (uint16_t)((i * 2 + run) % CONTEXTS);
            b->log_x[cell] = draw(key + 2, cell, 6);
            b->weights[cell] = 0.5f + draw(key + 3, cell, 1);
        }
    }
    b->batch = (glove_batch){.rows = b->rows,
                             .row_states = b->row_states,
                             .contexts = b->contexts,
                             .states = b->states,
                             .width = width,
                             .stride = stride,
                             .words = b->words,
                             .lengths = b->lengths,
                             .n_runs = 4,
                             .places = b->places,
                             .log_x = b->log_x,
                             .weights = b->weights,
                             .rate = 0.05f,
                             .per_column = 1 / (float)dim};
}

static double run(const kernels *k, int element, const bench *b) {
    return element ? k->glove_element(&b->batch) : k->glove_row(&b->batch);
}

static double distance(const float *a, const float *b, size_t n) {
    double most = 0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs((double)a[k] - (double)b[k]) / (1 + fabs((double)b[k])));
    return most;
}

static void check_agreement(int dim, int element, double size, double tolerance) {
    static bench a, b;
    for (kernels_isa isa = ISA_AVX2; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        fill(&a, dim, element, size, 7);
        fill(&b, dim, element, size, 7);
        const double mine = run(kernels_get(isa), element, &a);
        const double reference = run(kernels_get(ISA_PORTABLE), element, &b);
        CU_ASSERT_DOUBLE_EQUAL(mine, reference, tolerance * (1 + fabs(reference)));
        CU_ASSERT(distance(a.rows, b.rows, sizeof a.rows / sizeof *a.rows) <= tolerance);
        CU_ASSERT(distance(a.contexts, b.contexts, sizeof a.contexts / sizeof *a.contexts) <=
                  tolerance);
        CU_ASSERT(distance(a.states, b.states, sizeof a.states / sizeof *a.states) <= tolerance);
        CU_ASSERT(distance(a.row_states, b.row_states,
                           (element ? 2 : GLOVE_STATE) * (element ? 1 : WORDS)) <= tolerance);
    }
}

static void instruction_sets_agree(void) {
    static const int dims[] = {1, 8, 50, 64, 100, 128, 160, 200, 256, 300, 301, 512, 1030};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (int element = 0; element < 2; element++)
            check_agreement(dims[d], element, 2, 2e-5);
}

static void they_agree_where_gradients_are_clipped(void) {
    check_agreement(2, 0, 600, 2e-4);
    check_agreement(300, 0, 6000, 2e-3);
}

/* Loss of the one non-zero of a batch, in double. */
static double loss_of(const bench *b, int dim) {
    const float *w = b->rows + b->words[0] * b->batch.stride;
    const float *c = b->contexts + b->places[0] * b->batch.stride;
    double diff = (double)b->row_states[b->words[0] * GLOVE_STATE] +
                  (double)b->states[b->places[0] * GLOVE_STATE] - (double)b->log_x[0];
    for (int k = 0; k < dim; k++)
        diff += (double)w[k] * (double)c[k];
    return 0.5 * (double)b->weights[0] * diff * diff;
}

/* Steps with a tiny rate follow the slope, measured by moving one float of either side. */
static void steps_follow_finite_differences(void) {
    static bench before, after, moved;
    const int dim = 20;
    const double h = 1e-2;
    for (int element = 0; element < 2; element++) {
        fill(&before, dim, element, 2, 3);
        before.lengths[0] = 1;
        before.batch.n_runs = 1;
        float *scales[] = {before.rows + before.words[0] * before.batch.stride,
                           before.contexts + before.places[0] * before.batch.stride};
        for (int side = 0; side < 2 && element; side++)
            for (size_t k = 0; k < before.batch.width; k++)
                scales[side][before.batch.width + k] = 1e-3f;
        after = before;
        after.batch.rows = after.rows, after.batch.contexts = after.contexts;
        after.batch.row_states = after.row_states, after.batch.states = after.states;
        after.batch.rate = 1e-3f;
        after.row_states[after.words[0] * GLOVE_STATE + GLOVE_SQUARES] = 1;
        after.states[after.places[0] * GLOVE_STATE + GLOVE_SQUARES] = 1;
        CU_ASSERT_DOUBLE_EQUAL(run(kernels_get(ISA_PORTABLE), element, &after),
                               loss_of(&before, dim), 1e-5);
        for (int k = 0; k < dim; k++)
            for (int side = 0; side < 2; side++) {
                const size_t at = side ? before.places[0] * before.batch.stride + (size_t)k
                                       : before.words[0] * before.batch.stride + (size_t)k;
                moved = before;
                float *x = side ? moved.contexts : moved.rows;
                const float *old = side ? before.contexts : before.rows;
                const float *now = side ? after.contexts : after.rows;
                x[at] = old[at] + (float)h;
                double slope = loss_of(&moved, dim);
                x[at] = old[at] - (float)h;
                slope = (slope - loss_of(&moved, dim)) / (2 * h);
                CU_ASSERT_DOUBLE_EQUAL((double)(old[at] - now[at]) / 1e-3, slope, 2e-3);
            }
    }
}

static void kept_lengths_follow_the_rows(void) {
    static bench b;
    for (kernels_isa isa = ISA_AVX2; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        fill(&b, 300, 0, 2, 11);
        for (int i = 0; i < 50; i++)
            run(kernels_get(isa), 0, &b);
        for (int c = 0; c < CONTEXTS; c++) {
            double square = 0;
            for (size_t k = 0; k < b.batch.width; k++)
                square += pow((double)b.contexts[(size_t)c * b.batch.stride + k], 2);
            CU_ASSERT_DOUBLE_EQUAL(b.states[c * GLOVE_STATE + GLOVE_LENGTH], square,
                                   1e-5 * (1 + square));
        }
    }
}

static void nan_stays_visible(void) {
    static bench b;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        for (int element = 0; kernels_get(isa) && element < 2; element++) {
            fill(&b, 100, element, 2, 5);
            b.contexts[3] = NAN;
            CU_ASSERT(isnan(run(kernels_get(isa), element, &b)));
        }
}

static void weights_and_logs_are_the_formulas(void) {
    enum { N = 37 };
    static float x[N + ROW_QUANTUM], weights[N + ROW_QUANTUM];
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        for (int i = 0; i < N; i++)
            x[i] = (float)pow(10, (double)i / 4 - 3);
        kernels_get(isa)->logs(x, N);
        kernels_get(isa)->glove_weights(x, N, logf(10), 0.75f, weights);
        for (int i = 0; i < N; i++) {
            const double value = pow(10, (double)i / 4 - 3);
            CU_ASSERT_DOUBLE_EQUAL(x[i], log(value), 1e-6 * (1 + fabs(log(value))));
            CU_ASSERT_DOUBLE_EQUAL(weights[i], fmin(1, pow(value / 10, 0.75)), 3e-6);
        }
        CU_ASSERT_EQUAL(weights[N - 1], 1);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"instruction_sets_agree", instruction_sets_agree},
        {"they_agree_where_gradients_are_clipped", they_agree_where_gradients_are_clipped},
        {"steps_follow_finite_differences", steps_follow_finite_differences},
        {"kept_lengths_follow_the_rows", kept_lengths_follow_the_rows},
        {"nan_stays_visible", nan_stays_visible},
        {"weights_and_logs_are_the_formulas", weights_and_logs_are_the_formulas},
    };
    return test_run("glove_kernels", cases, sizeof cases / sizeof *cases, 0);
}
