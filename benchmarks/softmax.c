// SPDX-License-Identifier: Apache-2.0
/* How much of sgemm's speed does a step of full softmax keep? One JSON row for each vocabulary and
 * dimension: best and median CPU time of the repetitions of a step and of its three products by
 * plain sgemm on the whole matrices, interleaved, one thread. As a check, the log-sum-exp of a row
 * against its definition in double. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "memory.h"
#include "random.h"
#include "softmax.h"

enum { TOKENS = 512, WINDOW = 5, REPEATS = 7 };

typedef struct {
    int n_words, dim, rows;
    size_t width;
    float *in, *out;              /* [V, width] */
    float *x, *changes, *weights; /* [rows, width], the same, [V, width] of plain sgemm */
    float *scores;                /* [rows, V] */
    double *lse;                  /* [rows] */
    softmax *softmax;
} workload;

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(float *x, size_t n, uint64_t stream) {
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(random_unit(random_at(stream, i)) - .5) * .2f;
}

/* A minibatch of words that are frequent in proportion to 1 / rank, as a text has them. */
static status fill_batch(workload *w) {
    static int32_t tokens[TOKENS];
    static int64_t documents[2] = {0, TOKENS};
    const corpus_view view = {
        .tokens = tokens, .end = TOKENS, .documents = documents, .n_documents = 1};
    int64_t *counts = NULL;
    sampler s = {0};
    status st = mem_new(&counts, (size_t)w->n_words, sizeof *counts, "counts");
    for (int i = 0; !st.code && i < TOKENS; i++)
        counts[tokens[i] = (int32_t)pow(w->n_words, random_unit(random_at(3, (uint64_t)i))) - 1]++;
    if (!st.code)
        st = sampler_create(&s, counts, w->n_words, 0, .75);
    if (!st.code) {
        minibatch *b = softmax_begin(w->softmax);
        minibatch_add(b, &view, 0, TOKENS, &s, 1);
        softmax_fetch(w->softmax, w->in);
        w->rows = b->n_rows;
    }
    sampler_clear(&s);
    mem_free(&counts);
    return st;
}

static status create(workload *w, int n_words, int dim) {
    *w = (workload){.n_words = n_words, .dim = dim, .width = row_width(dim)};
    const softmax_settings settings = {.n_words = n_words,
                                       .end = n_words,
                                       .dim = dim,
                                       .window = WINDOW,
                                       .n_stretches = 1,
                                       .n_tokens = TOKENS,
                                       .n_threads = 1,
                                       .kernel = kernels_get(ISA_AUTO)};
    const size_t table = (size_t)n_words * w->width, most = (size_t)softmax_most_rows(&settings);
    status s = softmax_create(&w->softmax, &settings);
    float **const tables[] = {&w->in, &w->out, &w->weights};
    for (int i = 0; i < 3 && !s.code; i++) {
        s = mem_new(tables[i], table, sizeof(float), "a table");
        if (!s.code)
            fill(*tables[i], table, (uint64_t)i);
    }
    if (!s.code)
        s = mem_new(&w->x, most * w->width, sizeof(float), "rows");
    if (!s.code)
        s = mem_new(&w->changes, most * w->width, sizeof(float), "changes");
    if (!s.code)
        s = mem_new(&w->scores, most * (size_t)n_words, sizeof(float), "scores");
    if (!s.code)
        s = mem_new(&w->lse, most, sizeof(double), "sums");
    if (!s.code)
        s = fill_batch(w);
    if (!s.code)
        fill(w->x, (size_t)w->rows * w->width, 9);
    return s;
}

static void clear(workload *w) {
    softmax_destroy(&w->softmax);
    mem_free(&w->in);
    mem_free(&w->out);
    mem_free(&w->weights);
    mem_free(&w->x);
    mem_free(&w->changes);
    mem_free(&w->scores);
    mem_free(&w->lse);
}

static double time_step(workload *w) {
    const double begin = cpu_seconds();
    softmax_score(w->softmax, w->out, w->lse);
    softmax_step(w->softmax, w->out, w->lse, 1e-9f);
    return cpu_seconds() - begin;
}

static double time_products(workload *w) {
    const int n = w->n_words, d = w->dim, rows = w->rows, width = (int)w->width;
    const double begin = cpu_seconds();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n, d, 1.0f, w->x, width, w->weights,
                width, 0.0f, w->scores, n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, d, n, 1.0f, w->scores, n,
                w->weights, width, 0.0f, w->changes, width);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n, d, rows, -1e-9f, w->scores, n, w->x,
                width, 1.0f, w->weights, width);
    return cpu_seconds() - begin;
}

/* Of the minibatch's first row. */
static double expected_lse(workload *w) {
    const float *x = w->in + (size_t)softmax_batch(w->softmax)->words[0] * w->width;
    double sum = 0;
    for (int v = 0; v < w->n_words; v++) {
        double score = 0;
        for (int k = 0; k < w->dim; k++)
            score += (double)x[k] * (double)w->out[(size_t)v * w->width + (size_t)k];
        sum += exp(score);
    }
    return log(sum);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static status measure(int n_words, int dim) {
    workload w;
    double step[REPEATS], products[REPEATS], expected = 0;
    status s = create(&w, n_words, dim);
    if (!s.code)
        expected = expected_lse(&w);
    for (int r = 0; !s.code && r < REPEATS; r++) {
        step[r] = time_step(&w);
        products[r] = time_products(&w);
    }
    if (!s.code) {
        const double flops = 6.0 * w.rows * n_words * dim / 1e9;
        qsort(step, REPEATS, sizeof *step, by_value);
        qsort(products, REPEATS, sizeof *products, by_value);
        printf("{\"benchmark\": \"softmax\", \"words\": %d, \"dim\": %d, \"rows\": %d, "
               "\"best_gflops\": %.1f, \"median_gflops\": %.1f, \"sgemm_best_gflops\": %.1f, "
               "\"sgemm_median_gflops\": %.1f, \"part_of_sgemm\": %.2f, \"answer_is_right\": %s}\n",
               n_words, dim, w.rows, flops / step[0], flops / step[REPEATS / 2],
               flops / products[0], flops / products[REPEATS / 2],
               products[REPEATS / 2] / step[REPEATS / 2],
               fabs(w.lse[0] - expected) < 1e-5 * expected ? "true" : "false");
    }
    clear(&w);
    return s;
}

int main(void) {
    static const int words[] = {20000, 100000}, dims[] = {100, 300};
    status s = status_ok();
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2 && !s.code; j++)
            s = measure(words[i], dims[j]);
    if (s.code)
        fprintf(stderr, "%s\n", s.message);
    return s.code;
}
