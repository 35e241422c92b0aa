// SPDX-License-Identifier: Apache-2.0
/* Rows of the schedules over windows, on their way between the ranks and files. */
#include <string.h>

#include "memory.h"
#include "strata_rows.h"
#include "training.h"

/* ---- rows that every replica holds */

void training_share_hot(const training *t, int side, int64_t *begin, int64_t *end) {
    const int64_t rank = comm_rank(t->replicas.mine), size = comm_size(t->replicas.mine);
    *begin = t->hot[side] * rank / size;
    *end = t->hot[side] * (rank + 1) / size;
}

static float *rows_of(const training *t, int side) {
    return side ? t->out_rows.data : t->in_rows.data;
}

void training_copy_hot(const training *t, int side) {
    int64_t begin, end;
    training_share_hot(t, side, &begin, &end);
    const size_t at = (size_t)begin * t->width,
                 bytes = (size_t)(end - begin) * t->width * sizeof(float);
    if (t->replicas.n > 1)
        memcpy(t->places[side].base + at, rows_of(t, side) + at, bytes);
}

/* ---- rows at their owners */

status training_rows_fetch(training *t, int side, const rows_table *table) {
    enum { MOST = 4096 };
    const placement *p = &t->places[side];
    const int64_t n = placement_owned(p), turns = comm_max(t->world, (n + MOST - 1) / MOST);
    int64_t *ids = NULL;
    float *rows = NULL;
    status s = mem_new(&ids, MOST, sizeof *ids, "rows of a table");
    if (!s.code)
        s = mem_new(&rows, MOST * t->width, sizeof *rows, "rows of a table");
    s = comm_agree(t->world, s);
    for (int64_t turn = 0; !s.code && turn < turns; turn++) {
        const int64_t first = turn * MOST < n ? turn * MOST : n;
        const int64_t count = n - first < MOST ? n - first : MOST;
        for (int64_t i = 0; i < count; i++)
            (void)placement_owned_row(p, first + i, &ids[i]);
        s = rows_fetch(table, ids, count, rows, t->width);
        for (int64_t i = 0; !s.code && i < count; i++)
            if (ids[i] >= t->hot[side])
                memcpy(placement_own_row(p, ids[i]), rows + (size_t)i * t->width,
                       t->width * sizeof *rows);
    }
    mem_free(&ids);
    mem_free(&rows);
    return s;
}

/* ---- for files */

typedef struct {
    const placement *p;
    int64_t next;
} row_source;

static const float *take_row(void *context, int32_t *id) {
    row_source *r = context;
    int64_t row;
    const float *values = placement_owned_row(r->p, r->next++, &row);
    *id = (int32_t)row;
    return values;
}

/* For run_table: t->gathered becomes this rank's rows of a table that is cut over the ranks. */
static status gather_rows(void *context, const char *name, const float **data) {
    training *t = context;
    const int side = strcmp(name, "vectors") != 0;
    row_source source = {.p = &t->places[side]};
    strata_rows rows = {.world = t->world,
                        .n_words = side ? t->n_outputs : t->n_words,
                        .columns = (int64_t)t->width,
                        .left = placement_owned(source.p),
                        .take = take_row,
                        .context = &source};
    *data = t->gathered;
    return strata_rows_gather(&rows, t->gathered);
}

run_table training_table(training *t, int side) {
    const shared_block *block = side ? &t->out_rows : &t->in_rows;
    run_table r = {.name = side ? objective_table(t->objective) : "vectors",
                   .rows = side ? t->n_outputs : t->n_words,
                   .columns = t->o->dim,
                   .stride = t->width};
    rows_share(t->world, r.rows, &r.begin, &r.n);
    if (training_is_cut(t, side)) {
        r.data = t->gathered;
        r.fetch = gather_rows;
        r.context = t;
    } else {
        r.data = (const float *)block->data + (size_t)r.begin * t->width;
    }
    return r;
}

/* ---- back from a checkpoint */

/* Each rank reads a part of the table, and owners fetch their cold rows from it. */
static status load_cold(training *t, const checkpoint *c, int side, const char *name,
                        int64_t rows) {
    int64_t *cuts = NULL, begin, n;
    rows_share(t->world, rows, &begin, &n);
    status s = rows_cuts(t->world, rows, &cuts);
    if (!s.code)
        s = checkpoint_read_rows(c, name, rows, (int64_t)t->width, begin, n, t->gathered, t->width);
    s = comm_agree(t->world, s);
    const rows_table table = {
        .c = t->world, .cuts = cuts, .rows = t->gathered, .stride = t->width, .columns = t->width};
    if (!s.code)
        s = training_rows_fetch(t, side, &table);
    mem_free(&cuts);
    return s;
}

status training_rows_load(training *t, const checkpoint *c, int side, const char *name) {
    const int64_t rows = side ? t->n_outputs : t->n_words;
    const shared_block *block = side ? &t->out_rows : &t->in_rows;
    int64_t begin, end;
    training_share_hot(t, side, &begin, &end);
    status s = checkpoint_read_rows(c, name, rows, (int64_t)t->width, begin, end - begin,
                                    rows_of(t, side) + (size_t)begin * t->width, t->width);
    if (!s.code)
        training_copy_hot(t, side);
    s = comm_agree(t->world, s);
    if (!s.code && training_is_cut(t, side))
        s = load_cold(t, c, side, name, rows);
    shared_sync(block, t->replicas.mine);
    return s;
}
