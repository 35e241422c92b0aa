// SPDX-License-Identifier: Apache-2.0
/* What the objectives' rooms share: a worker, and the windows of its chunk. */
#ifndef WORDSHARD_LOOP_INTERNAL_H
#define WORDSHARD_LOOP_INTERNAL_H

#include "loop.h"
#include "negatives.h"
#include "places.h"

enum {
    CACHE_LINE = 64,
    N_UNITS = 2,               /* the one that is trained and the one that comes next */
    MANY_AHEAD = OUT_BLOCK + 1 /* all outputs of a block and one context */
};

/* One call of a kernel: the rows it trains. */
typedef struct {
    float **in;   /* [max_in] */
    float **out;  /* [max_out] */
    int32_t *ids; /* [max_out] of the outputs */
    int n_in, n_out;
} loop_unit;

struct loop_worker {
    window_chunk chunk;
    /* The input and the output row of each token: the token itself, unless rows have places of
     * their own. There the pool of negatives holds places as well, and so do the ids of a unit. */
    const int32_t *in_places, *out_places; /* [chunk.n] */
    const row_places *places;              /* of output rows; NULL where ids are places */
    int32_t *found[2], *outputs; /* [chunk.capacity] places of inputs and outputs; what the
                                    objective foresees. NULL where ids are places */
    negatives negatives;
    int max_in, max_out; /* rows of a window */
    loop_unit units[N_UNITS];
    float **contexts;    /* [max_in] of a centre that is trained pair by pair */
    const float **ahead; /* [MANY_AHEAD * kernels_blocks(max_out)] */
    float *labels;       /* [max_out + SCORE_STRIDE], starts as 1, 0, 0, ... */
    float *scratch;      /* kernels_scratch */
    uint64_t token_key;  /* stream of the current epoch */
    logistic_loss loss;
    loop_tally tally;
    char apart[CACHE_LINE]; /* two workers never share a cache line of tallies */
};

/* From now on the rows of the chunk's words, of outputs and negatives are at these places, which
 * must stay while the chunk is trained. */
void loop_find_places(loop_worker *w, const row_places places[2], bool outputs_are_words);

/* Mark the words of the chunk and the outputs that training it will touch. */
void loop_foresee_chunk(loop_worker *w, const loop_job *job, uint8_t *const wanted[2]);

/* Contexts of a centre on average: widths are uniform on 1..window, on both sides. */
static inline double loop_mean_contexts(const loop_settings *t) {
    return t->window + 1;
}

/* The row of a token of the chunk as a context, and as a centre. */
static inline float *loop_input(const loop_worker *w, const loop_job *job, int at, size_t width) {
    return job->in + (size_t)w->in_places[at] * width;
}

static inline float *loop_centre(const loop_worker *w, const loop_job *job, int at, size_t width) {
    return job->out + (size_t)w->out_places[at] * width;
}

/* Where an output row is whose place is not known yet. */
static inline int32_t loop_place(const loop_worker *w, int32_t output) {
    return w->places ? places_find(w->places, output) : output;
}

/* The contexts of a centre, nearest first, left before right: rows into in; returns how many. */
static inline int loop_gather_inputs(const loop_worker *w, const loop_job *job, int centre,
                                     size_t width, float **in) {
    const window_chunk *c = &w->chunk;
    const int reach = c->widths[centre];
    int n = 0;
    for (int i = centre - 1; i >= 0 && i >= centre - reach && c->tokens[i] >= 0; i--)
        in[n++] = loop_input(w, job, i, width);
    for (int i = centre + 1; i < c->n && i <= centre + reach && c->tokens[i] >= 0; i++)
        in[n++] = loop_input(w, job, i, width);
    return n;
}

/* Several threads mark the same rows; relaxed, as merging looks at the marks behind a barrier. */
static inline void loop_mark(uint8_t *touched) {
    if (!__atomic_load_n(touched, __ATOMIC_RELAXED))
        __atomic_store_n(touched, 1, __ATOMIC_RELAXED);
}

static inline void loop_mark_touched(const loop_job *job, const loop_unit *u, size_t width) {
    if (!job->in_touched)
        return;
    for (int i = 0; i < u->n_in; i++)
        loop_mark(job->in_touched + (size_t)(u->in[i] - job->in) / width);
    for (int j = 0; j < u->n_out; j++)
        loop_mark(job->out_touched + u->ids[j]);
}

/* The kernel's view of a unit. */
static inline logistic_window loop_window(loop_worker *w, const loop_unit *u, float rate,
                                          size_t width) {
    return (logistic_window){.in = u->in,
                             .out = u->out,
                             .labels = w->labels,
                             .n_in = u->n_in,
                             .n_out = u->n_out,
                             .rate = rate,
                             .width = width,
                             .ahead = w->ahead,
                             .n_ahead = N_AHEAD,
                             .scratch = w->scratch,
                             .loss = &w->loss};
}

/* The same for CBOW: the contexts' mean, each context moved by the whole change (word2vec.c), or
 * their sum, with the change divided among them (gensim, cbow_mean = 0). */
static inline logistic_window loop_bag(loop_worker *w, const loop_unit *u, const loop_settings *t,
                                       float rate, size_t width) {
    logistic_window window = loop_window(w, u, rate, width);
    const float part = 1 / (float)u->n_in;
    window.gather = t->cbow_sum ? 1 : part;
    window.spread = t->cbow_sum ? part : 1;
    return window;
}

/* The row of the context that enters the widest window after this one; `here` if there is none. */
static inline const float *loop_entering(const loop_worker *w, const loop_job *job, int centre,
                                         size_t width, const float *here) {
    const window_chunk *c = &w->chunk;
    const int entering = centre + 1 + job->settings->window;
    return entering < c->n && c->tokens[entering] >= 0 ? loop_input(w, job, entering, width) : here;
}

/* A centre with outputs of the pool into u; false without contexts. */
static inline bool loop_pooled_unit(loop_worker *w, const loop_job *job, int centre, size_t width,
                                    loop_unit *u) {
    const window_chunk *c = &w->chunk;
    u->n_in = loop_gather_inputs(w, job, centre, width, u->in);
    if (!u->n_in)
        return false;
    u->n_out = negatives_pick(&w->negatives, w->out_places[centre], c->draws[centre], u->ids);
    for (int j = 0; j < u->n_out; j++)
        u->out[j] = job->out + (size_t)u->ids[j] * width;
    return true;
}

/* What the next windows need first when outputs are a centre and negatives of the pool: the context
 * that enters, the centre after the next, and the negative that has just entered the pool. Where
 * there is none, a row that is here. */
static inline void loop_pooled_ahead(loop_worker *w, const loop_job *job, int centre, size_t width,
                                     const loop_unit *u) {
    const window_chunk *c = &w->chunk;
    const int next = centre + 2, n = N_AHEAD * kernels_blocks(u->n_out);
    const float *here = u->in[0];
    const int32_t fresh = negatives_take_fresh(&w->negatives);
    w->ahead[0] = loop_entering(w, job, centre, width, here);
    w->ahead[1] = next < c->last && c->tokens[next] >= 0 ? loop_centre(w, job, next, width) : here;
    w->ahead[2] = fresh >= 0 ? job->out + (size_t)fresh * width : here;
    for (int a = N_AHEAD; a < n; a++)
        w->ahead[a] = here;
}

#endif
