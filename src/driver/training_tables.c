// SPDX-License-Identifier: Apache-2.0
/* Tokens and rows of the schedules over windows: those of the local replicas, which the ranks of a
 * node share, and what of them goes into the run file. */
#include <string.h>

#include "memory.h"
#include "training.h"

/* ---- the corpus in memory */

/* Collective over the ranks of the replica: each reads its share of the tokens. */
static status read_part(const training *t, training_replica *r, int index) {
    const corpus_file *c = &t->corpus;
    const comm *mine = t->replicas.mine;
    const int64_t n = c->n_tokens, rank = comm_rank(mine), size = comm_size(mine);
    r->first = n * index / t->replicas.n;
    r->last = n * (index + 1) / t->replicas.n;
    int64_t begin = r->first > TRAINING_MARGIN ? r->first - TRAINING_MARGIN : 0;
    int64_t end = r->last < n - TRAINING_MARGIN ? r->last + TRAINING_MARGIN : n, from = 0, to = 0;
    status s = corpus_file_find(c, begin, &from);
    if (!s.code)
        s = corpus_file_find(c, end - 1, &to);
    if ((s = comm_agree(mine, s)).code)
        return s;
    const int64_t n_documents = to - from + 1;
    s = shared_create(&r->tokens, mine, (size_t)(end - begin) * sizeof(int32_t), "the tokens");
    if (!s.code)
        s = shared_create(&r->counter, mine, sizeof(loop_counter), "a counter");
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

static void fill_random(training *t, const uint64_t *hashes) {
    const uint64_t seed = training_seed(t, t->o->seed_init);
    const placement *p = &t->places[0];
    int64_t begin, end;
    training_share_hot(t, 0, &begin, &end);
    loop_init_rows(t->in_rows.data, begin, end, t->o->dim, hashes, seed, t->init_scale);
    for (int64_t i = 0; training_is_cut(t, 0) && i < placement_owned(p); i++) {
        int64_t id;
        float *row = placement_owned_row(p, i, &id);
        if (id >= t->hot[0])
            loop_init_rows(row, 0, 1, t->o->dim, hashes + id, seed, t->init_scale);
    }
}

static status fetch_start(training *t) {
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    return training_rows_fetch(t, 0, &table);
}

static status fill_svd(training *t) {
    int64_t begin, end;
    training_share_hot(t, 0, &begin, &end);
    float *in = (float *)t->in_rows.data + (size_t)begin * t->width;
    const status s = ppmi_svd_rows(&t->start, t->o, begin, end - begin, in, t->width);
    return s.code || !training_is_cut(t, 0) ? s : fetch_start(t);
}

/* Vectors start at random or from --init svd, outputs at zero. */
static status fill(training *t) {
    uint64_t *hashes = NULL;
    status s;
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
        training_copy_hot(t, 0);
    shared_sync(&t->in_rows, t->replicas.mine);
    return s;
}

status training_tables_create(training *t) {
    int64_t begin, n;
    rows_share(t->world, t->n_words, &begin, &n);
    status s = create_rows(t);
    if (!s.code && (training_is_cut(t, 0) || training_is_cut(t, 1)))
        s = mem_new(&t->gathered, (size_t)(n ? n : 1) * t->width, sizeof *t->gathered,
                    "a snapshot");
    s = comm_agree(t->world, s);
    return s.code || run_record_resumes(&t->record) ? s : fill(t);
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
