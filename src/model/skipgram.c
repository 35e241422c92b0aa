// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with negative sampling: each window trains its contexts against the centre and the same
 * negatives, picked from the pool. */
#include "loop_internal.h"
#include "objective.h"

/* The next centre with contexts into u, and the negatives it trains against; -1 = none is left. */
static int next_unit(loop_worker *w, const loop_job *job, int centre, size_t width, loop_unit *u) {
    for (int i = centre + 1; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0)
            continue;
        negatives_rotate(&w->negatives, job->sampler);
        if (loop_pooled_unit(w, job, i, width, u))
            return i;
    }
    return -1;
}

void skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    const size_t width = row_width(job->settings->dim);
    loop_unit *u = &w->units[0], *next = &w->units[1];
    for (int i = next_unit(w, job, w->chunk.first - 1, width, u), after; i >= 0; i = after) {
        const logistic_window window = loop_window(w, u, rate, width);
        job->kernel->score(&window);
        after = next_unit(w, job, i, width, next);
        loop_pooled_ahead(w, job, i, width, u);
        job->kernel->update(&window);
        w->tally.pairs += u->n_in;
        loop_mark_touched(job, u, width);
        loop_unit *done = u;
        u = next;
        next = done;
    }
}

void skipgram_rates(const loop_settings *t, const huffman *tree, int64_t n_words, double *input,
                    double *output) {
    const double contexts = loop_mean_contexts(t);
    (void)tree;
    for (int64_t i = 0; i < n_words; i++) {
        output[i] = contexts * (input[i] + t->negative * output[i]);
        input[i] *= contexts * (1 + t->negative);
    }
}
