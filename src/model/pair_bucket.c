// SPDX-License-Identifier: Apache-2.0
#include "pair_bucket.h"

#include <string.h>

#include "memory.h"
#include "negatives.h"
#include "random.h"

enum { N_UNITS = 2 }; /* the one that is trained and the one that comes next */

/* A centre and contexts of it. */
typedef struct {
    int64_t first; /* in the sorted inputs */
    int32_t n, out;
} pair_unit;

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
    int64_t *next;    /* [largest group + 1] where the inputs of each centre go */
    int32_t *inputs;  /* [n_inputs] by centre */
    pair_unit *units; /* [n_units] */
    size_t room_inputs, room_units;
    int64_t n_units;
    unit_rows rows[N_UNITS];
    const float **ahead; /* [N_AHEAD * kernels_blocks(max_out)] */
    float *labels;       /* [max_out + SCORE_STRIDE] 1, 0, 0, ... */
    float *scratch;      /* kernels_scratch */
    logistic_loss loss;
};

/* ---- workers */

static int most_inputs(const loop_settings *t) {
    return t->window + 1;
}

static status create_rows(unit_rows *r, const pair_worker *w) {
    status s = mem_new(&r->in, (size_t)w->max_in, sizeof *r->in, "rows of a bucket");
    if (!s.code)
        s = mem_new(&r->out, (size_t)w->max_out, sizeof *r->out, "rows of a bucket");
    if (!s.code)
        s = mem_new(&r->ids, (size_t)w->max_out, sizeof *r->ids, "rows of a bucket");
    return s;
}

static status create_buffers(pair_worker *w, const loop_settings *t, int64_t largest_group) {
    static const char what[] = "rows of a bucket";
    const size_t outputs = (size_t)w->max_out;
    status s = negatives_create(&w->negatives, t->negative, t->pool, t->pool_reuse);
    if (!s.code)
        s = mem_new(&w->next, (size_t)largest_group + 1, sizeof *w->next, what);
    for (int i = 0; !s.code && i < N_UNITS; i++)
        s = create_rows(&w->rows[i], w);
    if (!s.code)
        s = mem_new(&w->ahead, N_AHEAD * (size_t)kernels_blocks(w->max_out), sizeof *w->ahead,
                    what);
    if (!s.code)
        s = mem_new(&w->labels, outputs + SCORE_STRIDE, sizeof *w->labels, what);
    if (!s.code)
        s = mem_new(&w->scratch, kernels_scratch(w->max_in, w->max_out, row_width(t->dim)),
                    sizeof *w->scratch, what);
    return s;
}

status pair_worker_create(pair_worker **slot, const loop_settings *t, int64_t largest_group) {
    status s = mem_new(slot, 1, sizeof **slot, "a worker");
    if (s.code)
        return s;
    pair_worker *w = *slot;
    w->max_in = most_inputs(t);
    w->max_out = 1 + t->negative;
    logistic_loss_none(&w->loss);
    s = create_buffers(w, t, largest_group);
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
    for (int i = 0; i < N_UNITS; i++) {
        mem_free(&w->rows[i].in);
        mem_free(&w->rows[i].out);
        mem_free(&w->rows[i].ids);
    }
    mem_free(&w->next);
    mem_free(&w->inputs);
    mem_free(&w->units);
    mem_free(&w->ahead);
    mem_free(&w->labels);
    mem_free(&w->scratch);
    mem_free(slot);
}

status pair_worker_reserve(pair_worker *w, int64_t n_pairs) {
    const size_t n = n_pairs > 0 ? (size_t)n_pairs : 1;
    status s = mem_grow(&w->inputs, &w->room_inputs, n, sizeof *w->inputs, "pairs of a bucket");
    if (!s.code)
        s = mem_grow(&w->units, &w->room_units, n, sizeof *w->units, "pairs of a bucket");
    return s;
}

double pair_worker_bytes(const loop_settings *t, int64_t largest_group, double n_pairs) {
    const double scratch =
        (double)kernels_scratch(most_inputs(t), 1 + t->negative, row_width(t->dim));
    return scratch * sizeof(float) + (double)largest_group * sizeof(int64_t) +
           n_pairs * (sizeof(int32_t) + sizeof(pair_unit));
}

/* ---- units */

int64_t pair_bucket_size(const pair_bucket *b) {
    int64_t sum = 0;
    for (int r = 0; r < b->n_parts; r++) {
        const word_pair *pairs;
        sum += pair_bucket_part(b, r, &pairs);
    }
    return sum;
}

