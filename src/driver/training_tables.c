// SPDX-License-Identifier: Apache-2.0
/* Tokens and rows of the schedules over windows: those of the local replicas, which the ranks of a
 * node share, and what of them goes into the run file. */
#include <string.h>

#include "memory.h"
#include "strata_rows.h"
#include "training.h"

/* Tokens that a replica holds beyond its part, so that windows at its borders see their contexts.
 */
static const int64_t MARGIN = 65536;

/* ---- the corpus in memory */

/* Collective over the ranks of the replica: each reads its share of the tokens. */
static status read_part(const training *t, training_replica *r, int index) {
    const corpus_file *c = &t->corpus;
    const comm *mine = t->replicas.mine;
    const int64_t n = c->n_tokens, rank = comm_rank(mine), size = comm_size(mine);
    r->first = n * index / t->replicas.n;
    r->last = n * (index + 1) / t->replicas.n;
    int64_t begin = r->first > MARGIN ? r->first - MARGIN : 0;
    int64_t end = r->last < n - MARGIN ? r->last + MARGIN : n, from = 0, to = 0;
    status s = corpus_file_find(c, begin, &from);
    if (!s.code)
        s = corpus_file_find(c, end - 1, &to);
    if ((s = comm_agree(mine, s)).code)
        return s;
    const int64_t n_documents = to - from + 1;
    s = shared_create(&r->tokens, mine, (size_t)(end - begin) * sizeof(int32_t), "the tokens");
    if (!s.code)
        s = shared_create(&r->counter, mine, sizeof(_Atomic int64_t), "a counter");
    if (!s.code)
        s = shared_create(&r->documents, mine, (size_t)(n_documents + 1) * sizeof(int64_t),
                          "the document offsets");
    if (s.code)
        return s;
    int32_t *tokens = r->tokens.data;
    int64_t *documents = r->documents.data;
    int64_t a = (end - begin) * rank / size, b = (end - begin) * (rank + 1) / size;
    s = corpus_file_tokens(c, begin + a, b - a, tokens + a);
    if (!s.code && rank == 0)
        s = corpus_file_documents(c, from, n_documents + 1, documents);
    s = comm_agree(mine, s);
    shared_sync(&r->tokens, mine);
    r->view = (corpus_view){.tokens = tokens,
                            .begin = begin,
                            .end = end,
                            .documents = documents,
                            .n_documents = n_documents};
    return s;
}

status training_tokens_read(training *t) {
    status s = mem_new(&t->local, (size_t)t->replicas.n_local, sizeof *t->local, "the replicas");
    s = comm_agree(t->replicas.mine, s);
    for (int g = 0; !s.code && g < t->replicas.n_local; g++)
        s = read_part(t, &t->local[g], t->replicas.first + g);
    return comm_agree(t->world, s);
}

/* ---- tables */

static status create_rows(training *t) {
    const comm *mine = t->replicas.mine;
    const size_t inputs = (size_t)training_slots(t, 0), outputs = (size_t)training_slots(t, 1);
    const size_t row = t->width * sizeof(float);
    status s =
        shared_create(&t->in_rows, mine, (inputs + (size_t)t->copies[0]) * row, "the word vectors");
    if (!s.code && !training_is_softmax(t))
        s = shared_create(&t->out_rows, mine, (outputs + (size_t)t->copies[1]) * row,
                          "the context vectors");
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&t->in_touched, mine, inputs, "the marks of changed rows");
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&t->out_touched, mine, outputs, "the marks of changed rows");
    for (int side = 0; side < 2; side++) {
        t->places[side].rows = side ? t->out_rows.data : t->in_rows.data;
        t->places[side].touched = side ? t->out_touched.data : t->in_touched.data;
    }
    return s;
}

/* The rows [begin, end) of words that this rank of the node sets. */
static void share_hot(const training *t, int64_t *begin, int64_t *end) {
    const int64_t rank = comm_rank(t->replicas.mine), size = comm_size(t->replicas.mine);
    *begin = t->hot[0] * rank / size;
    *end = t->hot[0] * (rank + 1) / size;
}

/* Merges start from the same rows. */
static void copy_hot(training *t) {
    int64_t begin, end;
    share_hot(t, &begin, &end);
    const size_t at = (size_t)begin * t->width,
                 bytes = (size_t)(end - begin) * t->width * sizeof(float);
    if (t->replicas.n > 1)
        memcpy(t->places[0].base + at, (const float *)t->in_rows.data + at, bytes);
}

