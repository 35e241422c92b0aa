// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "random.h"
#include "support.h"

enum { MAX_IN = 20, MAX_OUT = 14, MAX_WIDTH = 4096 };

typedef struct {
    float rows[MAX_IN + MAX_OUT][MAX_WIDTH] __attribute__((aligned(64)));
    float scratch[(MAX_IN + 1) * SCORE_STRIDE] __attribute__((aligned(64)));
    float *in[MAX_IN], *out[MAX_OUT];
    sgns_window window;
} bench;

/* Rows with scores of a few units, zero behind dim; the same for the same seed. */
static void fill(bench *b, int n_in, int n_out, int dim, uint64_t seed) {
    memset(b->rows, 0, sizeof b->rows);
    for (int r = 0; r < MAX_IN + MAX_OUT; r++)
        for (int k = 0; k < dim; k++)
            b->rows[r][k] = (float)((random_unit(random_at(seed + (uint64_t)r, (uint64_t)k)) - .5) *
                                    4 / sqrt(sqrt(dim)));
    for (int i = 0; i < MAX_IN; i++)
        b->in[i] = b->rows[i];
    for (int j = 0; j < MAX_OUT; j++)
        b->out[j] = b->rows[MAX_IN + j];
    b->window = (sgns_window){.in = b->in,
                              .out = b->out,
                              .n_in = n_in,
                              .n_out = n_out,
                              .rate = 0.05f,
                              .width = row_width(dim),
                              .ahead = {b->in[0], b->in[0], b->in[0]},
                              .scratch = b->scratch};
}

static double max_abs_difference(const bench *a, const bench *b, double *largest) {
    double most = 0;
    *largest = 0;
    for (int r = 0; r < MAX_IN + MAX_OUT; r++)
        for (int k = 0; k < MAX_WIDTH; k++) {
            most = fmax(most, fabs((double)a->rows[r][k] - (double)b->rows[r][k]));
            *largest = fmax(*largest, fabs((double)a->rows[r][k]));
        }
    return most;
}

static void instruction_sets_agree_to_1e5_relative(void) {
    static bench a, b;
    static const int dims[] = {1, 8, 50, 100, 300, 301, 320};
    for (kernels_isa isa = ISA_AVX2; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        for (int d = 0; k && d < (int)(sizeof dims / sizeof *dims); d++)
            for (int n_in = 1; n_in <= MAX_IN; n_in++)
                for (int n_out = 1; n_out <= MAX_OUT; n_out++) {
                    double largest, l1, l2;
                    uint64_t seed = (uint64_t)(n_in * 100 + n_out);
                    fill(&a, n_in, n_out, dims[d], seed);
                    fill(&b, n_in, n_out, dims[d], seed);
                    l1 = kernels_get(ISA_PORTABLE)->sgns_window(&a.window);
                    l2 = k->sgns_window(&b.window);
                    CU_ASSERT(fabs(l1 - l2) <= 1e-5 * fabs(l1));
                    CU_ASSERT(max_abs_difference(&a, &b, &largest) <= 1e-5 * largest);
                }
    }
}

static void they_agree_up_to_4096_columns(void) {
    static bench a, b;
    static const int dims[] = {600, 1024, 2047, 4096}, outs[] = {1, 6, 13};
    for (kernels_isa isa = ISA_AVX2; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        for (int d = 0; k && d < 4; d++)
            for (int n_in = 1; n_in <= MAX_IN; n_in += 3)
                for (int o = 0; o < 3; o++) {
                    double largest, l1, l2;
                    fill(&a, n_in, outs[o], dims[d], 7);
                    fill(&b, n_in, outs[o], dims[d], 7);
                    l1 = kernels_get(ISA_PORTABLE)->sgns_window(&a.window);
                    l2 = k->sgns_window(&b.window);
                    CU_ASSERT(fabs(l1 - l2) <= 1e-5 * fabs(l1));
                    CU_ASSERT(max_abs_difference(&a, &b, &largest) <= 1e-5 * largest);
                }
    }
}

static void exponentials_equal_the_libraries(void) {
    enum { N = 2048 };
    static float x[N] __attribute__((aligned(64))), y[N] __attribute__((aligned(64)));
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        if (!k)
            continue;
        double sum = 0;
        float top = -INFINITY;
        for (int i = 0; i < N; i++) {
            x[i] = y[i] = (float)(random_unit(random_at(4, (uint64_t)i)) * 60 - 20);
            top = fmaxf(top, x[i]);
        }
        x[77] = y[77] = -1e30f; /* nothing, not garbage */
        for (int i = 0; i < N; i++)
            sum += exp((double)x[i] - (double)top);
        CU_ASSERT_EQUAL(k->highest(x, N), top);
        CU_ASSERT_DOUBLE_EQUAL(k->exp_sum(x, N, top), sum, 1e-6 * sum);
        int wrong = 0;
        k->exp_scaled(y, N, top, 3);
        for (int i = 0; i < N; i++) {
            /* The argument in float has an error that grows with it. */
            const double away = (double)top - (double)x[i], expected = 3 * exp(-away);
            wrong += fabs((double)y[i] - expected) > (1e-6 + 2e-7 * away) * expected + 1e-36;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        x[1000] = y[1000] = NAN;
        k->exp_scaled(y + 992, 16, 0, 1);
        CU_ASSERT(isnan(k->exp_sum(x, N, top)) && isnan(y[1000]));
    }
}

