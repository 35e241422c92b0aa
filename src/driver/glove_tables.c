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

/* ---- rows by id */

void glove_rows_of(const training_glove *t, int64_t *begin, int64_t *n) {
    strata_rows_share(t->world, t->groups.n_words, begin, n);
}

/* The rows of one table that this rank trains, one after the other. */
typedef struct {
    const training_glove *t;
    bool contexts, bias;
    int64_t columns;
    int group; /* the next */
    int64_t place;
} row_source;

static row_source source_of(const training_glove *t, const char *name) {
    row_source r = {.t = t,
                    .contexts = strncmp(name, "context", 7) == 0,
                    .bias = strstr(name, "bias") != NULL,
                    .group = t->first};
    r.columns = r.bias ? 1 : t->o->dim;
    return r;
}

/* The next row and its word. */
static const float *take_row(void *context, int32_t *id) {
    row_source *r = context;
    const strata *g = &r->t->groups;
    while (r->place == strata_size(g, r->group)) {
        r->group++;
        r->place = 0;
    }
    void *block = r->contexts ? ring_block(r->t->contexts, r->group, 0)
                              : r->t->centres[r->group - r->t->first];
    *id = (r->contexts ? g->by_id : g->by_chance)[g->first[r->group] + r->place];
    const int64_t place = r->place++;
    return r->bias
               ? glove_states(block) + place * GLOVE_STATE + GLOVE_BIAS
               : glove_rows(block, strata_size(g, r->group)) + (size_t)place * r->t->shape.stride;
}

status glove_fetch(void *context, const char *name, const float **data) {
    training_glove *t = context;
    row_source source = source_of(t, name);
    strata_rows rows = {.world = t->world,
                        .n_words = t->groups.n_words,
                        .columns = source.columns,
                        .take = take_row,
                        .context = &source};
    if (t->n)
        rows.left = t->groups.first[t->first + t->n] - t->groups.first[t->first];
    *data = t->table;
    return strata_rows_gather(&rows, t->table);
}
