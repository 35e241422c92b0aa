// SPDX-License-Identifier: Apache-2.0
/* The rows of --model glove: blocks of groups while it trains, rows by id in the run file. */
#include <string.h>

#include "exchange.h"
#include "glove_training.h"
#include "memory.h"

/* ---- blocks */

static status create_blocks(training_glove *t) {
    status s = mem_new(&t->block_bytes, (size_t)t->n_groups, sizeof *t->block_bytes, "the vectors");
    for (int g = 0; !s.code && g < t->n_groups; g++)
        t->block_bytes[g] = glove_block_bytes(&t->shape, strata_size(&t->groups, g));
    if (!s.code)
        s = mem_new(&t->centres, (size_t)t->n, sizeof *t->centres, "the word vectors");
    for (int a = 0; !s.code && a < t->n; a++)
        s = mem_new(&t->centres[a], t->block_bytes[t->first + a], 1, "the word vectors");
    return s.code ? s : ring_create(&t->contexts, t->world, t->n_groups, t->block_bytes);
}

static void fill_blocks(training_glove *t, const uint64_t *hashes) {
    const strata *g = &t->groups;
    const uint64_t seed = (uint64_t)(t->o->seed_init >= 0 ? t->o->seed_init : t->o->seed);
    for (int a = t->first; a < t->first + t->n; a++) {
        const int64_t size = strata_size(g, a);
        glove_init(&t->shape, t->centres[a - t->first], size, g->by_chance + g->first[a], hashes,
                   seed, t->init_scale, false, t->learning_rate);
        glove_init(&t->shape, ring_block(t->contexts, a, 0), size, g->by_id + g->first[a], hashes,
                   seed, t->init_scale, true, t->learning_rate);
    }
}

static status create_workers(training_glove *t) {
    status s = mem_new(&t->workers, (size_t)t->n_threads, sizeof *t->workers, "the workers");
    for (int i = 0; !s.code && i < t->n_threads; i++)
        s = glove_worker_create(&t->workers[i], &t->cells);
    if (!s.code)
        s = strata_flow_create(&t->flow, t->n);
    if (!s.code)
        s = mem_new(&t->loss, (size_t)t->n * (size_t)t->n_groups, sizeof *t->loss,
                    "losses of the buckets");
    if (!s.code && t->o->order == ORDER_SHUFFLE)
        s = mem_new(&t->loose, (size_t)t->cells.n_cells, sizeof *t->loose, "shuffled non-zeros");
    if (t->loose)
        glove_loosen(&t->cells, t->loose);
    return s;
}

status glove_create_tables(training_glove *t) {
    int64_t begin, n;
    uint64_t *hashes = NULL;
    glove_rows_of(t, &begin, &n);
    status s = create_blocks(t);
    if (!s.code)
        s = create_workers(t);
    if (!s.code)
        s = mem_new(&t->table, (size_t)n * (size_t)t->o->dim, sizeof *t->table, "a snapshot");
    if (!s.code)
        s = mem_new(&hashes, (size_t)t->groups.n_words, sizeof *hashes, "hashes of the words");
    if (!s.code) {
        wordlist_hash(&t->counts.words, hashes);
        fill_blocks(t, hashes);
    }
    mem_free(&hashes);
    return comm_agree(t->world, s);
}

void glove_clear_tables(training_glove *t) {
    for (int a = 0; t->centres && a < t->n; a++)
        mem_free(&t->centres[a]);
    mem_free(&t->centres);
    ring_destroy(&t->contexts);
    mem_free(&t->block_bytes);
    for (int i = 0; t->workers && i < t->n_threads; i++)
        glove_worker_destroy(&t->workers[i]);
    mem_free(&t->workers);
    strata_flow_destroy(&t->flow);
    mem_free(&t->loss);
    mem_free(&t->loose);
    mem_free(&t->table);
}

double glove_table_bytes(const training_glove *t) {
    int64_t begin, n;
    size_t most = 0;
    double bytes = 0;
    glove_rows_of(t, &begin, &n);
    for (int g = 0; g < t->n_groups; g++) {
        const size_t block = glove_block_bytes(&t->shape, strata_size(&t->groups, g));
        most = block > most ? block : most;
        bytes += g >= t->first && g < t->first + t->n ? (double)block : 0;
    }
    /* The ring's slots are all as large as the largest block. */
    bytes += ring_bytes(t->n_groups, most, comm_rank(t->world), comm_size(t->world));
    return bytes + (double)n * (double)t->o->dim * sizeof(float) +
           (double)t->groups.n_words * sizeof(uint64_t);
}

/* ---- rows by id */

void glove_rows_of(const training_glove *t, int64_t *begin, int64_t *n) {
    const int64_t rank = comm_rank(t->world), size = comm_size(t->world);
    *begin = t->groups.n_words * rank / size;
    *n = t->groups.n_words * (rank + 1) / size - *begin;
}

/* The rows of one table that this rank trains, one after the other. */
typedef struct {
    const training_glove *t;
    bool contexts, bias;
    int64_t columns;
    int64_t left; /* rows not yet taken */
    int group;    /* the next */
    int64_t place;
} row_source;

static row_source source_of(const training_glove *t, const char *name) {
    row_source r = {.t = t,
                    .contexts = strncmp(name, "context", 7) == 0,
                    .bias = strstr(name, "bias") != NULL,
                    .group = t->first};
    r.columns = r.bias ? 1 : t->o->dim;
    if (t->n)
        r.left = t->groups.first[t->first + t->n] - t->groups.first[t->first];
    return r;
}