static void fill_random(training *t, const uint64_t *hashes) {
    const uint64_t seed = training_seed(t, t->o->seed_init);
    const placement *p = &t->places[0];
    int64_t begin, end;
    share_hot(t, &begin, &end);
    loop_init_rows(t->in_rows.data, begin, end, t->o->dim, hashes, seed, t->init_scale);
    for (int64_t i = 0; training_is_cut(t, 0) && i < placement_owned(p); i++) {
        int64_t id;
        float *row = placement_owned_row(p, i, &id);
        if (id >= t->hot[0])
            loop_init_rows(row, 0, 1, t->o->dim, hashes + id, seed, t->init_scale);
    }
}

/* Rows of --init svd that this rank owns, a few at a time. */
static status fetch_owned(training *t) {
    enum { MOST = 4096 };
    const placement *p = &t->places[0];
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    const int64_t n = placement_owned(p), turns = comm_max(t->world, (n + MOST - 1) / MOST);
    int64_t *ids = NULL;
    float *rows = NULL;
    status s = mem_new(&ids, MOST, sizeof *ids, "rows of the start");
    if (!s.code)
        s = mem_new(&rows, MOST * t->width, sizeof *rows, "rows of the start");
    s = comm_agree(t->world, s);
    for (int64_t turn = 0; !s.code && turn < turns; turn++) {
        const int64_t first = turn * MOST < n ? turn * MOST : n;
        const int64_t count = n - first < MOST ? n - first : MOST;
        for (int64_t i = 0; i < count; i++)
            (void)placement_owned_row(p, first + i, &ids[i]);
        s = rows_fetch(&table, ids, count, rows, t->width);
        for (int64_t i = 0; !s.code && i < count; i++)
            if (ids[i] >= t->hot[0])
                memcpy(placement_own_row(p, ids[i]), rows + (size_t)i * t->width,
                       t->width * sizeof *rows);
    }
    mem_free(&ids);
    mem_free(&rows);
    return s;
}

static status fill_svd(training *t) {
    int64_t begin, end;
    share_hot(t, &begin, &end);
    float *in = (float *)t->in_rows.data + (size_t)begin * t->width;
    const status s = ppmi_svd_rows(&t->start, t->o, begin, end - begin, in, t->width);
    return s.code || !training_is_cut(t, 0) ? s : fetch_owned(t);
}

/* Vectors start at random or from --init svd, outputs at zero. */
static status fill(training *t) {
    uint64_t *hashes = NULL;
    status s = status_ok();
    if (t->o->init == INIT_SVD) {
        s = fill_svd(t);
    } else {
        s = comm_agree(t->world,
                       mem_new(&hashes, (size_t)t->n_words, sizeof *hashes, "hashes of the words"));
        if (!s.code) {
            wordlist_hash(&t->corpus.words, hashes);
            fill_random(t, hashes);
        }
        mem_free(&hashes);
    }
    if (!s.code)
        copy_hot(t);
    shared_sync(&t->in_rows, t->replicas.mine);
    return s;
}

status training_tables_create(training *t) {
    int64_t begin, n;
    training_rows(t, t->n_words, &begin, &n);
    status s = create_rows(t);
    if (!s.code && (training_is_cut(t, 0) || training_is_cut(t, 1)))
        s = mem_new(&t->gathered, (size_t)(n ? n : 1) * (size_t)t->o->dim, sizeof *t->gathered,
                    "a snapshot");
    s = comm_agree(t->world, s);
    return s.code ? s : fill(t);
}

static void free_replica(training_replica *r) {
    shared_free(&r->tokens);
    shared_free(&r->documents);
    shared_free(&r->counter);
}

void training_tables_free(training *t) {
    for (int g = 0; t->local && g < t->replicas.n_local; g++)
        free_replica(&t->local[g]);
    mem_free(&t->local);
    shared_free(&t->in_rows);
    shared_free(&t->out_rows);
    shared_free(&t->in_touched);
    shared_free(&t->out_touched);
    for (int side = 0; side < 2; side++)
        placement_free(&t->places[side]);
    mem_free(&t->gathered);
}

/* ---- rows for the run file */

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
                        .columns = t->o->dim,
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
    training_rows(t, r.rows, &r.begin, &r.n);
    if (training_is_cut(t, side)) {
        r.stride = (size_t)t->o->dim;
        r.data = t->gathered;
        r.fetch = gather_rows;
        r.context = t;
    } else {
        r.data = (const float *)block->data + (size_t)r.begin * t->width;
    }
    return r;
}
