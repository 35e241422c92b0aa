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
    float scratch[(MAX_OUT / OUT_BLOCK + 1) * (MAX_IN + 1) * SCORE_STRIDE + 2 * MAX_WIDTH]
        __attribute__((aligned(64)));
    logistic_loss loss;
    float labels[MAX_OUT + SCORE_STRIDE];
    float *in[MAX_IN], *out[MAX_OUT];
    const float *ahead[N_AHEAD * MAX_OUT];
    logistic_window window;
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
    for (int a = 0; a < N_AHEAD * MAX_OUT; a++)
        b->ahead[a] = b->in[0];
    for (int j = 0; j < MAX_OUT; j++)
        b->labels[j] = j == 0;
    b->window = (logistic_window){.in = b->in,
                                  .out = b->out,
                                  .labels = b->labels,
                                  .n_in = n_in,
                                  .n_out = n_out,
                                  .rate = 0.05f,
                                  .width = row_width(dim),
                                  .ahead = b->ahead,
                                  .n_ahead = N_AHEAD,
                                  .gather = 1,
                                  .spread = 1,
                                  .scratch = b->scratch,
                                  .loss = &b->loss};
    logistic_loss_none(&b->loss);
}

/* Labels as on a path of a tree, and factors of a bag. */
static void mix(bench *b, uint64_t seed) {
    for (int j = 0; j < MAX_OUT; j++)
        b->labels[j] = (float)(random_at(seed, (uint64_t)j) & 1);
    b->window.gather = 1 / (float)b->window.n_in;
    b->window.spread = 0.75f;
}

static void train(const kernels *k, int bag, const logistic_window *w) {
    if (bag) {
        k->bag(w);
    } else {
        k->score(w);
        k->update(w);
    }
}

static double run(const kernels *k, int bag, const logistic_window *w) {
    train(k, bag, w);
    return logistic_loss_take(w->loss);
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
                    for (int bag = 0; bag < 2; bag++) {
                        fill(&a, n_in, n_out, dims[d], seed);
                        fill(&b, n_in, n_out, dims[d], seed);
                        mix(&a, seed);
                        mix(&b, seed);
                        l1 = run(kernels_get(ISA_PORTABLE), bag, &a.window);
                        l2 = run(k, bag, &b.window);
                        CU_ASSERT(fabs(l1 - l2) <= 1e-5 * fabs(l1));
                        CU_ASSERT(max_abs_difference(&a, &b, &largest) <= 1e-5 * largest);
                    }
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
                for (int at = 0; at < 6; at++) {
                    double largest, l1, l2;
                    fill(&a, n_in, outs[at / 2], dims[d], 7);
                    fill(&b, n_in, outs[at / 2], dims[d], 7);
                    mix(&a, 7);
                    mix(&b, 7);
                    l1 = run(kernels_get(ISA_PORTABLE), at % 2, &a.window);
                    l2 = run(k, at % 2, &b.window);
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
            run(k, step % 2, &a.window);
        for (int r = 0; r < MAX_IN + MAX_OUT; r++)
            for (size_t c = 50; c < row_width(50); c++)
                CU_ASSERT(a.rows[r][c] == 0);
    }
}

static double loss_at(double x, int label) {
    return fmax(label ? -x : x, 0) + log1p(exp(-fabs(x)));
}

/* The loss of a window in double, from its definition. */
static double loss_of(const bench *b, int bag, int dim) {
    const logistic_window *w = &b->window;
    double loss = 0;
    for (int j = 0; j < w->n_out; j++) {
        double sum = 0;
        for (int i = 0; i < w->n_in; i++) {
            double x = 0;
            for (int k = 0; k < dim; k++)
                x += (double)b->in[i][k] * (double)b->out[j][k];
            sum += x;
            loss += bag ? 0 : loss_at(x, b->labels[j] > 0);
        }
        loss += bag ? loss_at((double)w->gather * sum, b->labels[j] > 0) : 0;
    }
    return loss;
}

static double slope(bench *b, float *at, int bag, int dim) {
    const float h = 0x1p-6f, before = *at;
    *at = before + h;
    double up = loss_of(b, bag, dim);
    *at = before - h;
    double down = loss_of(b, bag, dim);
    *at = before;
    return (up - down) / (2 * (double)h);
}

