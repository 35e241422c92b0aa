// SPDX-License-Identifier: Apache-2.0
#include "pair_bucket.h"

#include "memory.h"
#include "negatives.h"

enum { N_ROWS = 2 }; /* of the unit that is trained and of the one that comes next */

/* What a window has in the bucket: pairs of one centre that follow one another. */
typedef struct {
    const word_pair *pairs;
    int n; /* 0: there is none */
} pair_unit;

/* The pairs that no unit has taken yet. */
typedef struct {
    const word_pair *next, *end; /* of a part, */
    int parts;                   /* and the parts up to it */
} pair_rest;

/* The rows of a unit. */
typedef struct {
    float **in;   /* [max_in] */
    float **out;  /* [max_out] */
    int32_t *ids; /* [max_out] places of the outputs */
    int n_in, n_out;
} unit_rows;

struct pair_worker {
    negatives negatives;
    int max_in, max_out;
    unit_rows rows[N_ROWS];
    const float **ahead; /* [N_AHEAD * kernels_blocks(max_out)] */
    float *labels;       /* [max_out + SCORE_STRIDE] 1, 0, 0, ... */
    float *scratch;      /* kernels_scratch */
    logistic_loss loss;
};

/* ---- workers */

static status create_rows(unit_rows *r, const pair_worker *w) {
    status s = mem_new(&r->in, (size_t)w->max_in, sizeof *r->in, "rows of a bucket");
    if (!s.code)
        s = mem_new(&r->out, (size_t)w->max_out, sizeof *r->out, "rows of a bucket");
    if (!s.code)
        s = mem_new(&r->ids, (size_t)w->max_out, sizeof *r->ids, "rows of a bucket");
    return s;
}

static status create_buffers(pair_worker *w, const loop_settings *t) {
    static const char what[] = "rows of a bucket";
    status s = negatives_create(&w->negatives, t->negative, t->pool, t->pool_reuse);
    for (int i = 0; !s.code && i < N_ROWS; i++)
        s = create_rows(&w->rows[i], w);
    if (!s.code)
        s = mem_new(&w->ahead, N_AHEAD * (size_t)kernels_blocks(w->max_out), sizeof *w->ahead,
                    what);
    if (!s.code)
        s = mem_new(&w->labels, (size_t)w->max_out + SCORE_STRIDE, sizeof *w->labels, what);
    if (!s.code)
        s = mem_new(&w->scratch, kernels_scratch(w->max_in, w->max_out, row_width(t->dim)),
                    sizeof *w->scratch, what);
    return s;
}

status pair_worker_create(pair_worker **slot, const loop_settings *t) {
    status s = mem_new(slot, 1, sizeof **slot, "a worker");
    if (s.code)
        return s;
    pair_worker *w = *slot;
    w->max_in = 2 * t->window;
    w->max_out = 1 + t->negative;
    logistic_loss_none(&w->loss);
    s = create_buffers(w, t);
    if (s.code)
        pair_worker_destroy(slot);
    else
        w->labels[0] = 1;
    return s;
}

void pair_worker_destroy(pair_worker **slot) {
    pair_worker *w = *slot;
    if (!w)
        return;
    negatives_clear(&w->negatives);
    for (int i = 0; i < N_ROWS; i++) {
        mem_free(&w->rows[i].in);
        mem_free(&w->rows[i].out);
        mem_free(&w->rows[i].ids);
    }
    mem_free(&w->ahead);
    mem_free(&w->labels);
    mem_free(&w->scratch);
    mem_free(slot);
}

/* ---- units */

static pair_unit take_unit(const pair_bucket *b, pair_rest *r) {
    while (r->next == r->end) {
        if (r->parts == b->n_parts)
            return (pair_unit){0};
        const int64_t n = pair_bucket_part(b, r->parts++, &r->next);
        r->end = r->next + n;
    }
    pair_unit u = {r->next, 1};
    while (u.pairs + u.n < r->end && u.pairs[u.n].window == u.pairs->window)
        u.n++;
    r->next += u.n;
    return u;
}

/* ---- training */

static inline float *output_row(const pair_bucket *b, int32_t place, size_t width) {
    return b->out + (size_t)(b->out_rows ? b->out_rows[place] : place) * width;
}

static void gather(const pair_bucket *b, pair_worker *w, const pair_unit *u, size_t width,
                   unit_rows *r) {
    const uint32_t window = u->pairs->window;
    negatives_turn_to(&w->negatives, b->negatives, (uint64_t)(window * b->turns));
    r->n_in = u->n;
    for (int i = 0; i < u->n; i++)
        r->in[i] = b->in + (size_t)u->pairs[i].in * width;
    r->n_out = negatives_pick(&w->negatives, u->pairs->out, window, r->ids);
    for (int j = 0; j < r->n_out; j++)
        r->out[j] = output_row(b, r->ids[j], width);
}

/* What the unit after the next needs first, and the negative that has just entered the pool; a row
 * that is here where there is none. */
static void look_ahead(const pair_bucket *b, pair_worker *w, const pair_unit *after, size_t width,
                       const unit_rows *r) {
    const int n = N_AHEAD * kernels_blocks(r->n_out);
    const int32_t entered = negatives_take_fresh(&w->negatives);
    for (int a = 0; a < n; a++)
        w->ahead[a] = r->in[0];
    if (after->n) {
        w->ahead[0] = output_row(b, after->pairs->out, width);
        w->ahead[1] = b->in + (size_t)after->pairs->in * width;
    }
    if (entered >= 0)
        w->ahead[2] = output_row(b, entered, width);
    else if (after->n > 1)
        w->ahead[2] = b->in + (size_t)after->pairs[1].in * width;
}

static void train_units(const pair_bucket *b, pair_worker *w, pair_rest *rest) {
    const size_t width = row_width(b->settings->dim);
    unit_rows *r = &w->rows[0], *other = &w->rows[1];
    pair_unit unit = take_unit(b, rest), next = take_unit(b, rest);
    if (unit.n)
        gather(b, w, &unit, width, r);
    while (unit.n) {
        const pair_unit after = take_unit(b, rest);
        const logistic_window window = {.in = r->in,
                                        .out = r->out,
                                        .labels = w->labels,
                                        .n_in = r->n_in,
                                        .n_out = r->n_out,
                                        .rate = b->rate,
                                        .width = width,
                                        .ahead = w->ahead,
                                        .n_ahead = N_AHEAD,
                                        .scratch = w->scratch,
                                        .loss = &w->loss};
        b->kernel->score(&window);
        if (next.n)
            gather(b, w, &next, width, other);
        look_ahead(b, w, &after, width, r);
        b->kernel->update(&window);
        unit_rows *done = r;
        r = other;
        other = done;
        unit = next;
        next = after;
    }
}

double pair_bucket_train(const pair_bucket *b, pair_worker *w) {
    pair_rest rest = {0};
    negatives_begin_epoch(&w->negatives, b->negatives_key, 0);
    negatives_begin_chunk(&w->negatives, b->negatives, 0);
    train_units(b, w, &rest);
    return logistic_loss_take(&w->loss);
}
