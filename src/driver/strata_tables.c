// SPDX-License-Identifier: Apache-2.0
/* Groups and rows of --schedule strata: blocks of groups while it trains, rows by id in the run
 * file. */
#include <string.h>

#include "memory.h"
#include "random.h"
#include "strata_rows.h"
#include "strata_training.h"

/* ---- groups */

/* Words weigh what sub-sampling leaves of them, but none more than this part of a group: a word
 * that fills a group alone would have no negatives, and be none. */
static const double MOST_OF_A_GROUP = 0.25;

static void weigh(const training_strata *t, int64_t *weights) {
    double total = 0;
    for (int64_t i = 0; i < t->n_words; i++) {
        const double kept =
            (double)t->corpus.words.counts[i] * sampler_keep_probability(&t->sampler, (int32_t)i);
        weights[i] = (int64_t)kept;
        total += kept;
    }
    const double most = MOST_OF_A_GROUP * total / t->n_groups;
    for (int64_t i = 0; i < t->n_words; i++)
        if ((double)weights[i] > most)
            weights[i] = (int64_t)most;
}

static status group_words(training_strata *t) {
    int64_t *weights = NULL;
    status s = mem_new(&weights, (size_t)t->n_words, sizeof *weights, "weights of the words");
    if (!s.code) {
        weigh(t, weights);
        s = strata_create(
            &t->groups, t->n_words, t->n_groups, weights,
            random_key(strata_seed(t, t->o->seed_order), RANDOM_GROUP, (uint64_t)t->n_groups));
    }
    mem_free(&weights);
    return s;
}

static status check_groups(training_strata *t) {
    int64_t least = t->n_words;
    for (int g = 0; g < t->n_groups; g++) {
        const int64_t size = strata_size(&t->groups, g);
        least = size < least ? size : least;
        t->largest = size > t->largest ? size : t->largest;
    }
    if (least >= 2)
        return status_ok();
    return status_error(STATUS_USAGE,
                        "--groups %d cuts %lld words into groups of which one has fewer than two, "
                        "and negatives come from the group of the centre; use fewer --groups",
                        t->n_groups, (long long)t->n_words);
}

static status create_negatives(training_strata *t) {
    int64_t *counts = NULL;
    status s = mem_new(&t->negatives, (size_t)t->n_groups, sizeof *t->negatives,
                       "the tables of negatives");
    if (!s.code)
        s = mem_new(&counts, (size_t)t->largest, sizeof *counts, "the tables of negatives");
    for (int g = 0; !s.code && g < t->n_groups; g++) {
        const int32_t *words = t->groups.by_id + t->groups.first[g];
        const int64_t size = strata_size(&t->groups, g);
        for (int64_t i = 0; i < size; i++)
            counts[i] = t->corpus.words.counts[words[i]];
        s = sampler_create(&t->negatives[g], counts, (int32_t)size, 0, t->o->negative_power);
    }
    mem_free(&counts);
    return s;
}

status strata_tables_group(training_strata *t) {
    status s = sampler_create(&t->sampler, t->corpus.words.counts, (int32_t)t->n_words,
                              t->o->sample, t->o->negative_power);
    if (!s.code)
        s = group_words(t);
    if (!s.code)
        s = check_groups(t);
    if (!s.code)
        s = create_negatives(t);
    return comm_agree(t->world, s);
}

/* ---- blocks */

static size_t block_bytes(const training_strata *t, int which) {
    return (size_t)strata_size(&t->groups, which) * t->width * sizeof(float);
}

static status create_blocks(training_strata *t) {
    status s = mem_new(&t->block_bytes, (size_t)t->n_groups, sizeof *t->block_bytes, "the vectors");
    for (int g = 0; !s.code && g < t->n_groups; g++)
        t->block_bytes[g] = block_bytes(t, g);
    if (!s.code)
        s = mem_new(&t->inputs, (size_t)t->n, sizeof *t->inputs, "the word vectors");
    for (int a = 0; !s.code && a < t->n; a++)
        s = mem_new(&t->inputs[a], t->block_bytes[t->first + a], 1, "the word vectors");
    return s.code ? s : ring_create(&t->outputs, t->world, t->n_groups, t->block_bytes);
}

static status create_workers(training_strata *t) {
    status s = mem_new(&t->workers, (size_t)t->n_threads, sizeof *t->workers, "the workers");
    for (int i = 0; !s.code && i < t->n_threads; i++)
        s = pair_worker_create(&t->workers[i], &t->settings, t->largest);
    if (!s.code)
        s = strata_flow_create(&t->flow, t->n);
    if (!s.code)
        s = mem_new(&t->loss, (size_t)t->n * (size_t)t->n_groups, sizeof *t->loss,
                    "losses of the buckets");
    return s;
}

/* Vectors start at random, contexts at zero, as in every schedule. */
static status fill_random(training_strata *t) {
    const uint64_t seed = strata_seed(t, t->o->seed_init);
    uint64_t *hashes = NULL, *own = NULL;
    status s = mem_new(&hashes, (size_t)t->n_words, sizeof *hashes, "hashes of the words");
    if (!s.code)
        s = mem_new(&own, (size_t)t->largest, sizeof *own, "hashes of the words");
    if (!s.code)
        wordlist_hash(&t->corpus.words, hashes);
    for (int a = t->first; !s.code && a < t->first + t->n; a++) {
        const int32_t *words = t->groups.by_id + t->groups.first[a];
        const int64_t size = strata_size(&t->groups, a);
        for (int64_t i = 0; i < size; i++)
            own[i] = hashes[words[i]];
        loop_init_rows(t->inputs[a - t->first], 0, size, t->o->dim, own, seed, t->init_scale);
    }
    mem_free(&hashes);
    mem_free(&own);
    return s;
}

