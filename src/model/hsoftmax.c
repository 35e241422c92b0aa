// SPDX-License-Identifier: Apache-2.0
/* Hierarchical softmax (Morin & Bengio 2005; Mikolov et al. 2013, section 2.1): a centre is
 * predicted by the turns on its path in a Huffman tree; the inner nodes are the output rows.
 * Skip-gram trains a few contexts of a window at a time against the path, CBOW their mean or sum.
 */
#include "loop_internal.h"
#include "objective.h"

/* The contexts of a centre and its path into u; false without contexts. */
static inline bool path_unit(loop_worker *w, const loop_job *job, int centre, size_t width,
                             loop_unit *u) {
    const huffman *tree = job->tree;
    const int32_t word = w->chunk.tokens[centre];
    const uint32_t *steps = tree->steps + tree->offsets[word];
    u->n_in = loop_gather_inputs(w, job, centre, width, u->in);
    if (!u->n_in)
        return false;
    u->n_out = (int)(tree->offsets[word + 1] - tree->offsets[word]);
    for (int j = 0; j < u->n_out; j++) {
        u->ids[j] = loop_place(w, (int32_t)(steps[j] >> 1));
        u->out[j] = job->out + (size_t)u->ids[j] * width;
        w->labels[j] = (float)(steps[j] & 1);
    }
    return true;
}

/* The token `distance` behind a centre; word 0, whose path is short, where there is none. */
static inline int32_t later_word(const window_chunk *c, int centre, int distance) {
    const int at = centre + distance;
    return at < c->last && c->tokens[at] >= 0 ? c->tokens[at] : 0;
}

/* The context that enters, then the next centre's path from its end: nodes near the root are in the
 * cache. Before that its path has to be here, and before that the path's place. n_ahead: rows for
 * each block of u. */
static inline void ask_ahead(loop_worker *w, const loop_job *job, int centre, size_t width,
                             const loop_unit *u, int n_ahead) {
    enum { PLACE_AHEAD = 6, PATH_AHEAD = 3 };
    const huffman *tree = job->tree;
    const int n = n_ahead * kernels_blocks(u->n_out);
    __builtin_prefetch(&tree->offsets[later_word(&w->chunk, centre, PLACE_AHEAD)]);
    const int64_t *path = &tree->offsets[later_word(&w->chunk, centre, PATH_AHEAD)];
    __builtin_prefetch(&tree->steps[path[0]]);
    __builtin_prefetch(&tree->steps[path[1]]);
    const int32_t next = later_word(&w->chunk, centre, 1);
    const int64_t begin = tree->offsets[next];
    int64_t at = tree->offsets[next + 1];
    w->ahead[0] = loop_entering(w, job, centre, width, u->in[0]);
    for (int a = 1; a < n; a++)
        w->ahead[a] = at > begin ? job->out + (size_t)(tree->steps[--at] >> 1) * width : u->in[0];
}

/* Contexts that are trained against a path at once. Nodes near the root are on every path, so that
 * whole windows teach them from too many old scores. Analogies (two seeds) and CPU time of one
 * epoch of 17 M words at d = 300: pair by pair 19.9 and 20.9 %; three contexts 19.6 and 20.1
 * %, 12.3 s; four 19.5 and 19.6 %, 11.4 s; windows 18.8 and 18.4 %, 9.5 s. */
enum { TOGETHER = 4 };

void hsoftmax_skipgram_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    const size_t width = row_width(job->settings->dim);
    loop_unit *u = &w->units[0];
    for (int i = w->chunk.first; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0 || !path_unit(w, job, i, width, u))
            continue;
        ask_ahead(w, job, i, width, u, N_AHEAD);
        logistic_window window = loop_window(w, u, rate, width);
        for (int first = 0; first < u->n_in; first += TOGETHER) {
            window.in = u->in + first;
            window.n_in = u->n_in - first < TOGETHER ? u->n_in - first : TOGETHER;
            job->kernel->score(&window);
            job->kernel->update(&window);
        }
        w->tally.pairs += u->n_in;
        loop_mark_touched(job, u, width);
    }
}

void hsoftmax_cbow_train_chunk(loop_worker *w, const loop_job *job, float rate) {
    const size_t width = row_width(job->settings->dim);
    loop_unit *u = &w->units[0];
    for (int i = w->chunk.first; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0 || !path_unit(w, job, i, width, u))
            continue;
        ask_ahead(w, job, i, width, u, N_AHEAD);
        const logistic_window window = loop_bag(w, u, job->settings, rate, width);
        job->kernel->bag(&window);
        w->tally.pairs++;
        loop_mark_touched(job, u, width);
    }
}

/* ---- rates */

/* A context row meets every node of the centre's path, a node every centre below it. */
static void path_rates(const huffman *tree, double contexts_out, double contexts_in, double *input,
                       double *output) {
    double kept = 0, steps = 0;
    for (int32_t i = 0; i < tree->n_words - 1; i++)
        output[i] = 0;
    for (int32_t i = 0; i < tree->n_words; i++) {
        kept += input[i];
        steps += input[i] * (double)(tree->offsets[i + 1] - tree->offsets[i]);
        for (int64_t at = tree->offsets[i]; at < tree->offsets[i + 1]; at++)
            output[tree->steps[at] >> 1] += contexts_out * input[i];
    }
    for (int32_t i = 0; i < tree->n_words && kept > 0; i++)
        input[i] *= contexts_in * steps / kept;
}

void hsoftmax_skipgram_rates(const loop_settings *t, const huffman *tree, int64_t n_words,
                             double *input, double *output) {
    (void)n_words;
    path_rates(tree, loop_mean_contexts(t), loop_mean_contexts(t), input, output);
}

/* As for CBOW with negative sampling, the number of contexts cancels. */
void hsoftmax_cbow_rates(const loop_settings *t, const huffman *tree, int64_t n_words,
                         double *input, double *output) {
    const double scale = t->cbow_sum ? loop_mean_contexts(t) : 1;
    (void)n_words;
    path_rates(tree, scale * scale, 1, input, output);
}
