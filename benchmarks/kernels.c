// SPDX-License-Identifier: Apache-2.0
/* How close do the window kernels come to the ceiling that this processor sets? The ceiling is its
 * multiply-adds, or its reading of the rows if that takes longer (a roofline: Williams et al.
 * 2009), both measured here. One JSON row for each instruction set, kernel, level of the cache that
 * holds the rows, dimension and number of contexts, with the loss of the portable kernel as a
 * check.
 *
 * Kernels: pairs = a window of skip-gram; path = four contexts against a path of hierarchical
 * softmax; bag = a window of CBOW; pair = one context and outputs of its own. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels.h"
#include "log.h"
#include "memory.h"
#include "peaks.h"
#include "random.h"

enum { MAX_IN = 10, MAX_OUT = 15, MAX_DIM = 600, CALLS = 208, REPEATS = 51, MAX_SETS = 16 };

typedef struct {
    const char *name;
    bool bag;
    int n_in, n_out;
} shape;

typedef struct {
    float *table, *scratch;
    logistic_loss *loss;
    float *in[MAX_SETS][MAX_IN], *out[MAX_SETS][MAX_OUT];
    const float *ahead[MAX_SETS][N_AHEAD * MAX_OUT];
    logistic_window windows[MAX_SETS];
} workload;

static const float LABELS[MAX_OUT + SCORE_STRIDE] = {1};

/* Windows over sets of rows that are all different: one set stays in the first level of the cache,
 * sixteen do not, and stay in the second. */
static void fill(workload *w, const shape *s, int dim, int n_sets) {
    const size_t width = row_width(dim);
    float *row = w->table;
    logistic_loss_none(w->loss);
    for (int set = 0; set < n_sets; set++) {
        for (int r = 0; r < s->n_in + s->n_out; r++, row += width) {
            for (int k = 0; k < dim; k++)
                row[k] = (float)((random_unit(random_at((uint64_t)r, (uint64_t)k)) - .5) * .2);
            for (size_t k = (size_t)dim; k < width; k++)
                row[k] = 0;
            *(r < s->n_in ? &w->in[set][r] : &w->out[set][r - s->n_in]) = row;
        }
        for (int a = 0; a < N_AHEAD * MAX_OUT; a++)
            w->ahead[set][a] = w->in[set][0];
        w->windows[set] = (logistic_window){.in = w->in[set],
                                            .out = w->out[set],
                                            .labels = LABELS,
                                            .n_in = s->n_in,
                                            .n_out = s->n_out,
                                            .rate = 1e-9f,
                                            .width = width,
                                            .ahead = w->ahead[set],
                                            .n_ahead = N_AHEAD,
                                            .gather = 1 / (float)s->n_in,
                                            .spread = 1,
                                            .scratch = w->scratch,
                                            .loss = w->loss};
    }
}