/* Rows step down the slope of their window's loss before the step, but for the tiny changes that
 * later blocks and other occurrences of a row see. */
static void check_slopes(const kernels *k, int bag, int n_in, int n_out) {
    static bench b, after;
    enum { DIM = 20 };
    fill(&b, n_in, n_out, DIM, 11);
    fill(&after, n_in, n_out, DIM, 11);
    mix(&b, 5);
    mix(&after, 5);
    b.window.spread = after.window.spread = after.window.gather;
    after.window.rate = 1e-4f;
    CU_ASSERT_DOUBLE_EQUAL(run(k, bag, &after.window), loss_of(&b, bag, DIM), 2e-3);
    for (int i = 0; i < n_in + n_out; i++) {
        float *row = i < n_in ? b.in[i] : b.out[i - n_in];
        const float *now = i < n_in ? after.in[i] : after.out[i - n_in];
        for (int c = 0; c < DIM; c += 7) {
            double step = ((double)now[c] - (double)row[c]) / 1e-4;
            CU_ASSERT_DOUBLE_EQUAL(step, -slope(&b, &row[c], bag, DIM), 5e-3);
        }
    }
}

static void steps_follow_finite_differences(void) {
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        for (int bag = 0; kernels_get(isa) && bag < 2; bag++) {
            check_slopes(kernels_get(isa), bag, 5, 6);
            check_slopes(kernels_get(isa), bag, 1, 6);
            check_slopes(kernels_get(isa), bag, 3, 11);
        }
}

/* Pair by pair in the order of word2vec.c: all scores from before, one input. */
static void a_bag_of_one_is_a_pair_of_word2vec(void) {
    static bench a, b;
    enum { N_OUT = 9, DIM = 40 };
    fill(&a, 1, N_OUT, DIM, 21);
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        fill(&b, 1, N_OUT, DIM, 21);
        run(kernels_get(isa), 1, &b.window);
        double change[DIM] = {0};
        for (int j = 0; j < N_OUT; j++) {
            double x = 0;
            for (int c = 0; c < DIM; c++)
                x += (double)a.in[0][c] * (double)a.out[j][c];
            double g = 0.05 * ((j == 0) - 1 / (1 + exp(-x)));
            for (int c = 0; c < DIM; c++) {
                change[c] += g * (double)a.out[j][c];
                CU_ASSERT_DOUBLE_EQUAL(b.out[j][c], a.out[j][c] + g * (double)a.in[0][c], 1e-6);
            }
        }
        for (int c = 0; c < DIM; c++)
            CU_ASSERT_DOUBLE_EQUAL(b.in[0][c], a.in[0][c] + change[c], 1e-6);
    }
}

static void a_bag_counts_a_repeated_input_twice(void) {
    static bench b, before;
    const kernels *k = kernels_get(ISA_AUTO);
    fill(&before, 3, 6, 32, 9);
    fill(&b, 3, 6, 32, 9);
    b.in[2] = b.in[0];
    mix(&b, 1);
    run(k, 1, &b.window);
    for (int c = 0; c < 32; c++) {
        double once = (double)b.in[1][c] - (double)before.in[1][c];
        CU_ASSERT_DOUBLE_EQUAL((double)b.in[0][c] - (double)before.in[0][c], 2 * once, 1e-6);
    }
}

/* Kernels keep losses as products; they must neither overflow nor forget when they are settled. */
static void losses_of_many_windows_add_up(void) {
    static bench b;
    enum { WINDOWS = 3000, DIM = 16 };
    for (int at = 0; at < 2 * (N_ISAS - ISA_PORTABLE); at++) {
        const kernels *k = kernels_get((kernels_isa)(ISA_PORTABLE + at / 2));
        const int bag = at % 2;
        if (!k)
            continue;
        double expected = 0;
        fill(&b, 7, 11, DIM, 5);
        b.window.rate = 0;
        for (int i = 0; i < WINDOWS; i++) {
            b.in[0][0] = (float)(i % 100); /* up to scores that no float exponential holds */
            b.window.n_in = 1 + i % 7;
            b.loss.rows = i == WINDOWS / 2 ? LOSS_ROWS : b.loss.rows;
            expected += loss_of(&b, bag, DIM);
            train(k, bag, &b.window);
        }
        CU_ASSERT_DOUBLE_EQUAL(logistic_loss_take(&b.loss), expected, 1e-6 * expected);
        CU_ASSERT_EQUAL(logistic_loss_take(&b.loss), 0);
    }
}

