// SPDX-License-Identifier: Apache-2.0
/* Skip-gram with negative sampling: each window trains its contexts against the centre and the same
 * negatives, picked from the pool. */
#include "loop_internal.h"
#include "objective.h"

void skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    const size_t width = row_width(job->settings->dim);
    loop_unit *u = &w->units[0];
    for (int i = w->chunk.first; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0)
            continue;
        negatives_rotate(&w->negatives, job->sampler);
        if (!loop_pooled_unit(w, job, i, width, u))
            continue;
        loop_pooled_ahead(w, job, i, width, u);
        const logistic_window window = loop_window(w, u, rate, width);
        w->tally.loss += job->kernel->pairs(&window);
        w->tally.pairs += u->n_in;
        loop_mark_touched(job, u, width);
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