static status fill_start(training_strata *t) {
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    const int64_t turns = comm_max(t->world, t->n);
    int64_t *ids = NULL;
    status s =
        comm_agree(t->world, mem_new(&ids, (size_t)t->largest, sizeof *ids, "words of a group"));
    for (int turn = 0; !s.code && turn < turns; turn++) {
        const bool there = turn < t->n;
        const int which = there ? t->first + turn : 0;
        const int64_t size = there ? strata_size(&t->groups, which) : 0;
        for (int64_t i = 0; i < size; i++)
            ids[i] = t->groups.by_id[t->groups.first[which] + i];
        s = rows_fetch(&table, ids, size, there ? t->inputs[turn] : NULL, t->width);
    }
    mem_free(&ids);
    if (!(t->o->blend > 0))
        ppmi_svd_clear(&t->start);
    return s;
}

status strata_tables_create(training_strata *t) {
    int64_t begin, n;
    strata_rows_share(t->world, t->n_words, &begin, &n);
    status s = create_blocks(t);
    if (!s.code)
        s = create_workers(t);
    if (!s.code)
        s = mem_new(&t->table, (size_t)n * (size_t)t->o->dim, sizeof *t->table, "a snapshot");
    if (!s.code && t->o->init == INIT_RANDOM)
        s = fill_random(t);
    s = comm_agree(t->world, s);
    return s.code || t->o->init == INIT_RANDOM ? s : fill_start(t);
}

void strata_tables_clear(training_strata *t) {
    for (int a = 0; t->inputs && a < t->n; a++)
        mem_free(&t->inputs[a]);
    mem_free(&t->inputs);
    ring_destroy(&t->outputs);
    mem_free(&t->block_bytes);
    for (int i = 0; t->workers && i < t->n_threads; i++)
        pair_worker_destroy(&t->workers[i]);
    mem_free(&t->workers);
    strata_flow_destroy(&t->flow);
    mem_free(&t->loss);
    mem_free(&t->table);
    for (int g = 0; t->negatives && g < t->n_groups; g++)
        sampler_clear(&t->negatives[g]);
    mem_free(&t->negatives);
    sampler_clear(&t->sampler);
    strata_clear(&t->groups);
}

double strata_tables_bytes(const training_strata *t) {
    int64_t begin, n;
    size_t most = 0;
    double bytes = 0;
    strata_rows_share(t->world, t->n_words, &begin, &n);
    for (int g = 0; g < t->n_groups; g++) {
        most = block_bytes(t, g) > most ? block_bytes(t, g) : most;
        bytes += g >= t->first && g < t->first + t->n ? (double)block_bytes(t, g) : 0;
    }
    bytes += ring_bytes(t->n_groups, most, comm_rank(t->world), comm_size(t->world));
    if (t->o->init == INIT_SVD)
        bytes += (double)n * (double)eigen_width(t->o->dim) * sizeof(float) +
                 (double)t->n_words * sizeof(double);
    return bytes + (double)n * (double)t->o->dim * sizeof(float) +
           (double)t->n_words * sizeof(uint64_t);
}

/* ---- rows by id */

typedef struct {
    const training_strata *t;
    bool outputs;
    int group; /* the next row */
    int64_t place;
} row_source;

static const float *take_row(void *context, int32_t *id) {
    row_source *r = context;
    const training_strata *t = r->t;
    while (r->place == strata_size(&t->groups, r->group)) {
        r->group++;
        r->place = 0;
    }
    const float *block =
        r->outputs ? ring_block(t->outputs, r->group, 0) : t->inputs[r->group - t->first];
    *id = t->groups.by_id[t->groups.first[r->group] + r->place];
    return block + (size_t)r->place++ * t->width;
}

status strata_tables_fetch(void *context, const char *name, const float **data) {
    training_strata *t = context;
    row_source source = {.t = t, .outputs = strcmp(name, "context") == 0, .group = t->first};
    strata_rows rows = {.world = t->world,
                        .n_words = t->n_words,
                        .columns = t->o->dim,
                        .take = take_row,
                        .context = &source};
    if (t->n)
        rows.left = t->groups.first[t->first + t->n] - t->groups.first[t->first];
    *data = t->table;
    return strata_rows_gather(&rows, t->table);
}

status strata_tables_blend(training_strata *t) {
    const float *data;
    int64_t begin, n;
    const size_t dim = (size_t)t->o->dim;
    if (!(t->o->blend > 0))
        return status_ok();
    strata_rows_share(t->world, t->n_words, &begin, &n);
    status s = strata_tables_fetch(t, "vectors", &data);
    if (!s.code)
        s = ppmi_svd_blend(&t->start, t->o, begin, n, t->table, dim);
    const run_table vectors = {.name = "vectors",
                               .rows = t->n_words,
                               .columns = t->o->dim,
                               .begin = begin,
                               .n = n,
                               .data = t->table,
                               .stride = dim};
    return s.code ? s : run_record_write_final(&t->record, &vectors);
}