static void extreme_scores_give_finite_steps_and_nan_stays_visible(void) {
    static bench b;
    for (int at = 0; at < 2 * (N_ISAS - ISA_PORTABLE); at++) {
        const kernels *k = kernels_get((kernels_isa)(ISA_PORTABLE + at / 2));
        const int bag = at % 2;
        if (!k)
            continue;
        fill(&b, 3, 6, 16, 5);
        for (int c = 0; c < 16; c++) {
            b.in[0][c] = 10;
            b.out[1][c] = 10;
            b.out[0][c] = -10;
        }
        double expected = loss_of(&b, bag, 16);
        CU_ASSERT_DOUBLE_EQUAL(run(k, bag, &b.window), expected, 1e-4 * expected);
        for (int c = 0; c < 16; c++)
            CU_ASSERT(isfinite(b.in[0][c]) && isfinite(b.out[1][c]));
        b.in[1][0] = NAN;
        CU_ASSERT(!isfinite(run(k, bag, &b.window)));
    }
}

static void a_repeated_input_counts_twice(void) {
    static bench once, twice;
    fill(&once, 1, 3, 32, 9);
    fill(&twice, 2, 3, 32, 9);
    twice.in[1] = twice.in[0];
    const kernels *k = kernels_get(ISA_AUTO);
    double one = run(k, 0, &once.window), two = run(k, 0, &twice.window);
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

static void a_fold_shortens_changes_that_agree(void) {
    enum { N = 3, DIM = 30, WIDTH = 32 };
    static float row[WIDTH] __attribute__((aligned(64)));
    static float copies[N][WIDTH] __attribute__((aligned(64)));
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        if (!kernels_get(isa))
            continue;
        double sum[DIM] = {0}, apart = 0, together = 0;
        for (int k = 0; k < DIM; k++) {
            row[k] = (float)k / 8;
            for (int j = 0; j < N; j++) { /* the first two agree */
                copies[j][k] = row[k] + (float)(j < 2 ? k : k % 3 - 1) / 16;
                const double change = (double)copies[j][k] - (double)row[k];
                apart += change * change;
                sum[k] += change;
            }
            together += sum[k] * sum[k];
        }
        CU_ASSERT(together > apart);
        kernels_get(isa)->fold(row, copies[0], N, WIDTH);
        for (int k = 0; k < DIM; k++)
            CU_ASSERT_DOUBLE_EQUAL(row[k], k / 8.0 + sqrt(apart / together) * sum[k], 1e-5);
        CU_ASSERT(row[DIM] == 0 && row[DIM + 1] == 0);
        kernels_get(isa)->fold(row, row, 1, WIDTH); /* no change */
        CU_ASSERT_DOUBLE_EQUAL(row[1], 1 / 8.0 + sqrt(apart / together) * sum[1], 1e-5);
    }
}

int main(void) {
    static const test_case cases[] = {
        {"instruction_sets_agree_to_1e5_relative", instruction_sets_agree_to_1e5_relative},
        {"they_agree_up_to_4096_columns", they_agree_up_to_4096_columns},
        {"exponentials_equal_the_libraries", exponentials_equal_the_libraries},
        {"padding_stays_zero", padding_stays_zero},
        {"steps_follow_finite_differences", steps_follow_finite_differences},
        {"losses_of_many_windows_add_up", losses_of_many_windows_add_up},
        {"extreme_scores_give_finite_steps_and_nan_stays_visible",
         extreme_scores_give_finite_steps_and_nan_stays_visible},
        {"a_bag_of_one_is_a_pair_of_word2vec", a_bag_of_one_is_a_pair_of_word2vec},
        {"a_bag_counts_a_repeated_input_twice", a_bag_counts_a_repeated_input_twice},
        {"a_repeated_input_counts_twice", a_repeated_input_counts_twice},
        {"dots_equal_naive_sums", dots_equal_naive_sums},
        {"a_fold_shortens_changes_that_agree", a_fold_shortens_changes_that_agree},
    };
    return test_run("kernels", cases, sizeof cases / sizeof *cases, 0);
}
