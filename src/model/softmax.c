// SPDX-License-Identifier: Apache-2.0
#include "softmax.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <string.h>

#include "memory.h"

enum {
    BLOCK = 2048 /* words whose scores are made together */
};

struct softmax {
    softmax_settings set;
    minibatch batch;
    size_t width;
    int n_blocks, n_slots;
    float *rows, *changes; /* [most_rows, width] X and G W */
    float *scores; /* [n_slots][most_rows, BLOCK]; block j lives in slot min(j, n_slots - 1) */
    int last_held; /* block in the last slot */
    minibatch_pair *pairs; /* [most_pairs] those with a target that is here, by block */
    int64_t *first_pair;   /* [n_blocks + 2]; block j has [j] to [j + 1] */
    double flops;
};

/* Only OpenBLAS has this; another library takes its threads from the environment. */
extern void openblas_set_num_threads(int n) __attribute__((weak));

/* ---- making */

static int count_blocks(const softmax_settings *t) {
    return (int)((t->end - t->begin + BLOCK - 1) / BLOCK);
}

int softmax_most_rows(const softmax_settings *t) {
    const int64_t tokens = t->n_stretches * (t->n_tokens + 2 * (int64_t)t->window);
    return (int)(tokens < t->n_words ? tokens : t->n_words);
}

static int count_slots(const softmax_settings *t) {
    const size_t bytes = (size_t)softmax_most_rows(t) * BLOCK * sizeof(float);
    const int fit = (int)(SOFTMAX_SCORE_BYTES / bytes), blocks = count_blocks(t);
    if (fit < 1)
        return 1;
    return blocks < 1 ? 1 : fit < blocks ? fit : blocks;
}

double softmax_bytes(const softmax_settings *t) {
    const double rows = softmax_most_rows(t),
                 pairs = (double)t->n_stretches * (double)t->n_tokens * 2 * t->window;
    return rows * BLOCK * count_slots(t) * sizeof(float) +
           2 * rows * (double)row_width(t->dim) * sizeof(float) +
           2 * pairs * sizeof(minibatch_pair) + (double)t->n_words * sizeof(int32_t);
}

double softmax_packed_bytes(const softmax_settings *t) {
    enum { ROWS = 768, DEPTH = 384 };
    const int64_t words = t->end - t->begin < BLOCK ? t->end - t->begin : BLOCK;
    return t->n_threads * (double)DEPTH * (ROWS + (double)words) * sizeof(float);
}

status softmax_create(softmax **slot, const softmax_settings *settings) {
    status s = mem_new(slot, 1, sizeof **slot, "the softmax");
    if (s.code)
        return s;
    softmax *m = *slot;
    m->set = *settings;
    m->width = row_width(settings->dim);
    m->n_blocks = count_blocks(settings);
    m->n_slots = count_slots(settings);
    s = minibatch_create(&m->batch, settings->n_stretches, settings->n_tokens, settings->window,
                         (int32_t)settings->n_words);
    const size_t rows = (size_t)softmax_most_rows(settings);
    if (!s.code)
        s = mem_new(&m->rows, rows * m->width, sizeof *m->rows, "rows of a minibatch");
    if (!s.code)
        s = mem_new(&m->changes, rows * m->width, sizeof *m->changes, "changes of a minibatch");
    if (!s.code)
        s = mem_new(&m->scores, rows * BLOCK * (size_t)m->n_slots, sizeof *m->scores,
                    "scores of a minibatch");
    if (!s.code)
        s = mem_new(&m->pairs, (size_t)m->batch.most_pairs, sizeof *m->pairs, "a minibatch");
    if (!s.code)
        s = mem_new(&m->first_pair, (size_t)m->n_blocks + 2, sizeof *m->first_pair, "a minibatch");
    if (s.code)
        softmax_destroy(slot);
    else if (openblas_set_num_threads)
        openblas_set_num_threads(settings->n_threads);
    return s;
}

void softmax_destroy(softmax **slot) {
    softmax *m = *slot;
    if (!m)
        return;
    minibatch_clear(&m->batch);
    mem_free(&m->rows);
    mem_free(&m->changes);
    mem_free(&m->scores);
    mem_free(&m->pairs);
    mem_free(&m->first_pair);
    mem_free(slot);
}

/* ---- the minibatch */

/* Pairs with a target here, by block of the target: a counting sort, so their order in a block is
 * that of the corpus. */
static void sort_pairs(softmax *m) {
    const minibatch *b = &m->batch;
    const int64_t begin = m->set.begin, end = m->set.end;
    int64_t *first = m->first_pair;
    memset(first, 0, ((size_t)m->n_blocks + 2) * sizeof *first);
    for (int64_t i = 0; i < b->n_pairs; i++)
        if (b->pairs[i].target >= begin && b->pairs[i].target < end)
            first[(b->pairs[i].target - begin) / BLOCK + 2]++;
    for (int j = 0; j < m->n_blocks; j++)
        first[j + 2] += first[j + 1];
    for (int64_t i = 0; i < b->n_pairs; i++)
        if (b->pairs[i].target >= begin && b->pairs[i].target < end)
            m->pairs[first[(b->pairs[i].target - begin) / BLOCK + 1]++] = b->pairs[i];
}

minibatch *softmax_begin(softmax *m) {
    minibatch_begin(&m->batch);
    return &m->batch;
}

const minibatch *softmax_batch(const softmax *m) {
    return &m->batch;
}

void softmax_fetch(softmax *m, const float *in) {
    for (int i = 0; i < m->batch.n_rows; i++)
        memcpy(m->rows + (size_t)i * m->width, in + (size_t)m->batch.words[i] * m->width,
               m->width * sizeof *in);
    sort_pairs(m);
    m->last_held = -1;
}

