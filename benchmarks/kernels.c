// SPDX-License-Identifier: Apache-2.0
/* How close do the window kernels come to the processor's peak when its rows are in the
 * first-level cache? One JSON row for each instruction set, kernel, dimension and number of
 * contexts: best and median of the repetitions, and the same loss as the portable kernel as a
 * check. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernels.h"
#include "log.h"
#include "memory.h"
#include "random.h"

enum { MAX_IN = 10, N_OUT = 6, CALLS = 200, REPEATS = 51 };

typedef struct {
    float *table, *scratch, *in[MAX_IN], *out[N_OUT];
    const float *ahead[N_AHEAD];
    logistic_window window;
} workload;

static void fill(workload *w, int n_in, int dim) {
    const size_t width = row_width(dim);
    for (int r = 0; r < MAX_IN + N_OUT; r++) {
        float *row = w->table + (size_t)r * width;
        for (int k = 0; k < dim; k++)
            row[k] = (float)(random_unit(random_at((uint64_t)r, (uint64_t)k)) - .5) * .2f;
        if (r < MAX_IN)
            w->in[r] = row;
        else
            w->out[r - MAX_IN] = row;
    }
    for (int a = 0; a < N_AHEAD; a++)
        w->ahead[a] = w->table;
    static const float labels[N_OUT + SCORE_STRIDE] = {1};
    w->window = (logistic_window){.in = w->in,
                                  .out = w->out,
                                  .labels = labels,
                                  .n_in = n_in,
                                  .n_out = N_OUT,
                                  .rate = 1e-9f,
                                  .width = width,
                                  .ahead = w->ahead,
                                  .n_ahead = N_AHEAD,
                                  .gather = 1 / (float)n_in,
                                  .spread = 1,
                                  .scratch = w->scratch};
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef double (*window_kernel)(const logistic_window *w);

static window_kernel kernel_of(const kernels *k, int bag) {
    return bag ? k->bag : k->pairs;
}

static void measure(const kernels *k, int bag, workload *w, int n_in, int dim) {
    const window_kernel run = kernel_of(k, bag);
    double seconds[REPEATS], expected, loss;
    fill(w, n_in, dim);
    expected = kernel_of(kernels_get(ISA_PORTABLE), bag)(&w->window);
    fill(w, n_in, dim);
    loss = run(&w->window);
    for (int r = 0; r < REPEATS; r++) {
        double begin = clock_seconds();
        for (int c = 0; c < CALLS; c++)
            run(&w->window);
        seconds[r] = (clock_seconds() - begin) / CALLS;
    }
    qsort(seconds, REPEATS, sizeof *seconds, by_value);
    /* A score takes dim multiply-adds, an update of both sides twice as many; a bag adds its inputs
     * up and its change to each. */
    const double flops =
        bag ? 2.0 * 3 * N_OUT * dim + 2.0 * n_in * dim : 2.0 * 3 * n_in * N_OUT * dim;
    printf("{\"benchmark\": \"kernels\", \"isa\": \"%s\", \"kernel\": \"%s\", \"dim\": %d, "
           "\"contexts\": %d, "
           "\"outputs\": %d, \"best_ns\": %.1f, \"median_ns\": %.1f, \"best_gflops\": %.1f, "
           "\"median_gflops\": %.1f, \"answer_is_right\": %s}\n",
           k->name, bag ? "bag" : "pairs", dim, n_in, N_OUT, seconds[0] * 1e9,
           seconds[REPEATS / 2] * 1e9, flops / seconds[0] / 1e9, flops / seconds[REPEATS / 2] / 1e9,
           fabs(loss - expected) < 1e-5 * expected ? "true" : "false");
}

int main(void) {
    static const int dims[] = {100, 300, 600};
    static const int contexts[] = {1, 2, 3, 4, 6, 8, 10};
    workload w;
    if (mem_new(&w.table, (MAX_IN + N_OUT) * row_width(600), sizeof(float), "rows").code ||
        mem_new(&w.scratch, kernels_scratch(MAX_IN, row_width(600)), sizeof(float), "scores").code)
        return 1;
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        for (size_t d = 0; kernels_get(isa) && d < sizeof dims / sizeof *dims; d++)
            for (size_t c = 0; c < sizeof contexts / sizeof *contexts; c++)
                for (int bag = 0; bag < 2; bag++)
                    measure(kernels_get(isa), bag, &w, contexts[c], dims[d]);
    mem_free(&w.table);
    mem_free(&w.scratch);
    return 0;
}
