// SPDX-License-Identifier: Apache-2.0
/* The portable GloVe kernels: the definition that the others are tested against. */
#include <math.h>

#include "kernels_tables.h"

/* A pair and f diff. */
typedef struct {
    float *w, *c;          /* the word, the context */
    float *word, *context; /* their states */
    float force;
} pair;

static pair begin_step(const glove_batch *b, int64_t run, int64_t cell, double *loss) {
    const size_t place = b->places[cell], word = b->words[run];
    pair p = {.w = b->rows + word * b->stride,
              .c = b->contexts + place * b->stride,
              .word = b->row_states + word * GLOVE_STATE,
              .context = b->states + place * GLOVE_STATE};
    float dot = 0;
    for (size_t k = 0; k < b->width; k++)
        dot += p.w[k] * p.c[k];
    const float diff = dot + p.word[GLOVE_BIAS] + p.context[GLOVE_BIAS] - b->log_x[cell];
    p.force = b->weights[cell] * diff;
    *loss += 0.5 * (double)p.force * (double)diff;
    return p;
}

static void step_bias(float *state, float force) {
    state[GLOVE_BIAS] -= force / sqrtf(state[GLOVE_BIAS_SQUARES]);
    state[GLOVE_BIAS_SQUARES] += force * force;
}

static float square(const float *x, size_t n) {
    float sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += x[k] * x[k];
    return sum;
}

/* The factor of the other row in the step of a row with this state; length: |other|^2. */
static float row_step(const glove_batch *b, float *state, float force, float length) {
    const float root = sqrtf(force * force * length * b->per_column);
    float g = b->rate * force;
    if (root > GLOVE_CLIP)
        g *= GLOVE_CLIP / root;
    const float factor = g / sqrtf(state[GLOVE_SQUARES]);
    state[GLOVE_SQUARES] += g * g * length * b->per_column;
    return factor;
}

static double step_row(const glove_batch *b, int64_t run, int64_t cell) {
    double loss = 0;
    const pair p = begin_step(b, run, cell, &loss);
    const float of_word = row_step(b, p.word, p.force, square(p.c, b->width));
    const float of_context = row_step(b, p.context, p.force, square(p.w, b->width));
    for (size_t k = 0; k < b->width; k++) {
        const float w = p.w[k], c = p.c[k];
        p.w[k] = w - of_word * c;
        p.c[k] = c - of_context * w;
    }
    p.word[GLOVE_LENGTH] = square(p.w, b->width);
    p.context[GLOVE_LENGTH] = square(p.c, b->width);
    step_bias(p.word, p.force);
    step_bias(p.context, p.force);
    return loss;
}

/* *scale = rate / sqrt(G) before and after the step; returns the step. */
static float step_column(float gradient, float *scale) {
    const float u = fminf(fmaxf(gradient, -GLOVE_CLIP), GLOVE_CLIP) * *scale;
    *scale /= sqrtf(1 + u * u);
    return u;
}

static double step_element(const glove_batch *b, int64_t run, int64_t cell) {
    double loss = 0;
    const pair p = begin_step(b, run, cell, &loss);
    for (size_t k = 0; k < b->width; k++) {
        const float w = p.w[k], c = p.c[k];
        p.w[k] = w - step_column(p.force * c, &p.w[b->width + k]);
        p.c[k] = c - step_column(p.force * w, &p.c[b->width + k]);
    }
    step_bias(p.word, p.force);
    step_bias(p.context, p.force);
    return loss;
}

static double train(const glove_batch *b,
                    double (*step)(const glove_batch *b, int64_t run, int64_t cell)) {
    int64_t cell = 0;
    double loss = 0;
    for (int64_t run = 0; run < b->n_runs; run++)
        for (int i = 0; i < b->lengths[run]; i++)
            loss += step(b, run, cell++);
    return loss;
}

double portable_glove_row(const glove_batch *b) {
    return train(b, step_row);
}

double portable_glove_element(const glove_batch *b) {
    return train(b, step_element);
}

void portable_logs(float *x, size_t n) {
    for (size_t k = 0; k < n; k++)
        x[k] = logf(x[k]);
}

void portable_glove_weights(const float *log_x, size_t n, float log_most, float power,
                            float *weights) {
    for (size_t k = 0; k < n; k++)
        weights[k] = log_x[k] < log_most ? expf(power * (log_x[k] - log_most)) : 1;
}