/* ---- scores */

typedef struct {
    int index;
    int64_t first; /* its first word, counted from set.begin */
    int n, padded; /* words; the same in whole units of the kernels */
    float *scores; /* [B, BLOCK] */
} block;

static block find_block(const softmax *m, int index) {
    const int slot = index < m->n_slots ? index : m->n_slots - 1;
    const int64_t first = (int64_t)index * BLOCK, here = m->set.end - m->set.begin;
    const int n = (int)(here - first < BLOCK ? here - first : BLOCK);
    return (block){.index = index,
                   .first = first,
                   .n = n,
                   .padded = (int)row_width(n),
                   .scores = m->scores + (size_t)slot * (size_t)m->batch.most_rows * BLOCK};
}

/* S of a block. Columns that fill up the last unit get a score whose exponential is nothing. */
static void make_scores(softmax *m, const block *b, const float *out) {
    const float nothing = -1e30f;
    const int rows = m->batch.n_rows, width = (int)m->width;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, b->n, (int)m->set.dim, 1.0f, m->rows,
                width, out + (size_t)b->first * m->width, width, 0.0f, b->scores, BLOCK);
    for (int i = 0; i < rows; i++)
        for (int v = b->n; v < b->padded; v++)
            b->scores[(size_t)i * BLOCK + (size_t)v] = nothing;
    if (b->index >= m->n_slots - 1)
        m->last_held = b->index;
}

/* log(exp(a) + exp(b)); -INFINITY stands for log 0, NaN stays NaN. */
static double log_add(double a, double b) {
    if (a < b) {
        double other = a;
        a = b;
        b = other;
    }
    return b == -INFINITY ? a : a + log1p(exp(b - a));
}

static void add_block(const softmax *m, const block *b, double *lse) {
    const kernels *k = m->set.kernel;
    const int rows = m->batch.n_rows;
#pragma omp parallel for num_threads(m->set.n_threads) schedule(static) default(none)              \
    shared(m, b, k, rows, lse)
    for (int i = 0; i < rows; i++) {
        const float *scores = b->scores + (size_t)i * BLOCK;
        const float top = k->highest(scores, (size_t)b->padded);
        lse[i] = log_add(lse[i], (double)top + log(k->exp_sum(scores, (size_t)b->padded, top)));
    }
}

double softmax_score(softmax *m, const float *out, double *lse) {
    double targets = 0;
    for (int i = 0; i < m->batch.n_rows; i++)
        lse[i] = -INFINITY;
    for (int j = 0; j < m->n_blocks; j++) {
        const block b = find_block(m, j);
        make_scores(m, &b, out);
        add_block(m, &b, lse);
        for (int64_t p = m->first_pair[j]; p < m->first_pair[j + 1]; p++) {
            const int64_t column = m->pairs[p].target - m->set.begin - b.first;
            targets += (double)b.scores[(size_t)m->pairs[p].row * BLOCK + (size_t)column];
        }
    }
    return targets;
}

double softmax_join(const softmax *m, const double *parts, int n_parts, double *lse) {
    const int rows = m->batch.n_rows;
    double sum = 0;
    for (int i = 0; i < rows; i++) {
        lse[i] = -INFINITY;
        for (int p = 0; p < n_parts; p++)
            lse[i] = log_add(lse[i], parts[(size_t)p * (size_t)rows + (size_t)i]);
        sum += m->batch.uses[i] * lse[i];
    }
    return sum;
}

/* ---- steps */

/* Scores of a block become G. */
static void make_gradient(const softmax *m, const block *b, const double *lse) {
    const kernels *k = m->set.kernel;
    const int32_t *uses = m->batch.uses;
    const int rows = m->batch.n_rows;
#pragma omp parallel for num_threads(m->set.n_threads) schedule(static) default(none)              \
    shared(b, k, rows, lse, uses)
    for (int i = 0; i < rows; i++)
        k->exp_scaled(b->scores + (size_t)i * BLOCK, (size_t)b->padded, (float)lse[i],
                      (float)uses[i]);
    for (int64_t p = m->first_pair[b->index]; p < m->first_pair[b->index + 1]; p++) {
        const int64_t column = m->pairs[p].target - m->set.begin - b->first;
        b->scores[(size_t)m->pairs[p].row * BLOCK + (size_t)column] -= 1;
    }
}

/* The last slot's blocks come in the opposite order, so that the one it holds is not made again. */
float *softmax_step(softmax *m, float *out, const double *lse, float rate) {
    const int rows = m->batch.n_rows, width = (int)m->width, dim = (int)m->set.dim;
    memset(m->changes, 0, (size_t)rows * m->width * sizeof *m->changes);
    for (int j = m->n_blocks - 1; j >= 0; j--) {
        const block b = find_block(m, j);
        float *weights = out + (size_t)b.first * m->width;
        if (j >= m->n_slots - 1 && m->last_held != j)
            make_scores(m, &b, out);
        make_gradient(m, &b, lse);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, dim, b.n, 1.0f, b.scores,
                    BLOCK, weights, width, 1.0f, m->changes, width);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, b.n, dim, rows, -rate, b.scores, BLOCK,
                    m->rows, width, 1.0f, weights, width);
        m->flops += 6.0 * rows * b.n * dim;
    }
    return m->changes;
}

void softmax_apply(const softmax *m, float *in, int first, int last, float rate) {
    for (int i = first; i < last; i++) {
        float *row = in + (size_t)m->batch.words[i] * m->width;
        const float *change = m->changes + (size_t)i * m->width;
        for (size_t k = 0; k < m->width; k++)
            row[k] -= rate * change[k];
    }
}

double softmax_flops(const softmax *m) {
    return m->flops;
}