/* The next row and its word. */
static const float *take_row(row_source *r, int32_t *id) {
    const strata *g = &r->t->groups;
    while (r->place == strata_size(g, r->group)) {
        r->group++;
        r->place = 0;
    }
    void *block = r->contexts ? ring_block(r->t->contexts, r->group, 0)
                              : r->t->centres[r->group - r->t->first];
    *id = (r->contexts ? g->by_id : g->by_chance)[g->first[r->group] + r->place];
    const int64_t place = r->place++;
    r->left--;
    return r->bias
               ? glove_states(block) + place * GLOVE_STATE + GLOVE_BIAS
               : glove_rows(block, strata_size(g, r->group)) + (size_t)place * r->t->shape.stride;
}

static void put_row(training_glove *t, int64_t columns, int64_t begin, int32_t id,
                    const void *row) {
    memcpy(t->table + (size_t)(id - begin) * (size_t)columns, row,
           (size_t)columns * sizeof *t->table);
}

/* Rank that writes a word. */
static int writer_of(const training_glove *t, int64_t id) {
    return (int)(((id + 1) * comm_size(t->world) - 1) / t->groups.n_words);
}

enum { MOST_ROWS = 4096, MOST_BYTES = 1 << 20 }; /* sent at a time */

typedef struct {
    char *records, *received;                 /* id and row each; [most] and what comes */
    int most;                                 /* records sent at a time */
    size_t room, record;                      /* bytes of a record */
    int64_t *bytes, *received_bytes, *starts; /* [ranks] */
    const float **rows;                       /* [most] */
    int32_t *ids;
} row_sender;

static status row_sender_create(const training_glove *t, row_sender *w, int64_t columns) {
    static const char what[] = "rows to write";
    const size_t ranks = (size_t)comm_size(t->world);
    const size_t record = sizeof(int32_t) + (size_t)columns * sizeof(float);
    const size_t fit = MOST_BYTES / record;
    *w = (row_sender){.record = record,
                      .most = fit < 1           ? 1
                              : fit > MOST_ROWS ? MOST_ROWS
                                                : (int)fit};
    status s = mem_new(&w->records, (size_t)w->most, record, what);
    if (!s.code)
        s = mem_new(&w->bytes, ranks, sizeof *w->bytes, what);
    if (!s.code)
        s = mem_new(&w->received_bytes, ranks, sizeof *w->received_bytes, what);
    if (!s.code)
        s = mem_new(&w->starts, ranks + 1, sizeof *w->starts, what);
    if (!s.code)
        s = mem_new(&w->rows, (size_t)w->most, sizeof *w->rows, what);
    if (!s.code)
        s = mem_new(&w->ids, (size_t)w->most, sizeof *w->ids, what);
    return s;
}

static void row_sender_clear(row_sender *w) {
    mem_free(&w->records);
    mem_free(&w->received);
    mem_free(&w->bytes);
    mem_free(&w->received_bytes);
    mem_free(&w->starts);
    mem_free(&w->rows);
    mem_free(&w->ids);
}

/* The next rows as records, by writer. */
static void fill_records(row_sender *w, row_source *r) {
    const int ranks = comm_size(r->t->world);
    const int n = r->left < w->most ? (int)r->left : w->most;
    memset(w->starts, 0, (size_t)(ranks + 1) * sizeof *w->starts);
    for (int k = 0; k < n; k++) {
        w->rows[k] = take_row(r, &w->ids[k]);
        w->starts[writer_of(r->t, w->ids[k]) + 1]++;
    }
    for (int rank = 0; rank < ranks; rank++) {
        w->bytes[rank] = w->starts[rank + 1] * (int64_t)w->record;
        w->starts[rank + 1] += w->starts[rank];
    }
    for (int k = 0; k < n; k++) {
        char *record = w->records + (size_t)w->starts[writer_of(r->t, w->ids[k])]++ * w->record;
        memcpy(record, &w->ids[k], sizeof w->ids[k]);
        memcpy(record + sizeof w->ids[k], w->rows[k], w->record - sizeof w->ids[k]);
    }
}

static status exchange_rows(training_glove *t, row_source *r, int64_t begin) {
    row_sender w;
    status s = comm_agree(t->world, row_sender_create(t, &w, r->columns));
    while (!s.code && comm_max(t->world, r->left) > 0) {
        fill_records(&w, r);
        s = exchange_into(t->world, w.records, w.bytes, &w.received, &w.room, w.received_bytes);
        int64_t bytes = 0;
        for (int rank = 0; rank < comm_size(t->world); rank++)
            bytes += w.received_bytes[rank];
        for (int64_t at = 0; !s.code && at < bytes; at += (int64_t)w.record) {
            int32_t id;
            memcpy(&id, w.received + at, sizeof id);
            put_row(t, r->columns, begin, id, w.received + at + sizeof id);
        }
    }
    row_sender_clear(&w);
    return s;
}

status glove_fetch(void *context, const char *name, const float **data) {
    training_glove *t = context;
    row_source r = source_of(t, name);
    int64_t begin, n;
    glove_rows_of(t, &begin, &n);
    *data = t->table;
    if (comm_size(t->world) > 1)
        return exchange_rows(t, &r, begin);
    while (r.left) {
        int32_t id;
        const float *row = take_row(&r, &id);
        put_row(t, r.columns, begin, id, row);
    }
    return status_ok();
}
