// SPDX-License-Identifier: Apache-2.0
/* Negative sampling in the order of word2vec.c, the reference for faster ways: every pair (CBOW:
 * every window) draws negatives of its own from the whole vocabulary and is trained before the
 * next. Differences to word2vec.c: the random numbers, and a word drawn twice by one pair counts
 * once.
 *
 * Most negatives are not in the cache, so the draws run one pair ahead and their rows are asked for
 * while the pair before is trained. */
#include "loop_internal.h"
#include "objective.h"

/* Where the pairs of a chunk are. */
typedef struct {
    bool cbow;
    int centre; /* the contexts are this centre's */
    int at;     /* the next of them */
    float **in; /* in the order of the text */
    int n_in;
} cursor;

static void reverse(float **rows, int n) {
    for (int i = 0, j = n - 1; i < j; i++, j--) {
        float *other = rows[i];
        rows[i] = rows[j];
        rows[j] = other;
    }
}

static bool next_centre(const loop_worker *w, const loop_job *job, cursor *c, size_t width) {
    const window_chunk *chunk = &w->chunk;
    for (c->centre++; c->centre < chunk->last; c->centre++) {
        const int i = c->centre;
        if (chunk->tokens[i] < 0)
            continue;
        c->n_in = loop_gather_inputs(w, job, i, width, c->in);
        c->at = 0;
        int left = 0;
        while (left < chunk->widths[i] && i - left > 0 && chunk->tokens[i - left - 1] >= 0)
            left++;
        reverse(c->in, left);
        if (c->n_in)
            return true;
    }
    return false;
}

static bool next_unit(const loop_worker *w, const loop_job *job, cursor *c, size_t width,
                      loop_unit *u) {
    if (c->at == c->n_in && !next_centre(w, job, c, width))
        return false;
    const int ordinal = c->at;
    u->n_in = 0;
    do
        u->in[u->n_in++] = c->in[c->at++];
    while (c->cbow && c->at < c->n_in);
    u->n_out = negatives_draw(&w->negatives, job->sampler, w->chunk.tokens[c->centre],
                              w->chunk.draws[c->centre], ordinal, u->ids);
    for (int j = 0; j < u->n_out; j++)
        u->out[j] = job->out + (size_t)u->ids[j] * width;
    return true;
}

/* The outputs of the next unit and the context that enters soon, while u is trained. */
static void ask_ahead(loop_worker *w, const loop_job *job, int centre, size_t width,
                      const loop_unit *u, const loop_unit *next) {
    const int n = MANY_AHEAD * kernels_blocks(u->n_out);
    w->ahead[0] = loop_entering(w, job, centre, width, u->in[0]);
    for (int a = 1; a < n; a++)
        w->ahead[a] = next && a <= next->n_out ? next->out[a - 1] : u->in[0];
}

static void train(loop_worker *w, const loop_job *job, float rate, bool cbow) {
    const size_t width = row_width(job->settings->dim);
    cursor c = {.cbow = cbow, .centre = w->chunk.first - 1, .in = w->contexts};
    loop_unit *u = &w->units[0], *next = &w->units[1];
    bool here = next_unit(w, job, &c, width, u);
    while (here) {
        here = next_unit(w, job, &c, width, next);
        ask_ahead(w, job, c.centre, width, u, here ? next : NULL);
        logistic_window window = loop_bag(w, u, job->settings, rate, width);
        window.n_ahead = MANY_AHEAD;
        job->kernel->bag(&window);
        w->tally.pairs++;
        loop_mark_touched(job, u, width);
        loop_unit *done = u;
        u = next;
        next = done;
    }
}

void exact_skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    train(w, job, rate, false);
}

void exact_cbow_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    train(w, job, rate, true);
}
