// SPDX-License-Identifier: Apache-2.0
/* The portable kernels: the definition that the others are tested against. */
#include <math.h>

#include "kernels_tables.h"

static float dot(const float *a, const float *b, size_t n) {
    float sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* log(1 + exp(x)), also where exp(x) overflows. */
static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* The step that follows from score x of output j; adds the loss. */
static float step_of(const logistic_window *w, int j, float x) {
    const float label = w->labels[j];
    w->loss->sum += softplus(label > 0 ? -(double)x : (double)x);
    return w->rate * (label - 1 / (1 + expf(-x)));
}

static int block_size(const logistic_window *w, int first) {
    return w->n_out - first < OUT_BLOCK ? w->n_out - first : OUT_BLOCK;
}

static void portable_score(const logistic_window *w) {
    float *steps = w->scratch;
    for (int first = 0; first < w->n_out; first += OUT_BLOCK, steps += kernels_steps(w->n_in))
        for (int i = 0; i < w->n_in; i++)
            for (int j = 0; j < block_size(w, first); j++)
                steps[i * SCORE_STRIDE + j] =
                    step_of(w, first + j, dot(w->in[i], w->out[first + j], w->width));
}

static void update_block(const logistic_window *w, const float *steps, int first, int n_block) {
    for (size_t k = 0; k < w->width; k++) {
        float before[OUT_BLOCK], after[OUT_BLOCK];
        for (int j = 0; j < n_block; j++)
            before[j] = after[j] = w->out[first + j][k];
        for (int i = 0; i < w->n_in; i++) {
            const float *step = steps + (size_t)i * SCORE_STRIDE;
            float in = w->in[i][k], change = 0;
            for (int j = 0; j < n_block; j++) {
                after[j] += step[j] * in;
                change += step[j] * before[j];
            }
            w->in[i][k] = in + change;
        }
        for (int j = 0; j < n_block; j++)
            w->out[first + j][k] = after[j];
    }
}

static void portable_update(const logistic_window *w) {
    const float *steps = w->scratch;
    for (int first = 0; first < w->n_out; first += OUT_BLOCK, steps += kernels_steps(w->n_in))
        update_block(w, steps, first, block_size(w, first));
}

static void portable_bag(const logistic_window *w) {
    float *h = w->scratch, *change = h + w->width;
    for (size_t k = 0; k < w->width; k++) {
        h[k] = change[k] = 0;
        for (int i = 0; i < w->n_in; i++)
            h[k] += w->in[i][k];
        h[k] *= w->gather;
    }
    for (int j = 0; j < w->n_out; j++) {
        const float step = step_of(w, j, dot(h, w->out[j], w->width));
        for (size_t k = 0; k < w->width; k++) {
            change[k] += step * w->out[j][k];
            w->out[j][k] += step * h[k];
        }
    }
    for (int i = 0; i < w->n_in; i++)
        for (size_t k = 0; k < w->width; k++)
            w->in[i][k] += w->spread * change[k];
}

static void portable_dots(const float *a, const float *b, size_t n, float out[3]) {
    out[0] = dot(a, b, n);
    out[1] = dot(a, a, n);
    out[2] = dot(b, b, n);
}

static float changes_at(const float *row, const float *copies, int n, size_t width, size_t k,
                        float *squares) {
    float sum = 0;
    for (int j = 0; j < n; j++) {
        const float change = copies[(size_t)j * width + k] - row[k];
        *squares += change * change;
        sum += change;
    }
    return sum;
}

static void portable_fold(float *row, const float *copies, int n, size_t width) {
    float apart = 0, together = 0, unused = 0;
    for (size_t k = 0; k < width; k++) {
        const float sum = changes_at(row, copies, n, width, k, &apart);
        together += sum * sum;
    }
    const float factor = together > apart ? sqrtf(apart / together) : 1;
    for (size_t k = 0; k < width; k++)
        row[k] += factor * changes_at(row, copies, n, width, k, &unused);
}

static float portable_highest(const float *x, size_t n) {
    float top = x[0];
    for (size_t k = 1; k < n; k++)
        top = x[k] > top ? x[k] : top;
    return top;
}

static double portable_exp_sum(const float *x, size_t n, float shift) {
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (double)expf(x[k] - shift);
    return sum;
}

static void portable_exp_scaled(float *x, size_t n, float shift, float scale) {
    for (size_t k = 0; k < n; k++)
        x[k] = scale * expf(x[k] - shift);
}

static void portable_sparse_row(const uint32_t *cells, int32_t n, const float *rows, float *y,
                                const float *next, size_t width) {
    (void)next;
    for (int32_t c = 0; c < n; c++) {
        const float value = sparse_value(cells[c]);
        const float *row = rows + sparse_column(cells[c]) * width;
        for (size_t k = 0; k < width; k++)
            y[k] += value * row[k];
    }
}

const kernels kernels_portable = {.name = "portable",
                                  .score = portable_score,
                                  .update = portable_update,
                                  .bag = portable_bag,
                                  .dots = portable_dots,
                                  .fold = portable_fold,
                                  .highest = portable_highest,
                                  .exp_sum = portable_exp_sum,
                                  .exp_scaled = portable_exp_scaled,
                                  .glove_row = portable_glove_row,
                                  .glove_element = portable_glove_element,
                                  .logs = portable_logs,
                                  .glove_weights = portable_glove_weights,
                                  .sparse_row = portable_sparse_row};