static void run(const kernels *k, const shape *s, const logistic_window *w) {
    if (s->bag) {
        k->bag(w);
    } else {
        k->score(w);
        k->update(w);
    }
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The loss of one window. */
static double loss_with(const kernels *k, workload *w, const shape *s, int dim) {
    fill(w, s, dim, 1);
    run(k, s, &w->windows[0]);
    return logistic_loss_take(w->loss);
}

/* Best and median seconds of a window. */
static void clock_windows(const kernels *k, workload *w, const shape *s, int n_sets, double *best,
                          double *median) {
    double seconds[REPEATS];
    for (int r = 0; r < REPEATS; r++) {
        const double begin = clock_seconds();
        for (int c = 0; c < CALLS; c++)
            run(k, s, &w->windows[c % n_sets]);
        seconds[r] = (clock_seconds() - begin) / CALLS;
    }
    qsort(seconds, REPEATS, sizeof *seconds, by_value);
    *best = seconds[0];
    *median = seconds[REPEATS / 2];
}

/* flops: a score takes dim multiply-adds, an update of both sides twice as many; a bag adds its
 * inputs up and its change to each. Bytes: scores read each row, updates read and write it; if it
 * comes from the second level it comes and goes back once. */
static void measure(const kernels *k, const peaks *p, workload *w, const shape *s, int dim,
                    int n_sets) {
    const double expected = loss_with(kernels_get(ISA_PORTABLE), w, s, dim);
    const double loss = loss_with(k, w, s, dim);
    const double rows = s->n_in + s->n_out, row_bytes = 4.0 * (double)row_width(dim);
    const double l1 = 3 * rows * row_bytes, l2 = n_sets > 1 ? 2 * rows * row_bytes : 0;
    const double flops =
        s->bag ? 2.0 * dim * (3 * s->n_out + s->n_in) : 2.0 * dim * 3 * s->n_in * s->n_out;
    double best, median, ceiling = p->flops;
    fill(w, s, dim, n_sets);
    clock_windows(k, w, s, n_sets, &best, &median);
    if (ceiling > 0) {
        ceiling = fmin(ceiling, flops / (l1 / p->l1));
        ceiling = l2 > 0 ? fmin(ceiling, flops / (l2 / p->l2)) : ceiling;
    }
    printf(
        "{\"benchmark\": \"kernels\", \"isa\": \"%s\", \"kernel\": \"%s\", \"rows_in\": \"%s\", "
        "\"dim\": %d, \"contexts\": %d, \"outputs\": %d, \"flops\": %.0f, \"bytes_l1\": %.0f, "
        "\"bytes_l2\": %.0f, \"peak_gflops\": %.1f, \"ceiling_gflops\": %.1f, \"best_ns\": %.1f, "
        "\"median_ns\": %.1f, \"best_gflops\": %.1f, \"median_gflops\": %.1f, \"reached\": %.3f, "
        "\"answer_is_right\": %s}\n",
        k->name, s->name, n_sets > 1 ? "L2" : "L1", dim, s->n_in, s->n_out, flops, l1, l2,
        p->flops / 1e9, ceiling / 1e9, best * 1e9, median * 1e9, flops / best / 1e9,
        flops / median / 1e9, ceiling > 0 ? flops / best / ceiling : 0,
        fabs(loss - expected) < 1e-5 * expected ? "true" : "false");
}

static void measure_all(kernels_isa isa, workload *w) {
    static const int dims[] = {100, 300, MAX_DIM};
    static const shape shapes[] = {
        {"pairs", false, 1, 6},  {"pairs", false, 2, 6}, {"pairs", false, 3, 6},
        {"pairs", false, 4, 6},  {"pairs", false, 6, 6}, {"pairs", false, 8, 6},
        {"pairs", false, 10, 6}, {"path", false, 4, 15}, {"bag", true, 2, 6},
        {"bag", true, 6, 6},     {"bag", true, 10, 6},   {"pair", true, 1, 6}};
    const peaks p = peaks_of(isa, w->table);
    printf("{\"benchmark\": \"kernels\", \"isa\": \"%s\", \"peak_gflops\": %.1f, "
           "\"l1_gb_per_s\": %.1f, \"l2_gb_per_s\": %.1f}\n",
           kernels_get(isa)->name, p.flops / 1e9, p.l1 / 1e9, p.l2 / 1e9);
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int sets = 1; sets <= MAX_SETS; sets += MAX_SETS - 1)
                measure(kernels_get(isa), &p, w, &shapes[s], dims[d], sets);
}

int main(void) {
    static workload w;
    const size_t width = row_width(MAX_DIM);
    if (mem_new(&w.table, (size_t)MAX_SETS * (MAX_IN + MAX_OUT) * width, sizeof(float), "rows")
            .code ||
        mem_new(&w.scratch, kernels_scratch(MAX_IN, MAX_OUT, width), sizeof(float), "scores")
            .code ||
        mem_new(&w.loss, 1, sizeof *w.loss, "a loss").code)
        return 1;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        if (kernels_get(isa))
            measure_all(isa, &w);
    mem_free(&w.table);
    mem_free(&w.scratch);
    mem_free(&w.loss);
    return 0;
}
