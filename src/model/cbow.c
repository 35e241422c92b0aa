// SPDX-License-Identifier: Apache-2.0
/* CBOW with negative sampling: the mean or the sum of a window's contexts is trained against the
 * centre and negatives picked from the pool, window after window as in word2vec.c. */
#include "loop_internal.h"
#include "objective.h"

void cbow_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    const size_t width = row_width(job->settings->dim);
    loop_unit *u = &w->units[0];
    for (int i = w->chunk.first; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0)
            continue;
        negatives_rotate(&w->negatives, job->sampler);
        if (!loop_pooled_unit(w, job, i, width, u))
            continue;
        loop_pooled_ahead(w, job, i, width, u);
        const logistic_window window = loop_bag(w, u, job->settings, rate, width);
        job->kernel->bag(&window);
        w->tally.pairs++;
        loop_mark_touched(job, u, width);
    }
}

/* A context moves the mean by one part in as many as there are contexts, and is one of as many
 * windows: the two cancel. An output row meets their sum as that much more of their mean. */
void cbow_rates(const loop_settings *t, const huffman *tree, int64_t n_words, double *input,
                double *output) {
    const double scale = t->cbow_sum ? loop_mean_contexts(t) : 1;
    (void)tree;
    for (int64_t i = 0; i < n_words; i++) {
        output[i] = scale * scale * (input[i] + t->negative * output[i]);
        input[i] *= 1 + t->negative;
    }
}
