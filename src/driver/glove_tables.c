// SPDX-License-Identifier: Apache-2.0
/* The rows of --model glove: blocks of groups while it trains, rows by id in the run file. */
#include <string.h>

#include "glove_training.h"
#include "memory.h"
#include "strata_rows.h"

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
        s = strata_pass_create(&t->pass, t->world, t->n_groups);
    if (!s.code && t->o->order == ORDER_SHUFFLE)
        s = mem_new(&t->loose, (size_t)t->cells.n_cells, sizeof *t->loose, "shuffled non-zeros");
    if (t->loose)
        glove_loosen(&t->cells, t->loose);
    return s;
}

/* Room for this rank's rows of the widest table. */
static int64_t table_floats(const training_glove *t) {
    int64_t begin, n;
    rows_share(t->world, t->groups.n_words, &begin, &n);
    return n * (t->o->dim > GLOVE_STATE ? t->o->dim : GLOVE_STATE);
}

status glove_create_tables(training_glove *t) {
    uint64_t *hashes = NULL;
    status s = create_blocks(t);
    if (!s.code)
        s = create_workers(t);
    if (!s.code)
        s = mem_new(&t->table, (size_t)table_floats(t), sizeof *t->table, "a snapshot");
    if (!s.code)
        s = rows_cuts(t->world, t->groups.n_words, &t->cuts);
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
    strata_pass_clear(&t->pass);
    mem_free(&t->loose);
    mem_free(&t->table);
    mem_free(&t->cuts);
}

/* ---- rows by id */

/* What a word has on each side. The first two are tables of the run file, the last two of
 * checkpoints.
 */
typedef enum { ROW, BIAS, STATE, SQUARES } row_part;

static const struct {
    const char *name;
    bool contexts;
    row_part part;
} TABLES[] = {{"vectors", false, ROW},
              {"context", true, ROW},
              {"bias", false, BIAS},
              {"context_bias", true, BIAS},
              {"vectors_state", false, STATE},
              {"context_state", true, STATE},
              {"vectors_squares", false, SQUARES},
              {"context_squares", true, SQUARES}};
enum { N_TABLES = sizeof TABLES / sizeof *TABLES };

/* The rows of one table that this rank trains, one after the other. */
typedef struct {
    const training_glove *t;
    bool contexts;
    row_part part;
    int group; /* the next */
    int64_t place;
} row_source;

static row_source source_of(const training_glove *t, const char *name) {
    int i = 0;
    while (i < N_TABLES - 1 && strcmp(TABLES[i].name, name) != 0)
        i++;
    return (row_source){
        .t = t, .contexts = TABLES[i].contexts, .part = TABLES[i].part, .group = t->first};
}

static int64_t columns_of(const row_source *r) {
    return r->part == BIAS ? 1 : r->part == STATE ? GLOVE_STATE : r->t->o->dim;
}

/* The next row and its word. */
static float *place_row(void *context, int32_t *id) {
    row_source *r = context;
    const glove_shape *shape = &r->t->shape;
    const strata *g = &r->t->groups;
    while (r->place == strata_size(g, r->group)) {
        r->group++;
        r->place = 0;
    }
    void *block = r->contexts ? ring_block(r->t->contexts, r->group, 0)
                              : r->t->centres[r->group - r->t->first];
    *id = (r->contexts ? g->by_id : g->by_chance)[g->first[r->group] + r->place];
    const int64_t place = r->place++;
    if (r->part == BIAS || r->part == STATE)
        return glove_states(block) + place * GLOVE_STATE + (r->part == BIAS ? GLOVE_BIAS : 0);
    float *row = glove_rows(block, strata_size(g, r->group)) + (size_t)place * shape->stride;
    return r->part == SQUARES ? row + shape->width : row;
}

static const float *take_row(void *context, int32_t *id) {
    return place_row(context, id);
}

static strata_rows rows_of(row_source *source) {
    const training_glove *t = source->t;
    const int64_t *first = t->groups.first;
    return (strata_rows){.world = t->world,
                         .n_words = t->groups.n_words,
                         .columns = columns_of(source),
                         .left = t->n ? first[t->first + t->n] - first[t->first] : 0,
                         .take = take_row,
                         .place = place_row,
                         .context = source};
}

static status fetch(void *context, const char *name, const float **data) {
    training_glove *t = context;
    row_source source = source_of(t, name);
    strata_rows rows = rows_of(&source);
    *data = t->table;
    return strata_rows_gather(&rows, t->table);
}

run_table glove_table(training_glove *t, const char *name) {
    const row_source source = source_of(t, name);
    const int64_t columns = columns_of(&source);
    run_table table = {.name = name,
                       .rows = t->groups.n_words,
                       .columns = source.part == BIAS ? 0 : columns,
                       .stride = (size_t)columns,
                       .fetch = fetch,
                       .context = t};
    rows_share(t->world, t->groups.n_words, &table.begin, &table.n);
    return table;
}

status glove_put(training_glove *t, const char *name, const rows_table *from) {
    row_source source = source_of(t, name);
    strata_rows rows = rows_of(&source);
    return strata_rows_scatter(&rows, from);
}

/* ---- checkpoints */

/* Biases are in the states, and sums of squares by element beside the vectors if at all. */
static bool is_saved(const training_glove *t, row_part part) {
    return part == ROW || part == STATE || (part == SQUARES && t->shape.by_element);
}

status glove_save_tables(training_glove *t, checkpoint *c) {
    status s = status_ok();
    for (int i = 0; !s.code && i < N_TABLES; i++) {
        const run_table table = glove_table(t, TABLES[i].name);
        if (is_saved(t, TABLES[i].part))
            s = checkpoint_write_table(c, &table);
    }
    return s;
}

static status load_table(training_glove *t, const char *name, const checkpoint *c) {
    const run_table table = glove_table(t, name);
    const rows_table rows = {.c = t->world,
                             .cuts = t->cuts,
                             .rows = t->table,
                             .stride = table.stride,
                             .columns = table.stride};
    const status s =
        comm_agree(t->world, checkpoint_read_rows(c, name, table.rows, table.columns, table.begin,
                                                  table.n, t->table, table.stride));
    return s.code ? s : glove_put(t, name, &rows);
}

status glove_load_tables(training_glove *t, const checkpoint *c) {
    status s = status_ok();
    for (int i = 0; !s.code && i < N_TABLES; i++)
        if (is_saved(t, TABLES[i].part))
            s = load_table(t, TABLES[i].name, c);
    return s;
}