/* Inputs by centre; of one centre in the order of the corpus. Afterwards next[c] is the end of
 * those of centre c. */
static void sort_by_centre(const pair_bucket *b, pair_worker *w) {
    const word_pair *pairs;
    memset(w->next, 0, ((size_t)b->n_out + 1) * sizeof *w->next);
    for (int r = 0; r < b->n_parts; r++) {
        const int64_t n = pair_bucket_part(b, r, &pairs);
        for (int64_t k = 0; k < n; k++)
            w->next[pairs[k].out + 1]++;
    }
    for (int64_t c = 1; c <= b->n_out; c++)
        w->next[c] += w->next[c - 1];
    for (int r = 0; r < b->n_parts; r++) {
        const int64_t n = pair_bucket_part(b, r, &pairs);
        for (int64_t k = 0; k < n; k++)
            w->inputs[w->next[pairs[k].out]++] = pairs[k].in;
    }
}

/* As few units for a centre as can be, as even as can be. */
static void cut_units(const pair_bucket *b, pair_worker *w) {
    int64_t begin = 0;
    w->n_units = 0;
    for (int64_t c = 0; c < b->n_out; c++) {
        const int64_t n = w->next[c] - begin, parts = (n + w->max_in - 1) / w->max_in;
        for (int64_t k = 0; k < parts; k++) {
            const int64_t first = begin + n * k / parts, end = begin + n * (k + 1) / parts;
            w->units[w->n_units++] = (pair_unit){first, (int32_t)(end - first), (int32_t)c};
        }
        begin = w->next[c];
    }
}

static void shuffle_units(const pair_bucket *b, pair_worker *w) {
    for (int64_t i = w->n_units - 1; i > 0; i--) {
        const double unit = random_unit(random_at(b->order_key, (uint64_t)i));
        const int64_t j = (int64_t)(unit * (double)(i + 1));
        const pair_unit other = w->units[j];
        w->units[j] = w->units[i];
        w->units[i] = other;
    }
}

/* ---- training */

static void gather(const pair_bucket *b, pair_worker *w, int64_t which, size_t width,
                   unit_rows *r) {
    const pair_unit *u = &w->units[which];
    negatives_rotate(&w->negatives, b->negatives);
    r->n_in = u->n;
    for (int i = 0; i < u->n; i++)
        r->in[i] = b->in + (size_t)w->inputs[u->first + i] * width;
    r->n_out = negatives_pick(&w->negatives, u->out, which, r->ids);
    for (int j = 0; j < r->n_out; j++)
        r->out[j] = b->out + (size_t)r->ids[j] * width;
}

/* What the unit after the next needs first, and the negative that has just entered the pool; a row
 * that is here where there is none. */
static void look_ahead(const pair_bucket *b, pair_worker *w, int64_t which, size_t width,
                       const unit_rows *r) {
    const int n = N_AHEAD * kernels_blocks(r->n_out);
    const int32_t entered = negatives_take_fresh(&w->negatives);
    for (int a = 0; a < n; a++)
        w->ahead[a] = r->in[0];
    if (which + 2 < w->n_units) {
        const pair_unit *u = &w->units[which + 2];
        w->ahead[0] = b->out + (size_t)u->out * width;
        w->ahead[1] = b->in + (size_t)w->inputs[u->first] * width;
        if (u->n > 1)
            w->ahead[2] = b->in + (size_t)w->inputs[u->first + 1] * width;
    }
    if (entered >= 0)
        w->ahead[2] = b->out + (size_t)entered * width;
}

static void train_units(const pair_bucket *b, pair_worker *w) {
    const size_t width = row_width(b->settings->dim);
    unit_rows *r = &w->rows[0], *next = &w->rows[1];
    gather(b, w, 0, width, r);
    for (int64_t i = 0; i < w->n_units; i++) {
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
        if (i + 1 < w->n_units)
            gather(b, w, i + 1, width, next);
        look_ahead(b, w, i, width, r);
        b->kernel->update(&window);
        unit_rows *done = r;
        r = next;
        next = done;
    }
}

double pair_bucket_train(const pair_bucket *b, pair_worker *w) {
    if (!pair_bucket_size(b))
        return 0;
    sort_by_centre(b, w);
    cut_units(b, w);
    shuffle_units(b, w);
    negatives_begin_epoch(&w->negatives, b->negatives_key, 0);
    negatives_begin_chunk(&w->negatives, b->negatives, 0);
    train_units(b, w);
    return logistic_loss_take(&w->loss);
}
