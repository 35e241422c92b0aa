// SPDX-License-Identifier: Apache-2.0
/* From the lower triangle of the counts, cut by rows, to both triangles at the owners of their
 * centres. */
#include <string.h>

#include "exchange.h"
#include "glove_training.h"
#include "memory.h"
#include "random.h"
#include "stop.h"

/* ---- groups */

/* Non-zeros of each word in both triangles. */
static void count_words(const training_glove *t, int64_t *weights) {
    const cooc_matrix *m = &t->counts.matrix;
    for (int64_t i = m->begin; i < m->end; i++) {
        const int64_t first = m->offsets[i - m->begin], end = m->offsets[i - m->begin + 1];
        weights[i] += end - first;
        for (int64_t c = first; c < end; c++)
            weights[m->columns[c]] += m->columns[c] != i;
    }
}

static uint64_t order_seed(const training_glove *t) {
    return (uint64_t)(t->o->seed_order >= 0 ? t->o->seed_order : t->o->seed);
}

static status create_groups(training_glove *t) {
    const int64_t v = t->counts.words.n;
    int64_t *weights = NULL;
    status s =
        comm_agree(t->world, mem_new(&weights, (size_t)v, sizeof *weights, "weights of the words"));
    if (s.code)
        return s;
    count_words(t, weights);
    comm_sum_all(t->world, weights, v);
    s = strata_create(&t->groups, v, t->n_groups, weights,
                      random_key(order_seed(t), RANDOM_GROUP, (uint64_t)t->n_groups));
    mem_free(&weights);
    if (!s.code)
        s = glove_cells_create(&t->cells, &t->groups, t->first, t->n, glove_tile(&t->shape));
    return comm_agree(t->world, s);
}

/* all[K * tiles]: non-zeros of this rank's rows by the bucket and tile where they go. */
static void count_tiles(const training_glove *t, int64_t *all) {
    const cooc_matrix *m = &t->counts.matrix;
    const glove_word *words = t->cells.words;
    const int64_t tiles = glove_tiles(&t->cells);
    for (int64_t i = m->begin; i < m->end; i++)
        for (int64_t c = m->offsets[i - m->begin]; c < m->offsets[i - m->begin + 1]; c++) {
            const int64_t j = m->columns[c];
            all[words[i].group * tiles + words[j].tile]++;
            if (j != i)
                all[words[j].group * tiles + words[i].tile]++;
        }
}

status glove_group(training_glove *t, int64_t **counts) {
    int64_t *all = NULL;
    *counts = NULL;
    status s = create_groups(t);
    if (s.code)
        return s;
    const int64_t tiles = glove_tiles(&t->cells);
    s = mem_new(&all, (size_t)(t->n_groups * tiles), sizeof *all, "counts of tiles");
    if (!s.code)
        s = mem_new(counts, (size_t)(t->n * tiles), sizeof **counts, "counts of tiles");
    s = comm_agree(t->world, s);
    if (!s.code) {
        count_tiles(t, all);
        comm_sum_all(t->world, all, t->n_groups * tiles);
        memcpy(*counts, all + t->first * tiles, (size_t)(t->n * tiles) * sizeof **counts);
    }
    mem_free(&all);
    return s;
}

/* ---- sending */

static const char SORTING[] = "sorting the non-zeros";

enum { SLICE = GLOVE_SENT }; /* non-zeros sent at a time, about */

typedef glove_sent cell;

typedef struct {
    int64_t row;    /* the next of the matrix to send */
    int64_t n;      /* cells in the slice */
    double *values; /* [longest row] */
    cell *cells;    /* [SLICE + both triangles of a row] */
    cell *sorted;   /* the same by owner */
    cell *received;
    size_t room;
    int *owners;                     /* [K] */
    int64_t *bytes, *received_bytes; /* [ranks] */
    int64_t *starts;                 /* [ranks + 1] */
} sender;

static void sender_clear(sender *w) {
    mem_free(&w->values);
    mem_free(&w->cells);
    mem_free(&w->sorted);
    mem_free(&w->received);
    mem_free(&w->owners);
    mem_free(&w->bytes);
    mem_free(&w->received_bytes);
    mem_free(&w->starts);
}