static void padding_stays_zero(void) {
    static bench a;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        fill(&a, 7, 6, 50, 3);
        for (int step = 0; k && step < 20; step++)
            k->sgns_window(&a.window);
        for (int r = 0; r < MAX_IN + MAX_OUT; r++)
            for (size_t c = 50; c < row_width(50); c++)
                CU_ASSERT(a.rows[r][c] == 0);
    }
}

/* The loss of a window in double, from its definition. */
static double loss_of(const bench *b, int n_in, int n_out, int dim) {
    double loss = 0;
    for (int i = 0; i < n_in; i++)
        for (int j = 0; j < n_out; j++) {
            double x = 0;
            for (int k = 0; k < dim; k++)
                x += (double)b->in[i][k] * (double)b->out[j][k];
            loss += j == 0 ? fmax(-x, 0) + log1p(exp(-fabs(x))) : fmax(x, 0) + log1p(exp(-fabs(x)));
        }
    return loss;
}

static double slope(bench *b, float *at, int n_in, int n_out, int dim) {
    const float h = 0x1p-6f, before = *at;
    *at = before + h;
    double up = loss_of(b, n_in, n_out, dim);
    *at = before - h;
    double down = loss_of(b, n_in, n_out, dim);
    *at = before;
    return (up - down) / (2 * (double)h);
}

static void steps_follow_finite_differences(void) {
    static bench b, after;
    enum { N_IN = 5, N_OUT = 6, DIM = 20 };
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        if (!k)
            continue;
        fill(&b, N_IN, N_OUT, DIM, 11);
        fill(&after, N_IN, N_OUT, DIM, 11);
        after.window.rate = 1e-4f;
        CU_ASSERT_DOUBLE_EQUAL(k->sgns_window(&after.window), loss_of(&b, N_IN, N_OUT, DIM), 1e-4);
        /* Inputs step from the outputs before the window; so do outputs but for the tiny change
         * that another occurrence of the same row makes. */
        for (int i = 0; i < N_IN + N_OUT; i++) {
            float *row = i < N_IN ? b.in[i] : b.out[i - N_IN];
            const float *now = i < N_IN ? after.in[i] : after.out[i - N_IN];
            for (int c = 0; c < DIM; c += 7) {
                double step = ((double)now[c] - (double)row[c]) / 1e-4;
                CU_ASSERT_DOUBLE_EQUAL(step, -slope(&b, &row[c], N_IN, N_OUT, DIM), 5e-3);
            }
        }
    }
}

static void extreme_scores_give_finite_steps_and_nan_stays_visible(void) {
    static bench b;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        const kernels *k = kernels_get(isa);
        if (!k)
            continue;
        fill(&b, 3, 6, 16, 5);
        for (int c = 0; c < 16; c++) {
            b.in[0][c] = 10;
            b.out[1][c] = 10;
            b.out[0][c] = -10;
        }
        double expected = loss_of(&b, 3, 6, 16);
        CU_ASSERT_DOUBLE_EQUAL(k->sgns_window(&b.window), expected, 1e-4 * expected);
        for (int c = 0; c < 16; c++)
            CU_ASSERT(isfinite(b.in[0][c]) && isfinite(b.out[1][c]));
        b.in[1][0] = NAN;
        CU_ASSERT(!isfinite(k->sgns_window(&b.window)));
    }
}

static void a_repeated_input_counts_twice(void) {
    static bench once, twice;
    fill(&once, 1, 3, 32, 9);
    fill(&twice, 2, 3, 32, 9);
    twice.in[1] = twice.in[0];
    const kernels *k = kernels_get(ISA_AUTO);
    double one = k->sgns_window(&once.window), two = k->sgns_window(&twice.window);
    CU_ASSERT_DOUBLE_EQUAL(two, 2 * one, 1e-4);
    for (int c = 0; c < 32; c++) {
        static bench before;
        fill(&before, 1, 3, 32, 9);
        CU_ASSERT_DOUBLE_EQUAL(twice.in[0][c] - before.in[0][c],
                               2 * (once.in[0][c] - before.in[0][c]), 1e-4);
    }
}

static void dots_equal_naive_sums(void) {
    static bench b;
    fill(&b, 2, 2, 300, 1);
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        float dots[3];
        double naive[3] = {0};
        if (!kernels_get(isa))
            continue;
        kernels_get(isa)->dots(b.in[0], b.in[1], row_width(300), dots);
        for (int k = 0; k < 300; k++) {
            naive[0] += (double)b.in[0][k] * (double)b.in[1][k];
            naive[1] += (double)b.in[0][k] * (double)b.in[0][k];
            naive[2] += (double)b.in[1][k] * (double)b.in[1][k];
        }
        for (int i = 0; i < 3; i++)
            CU_ASSERT_DOUBLE_EQUAL(dots[i], naive[i], 1e-4);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"instruction_sets_agree_to_1e5_relative", instruction_sets_agree_to_1e5_relative},
        {"they_agree_up_to_4096_columns", they_agree_up_to_4096_columns},
        {"exponentials_equal_the_libraries", exponentials_equal_the_libraries},
        {"padding_stays_zero", padding_stays_zero},
        {"steps_follow_finite_differences", steps_follow_finite_differences},
        {"extreme_scores_give_finite_steps_and_nan_stays_visible",
         extreme_scores_give_finite_steps_and_nan_stays_visible},
        {"a_repeated_input_counts_twice", a_repeated_input_counts_twice},
        {"dots_equal_naive_sums", dots_equal_naive_sums},
    };
    return test_run("kernels", cases, sizeof cases / sizeof *cases, 0);
}