static status sender_create(const training_glove *t, sender *w) {
    static const char what[] = "non-zeros to send";
    const cooc_matrix *m = &t->counts.matrix;
    const size_t longest = (size_t)cooc_matrix_longest(m), ranks = (size_t)comm_size(t->world);
    const size_t slice = ranks > 1 ? SLICE + 2 * longest : 0;
    *w = (sender){.row = m->begin};
    status s = mem_new(&w->values, longest, sizeof *w->values, what);
    if (!s.code)
        s = mem_new(&w->cells, slice, sizeof *w->cells, what);
    if (!s.code)
        s = mem_new(&w->sorted, slice, sizeof *w->sorted, what);
    if (!s.code)
        s = mem_new(&w->owners, (size_t)t->n_groups, sizeof *w->owners, what);
    if (!s.code)
        s = mem_new(&w->bytes, ranks, sizeof *w->bytes, what);
    if (!s.code)
        s = mem_new(&w->received_bytes, ranks, sizeof *w->received_bytes, what);
    if (!s.code)
        s = mem_new(&w->starts, ranks + 1, sizeof *w->starts, what);
    for (int g = 0; !s.code && g < t->n_groups; g++)
        w->owners[g] = ring_owner(t->n_groups, g, (int)ranks);
    return s;
}

/* Rows until the slice is full. */
static void fill_slice(const training_glove *t, sender *w) {
    const cooc_matrix *m = &t->counts.matrix;
    for (w->n = 0; w->row < m->end && w->n < SLICE; w->row++) {
        const int32_t *columns, i = (int32_t)w->row;
        const int64_t n = cooc_matrix_row(m, w->row, &columns, w->values);
        for (int64_t c = 0; c < n; c++) {
            const float x = (float)w->values[c];
            w->cells[w->n++] = (cell){i, columns[c], x};
            if (columns[c] != i)
                w->cells[w->n++] = (cell){columns[c], i, x};
        }
    }
}

static int owner_of(const training_glove *t, const sender *w, const cell *c) {
    return w->owners[t->groups.group[c->i]];
}

static void sort_slice(const training_glove *t, sender *w) {
    const int ranks = comm_size(t->world);
    memset(w->starts, 0, (size_t)(ranks + 1) * sizeof *w->starts);
    for (int64_t k = 0; k < w->n; k++)
        w->starts[owner_of(t, w, &w->cells[k]) + 1]++;
    for (int r = 0; r < ranks; r++) {
        w->bytes[r] = w->starts[r + 1] * (int64_t)sizeof(cell);
        w->starts[r + 1] += w->starts[r];
    }
    for (int64_t k = 0; k < w->n; k++)
        w->sorted[w->starts[owner_of(t, w, &w->cells[k])]++] = w->cells[k];
}

static status send_slice(training_glove *t, sender *w) {
    const status stop = comm_agree(t->world, stop_check(SORTING));
    if (stop.code)
        return stop;
    fill_slice(t, w);
    sort_slice(t, w);
    status s =
        exchange_into(t->world, w->sorted, w->bytes, &w->received, &w->room, w->received_bytes);
    int64_t n = 0;
    for (int r = 0; r < comm_size(t->world); r++)
        n += w->received_bytes[r] / (int64_t)sizeof(cell);
    for (int64_t k = 0; !s.code && k < n; k++)
        glove_cells_put(&t->cells, w->received[k].i, w->received[k].j, w->received[k].x);
    return s;
}

/* One rank keeps all. */
static status keep_all(training_glove *t, const sender *w) {
    const cooc_matrix *m = &t->counts.matrix;
    for (int64_t i = m->begin; i < m->end; i++) {
        const int32_t *columns;
        const status s = stop_check(SORTING);
        if (s.code)
            return s;
        const int64_t n = cooc_matrix_row(m, i, &columns, w->values);
        for (int64_t c = 0; c < n; c++) {
            glove_cells_put(&t->cells, i, columns[c], (float)w->values[c]);
            if (columns[c] != i)
                glove_cells_put(&t->cells, columns[c], i, (float)w->values[c]);
        }
    }
    return status_ok();
}

status glove_load(training_glove *t, const int64_t *counts) {
    sender w;
    status s = sender_create(t, &w);
    if (!s.code)
        s = glove_cells_open(&t->cells, counts);
    s = comm_agree(t->world, s);
    if (!s.code && comm_size(t->world) == 1)
        s = keep_all(t, &w);
    else
        while (!s.code && comm_max(t->world, t->counts.matrix.end - w.row) > 0)
            s = send_slice(t, &w);
    sender_clear(&w);
    cooc_matrix_clear(&t->counts.matrix);
    if (!s.code)
        s = comm_agree(t->world, stop_check(SORTING));
    if (!s.code)
        s = glove_cells_close(&t->cells, t->kernel,
                              random_key(order_seed(t), RANDOM_RUN, (uint64_t)t->n_groups),
                              t->n_threads);
    return comm_agree(t->world, s);
}
