// SPDX-License-Identifier: Apache-2.0
/* Groups and rows of --schedule strata: blocks of groups while it trains, rows by id in the run
 * file. */
#include <math.h>
#include <string.h>

#include "memory.h"
#include "random.h"
#include "strata_rows.h"
#include "strata_training.h"

/* ---- groups */

/* Words weigh what sub-sampling leaves of them. */
static void weigh(const training_strata *t, int64_t *weights) {
    for (int64_t i = 0; i < t->n_words; i++)
        weights[i] = (int64_t)((double)t->corpus.words.counts[i] *
                               sampler_keep_probability(&t->sampler, (int32_t)i));
}

/* Output groups take their first words when the first episode begins. */
static status group_words(training_strata *t) {
    const uint64_t key =
        random_key(strata_seed(t, t->o->seed_order), RANDOM_GROUP, (uint64_t)t->n_groups);
    int64_t *weights = NULL;
    double kept = 0;
    status s = mem_new(&weights, (size_t)t->n_words, sizeof *weights, "weights of the words");
    if (!s.code) {
        weigh(t, weights);
        s = strata_create(&t->in_groups, t->n_words, t->n_groups, weights, key);
    }
    if (!s.code)
        s = strata_create(&t->out_groups, t->n_words, t->n_groups, weights, key);
    for (int64_t i = 0; !s.code && i < t->n_words; i++)
        kept += (double)weights[i];
    t->turns = kept / (double)t->corpus.n_tokens / t->n_groups * (double)t->o->negative /
               (double)t->o->pool_reuse;
    mem_free(&weights);
    return s;
}

static status check_groups(training_strata *t) {
    if (t->n_words / t->n_groups < 2)
        return status_error(STATUS_USAGE,
                            "--groups %d cuts %lld words into groups of which one has fewer than "
                            "two, and negatives come from the group of the centre; use fewer "
                            "--groups",
                            t->n_groups, (long long)t->n_words);
    t->largest = (t->n_words + t->n_groups - 1) / t->n_groups;
    for (int g = 0; g < t->n_groups; g++)
        if (strata_size(&t->in_groups, g) > t->largest)
            t->largest = strata_size(&t->in_groups, g);
    return status_ok();
}

status strata_tables_group(training_strata *t) {
    status s = sampler_create(&t->sampler, t->corpus.words.counts, (int32_t)t->n_words,
                              t->o->sample, t->o->negative_power);
    if (!s.code)
        s = group_words(t);
    if (!s.code)
        s = check_groups(t);
    return comm_agree(t->world, s);
}

/* ---- blocks */

static size_t block_bytes(const training_strata *t, int64_t n_words) {
    return (size_t)n_words * t->width * sizeof(float);
}

static status create_ring(training_strata *t) {
    size_t *bytes = NULL;
    status s = mem_new(&bytes, (size_t)t->n_groups, sizeof *bytes, "the vectors");
    for (int g = 0; !s.code && g < t->n_groups; g++)
        bytes[g] = block_bytes(t, t->n_words / t->n_groups + (g < t->n_words % t->n_groups));
    if (!s.code)
        s = ring_create(&t->outputs, t->world, t->n_groups, bytes);
    mem_free(&bytes);
    return s;
}

static status create_blocks(training_strata *t) {
    status s = mem_new(&t->inputs, (size_t)t->n, sizeof *t->inputs, "the word vectors");
    for (int a = 0; !s.code && a < t->n; a++)
        s = mem_new(&t->inputs[a], block_bytes(t, strata_size(&t->in_groups, t->first + a)), 1,
                    "the word vectors");
    if (s.code)
        return s;
    return strata_is_alone(t) ? mem_new(&t->alone, block_bytes(t, t->n_words), 1, "the contexts")
                              : create_ring(t);
}

static status create_workers(training_strata *t) {
    status s = mem_new(&t->workers, (size_t)t->n_threads, sizeof *t->workers, "the workers");
    for (int i = 0; !s.code && i < t->n_threads; i++)
        s = pair_worker_create(&t->workers[i], &t->settings);
    return s.code ? s : strata_pass_create(&t->pass, t->world, t->n_groups);
}

/* Words whose rows a rank has in t->table, and room for them. */
static status create_table(training_strata *t) {
    int64_t begin, n;
    status s = rows_cuts(t->world, t->n_words, &t->cuts);
    rows_share(t->world, t->n_words, &begin, &n);
    if (!s.code)
        s = mem_new(&t->table, (size_t)n * (size_t)t->o->dim, sizeof *t->table, "a snapshot");
    return s;
}

void strata_tables_outputs(const training_strata *t, int input, int step, pair_bucket *b) {
    b->out = t->alone ? t->alone : ring_block(t->outputs, input, step);
    b->out_rows =
        t->alone ? t->out_groups.by_id + t->out_groups.first[(input + step) % t->n_groups] : NULL;
}

status strata_tables_create(training_strata *t) {
    status s = create_blocks(t);
    if (!s.code)
        s = create_workers(t);
    if (!s.code)
        s = create_table(t);
    return comm_agree(t->world, s);
}

static void clear_negatives(training_strata *t) {
    for (int g = 0; t->negatives && g < t->n_groups; g++)
        sampler_clear(&t->negatives[g]);
    mem_free(&t->negatives);
}

void strata_tables_clear(training_strata *t) {
    for (int a = 0; t->inputs && a < t->n; a++)
        mem_free(&t->inputs[a]);
    mem_free(&t->inputs);
    ring_destroy(&t->outputs);
    mem_free(&t->alone);
    mem_free(&t->cuts);
    for (int i = 0; t->workers && i < t->n_threads; i++)
        pair_worker_destroy(&t->workers[i]);
    mem_free(&t->workers);
    strata_pass_clear(&t->pass);
    mem_free(&t->table);
    clear_negatives(t);
    sampler_clear(&t->sampler);
    strata_clear(&t->in_groups);
    strata_clear(&t->out_groups);
}

/* Rows that change their ranks, asked for and sent, and rows on their way to the run file. */
static double moving_bytes(const training_strata *t) {
    return strata_is_alone(t) ? 0 : 2 * (double)t->largest * (double)t->o->dim * sizeof(float);
}

void strata_tables_estimate(const training_strata *t, estimate *e) {
    const double rows = (double)t->n_words / t->shape.ranks;
    const double table = rows * (double)t->o->dim * sizeof(float);
    for (int a = t->first; a < t->first + t->n; a++)
        estimate_add(e, "vectors",
                     estimate_block((double)block_bytes(t, strata_size(&t->in_groups, a))));
    if (strata_is_alone(t))
        estimate_add(e, "vectors", estimate_block((double)block_bytes(t, t->n_words)));
    else
        estimate_add(e, "vectors",
                     ring_bytes(t->n_groups, block_bytes(t, t->n_words / t->n_groups + 1),
                                t->shape.rank, t->shape.ranks));
    if (t->o->init == INIT_SVD)
        estimate_add(e, "start vectors",
                     rows * (double)eigen_width(t->o->dim) * sizeof(float) +
                         (double)t->n_words * sizeof(double));
    estimate_add(e, "negatives",
                 (double)t->n_words * (sizeof(alias_entry) + sizeof(uint32_t) + sizeof(int64_t)));
    estimate_add(
        e, "writing snapshots",
        estimate_block(table) +
            fmax(moving_bytes(t), h5_write_bytes(table, t->shape.ranks, t->shape.node_ranks)));
}

/* ---- rows by id */

static const char VECTORS[] = "vectors", CONTEXT[] = "context";

typedef struct {
    const training_strata *t;
    bool outputs;
    int group; /* the next row */
    int64_t place;
} row_source;

static const strata *groups_of(const training_strata *t, bool outputs) {
    return outputs ? &t->out_groups : &t->in_groups;
}

static float *place_row(void *context, int32_t *id) {
    row_source *r = context;
    const training_strata *t = r->t;
    const strata *groups = groups_of(t, r->outputs);
    while (r->place == strata_size(groups, r->group)) {
        r->group++;
        r->place = 0;
    }
    *id = groups->by_id[groups->first[r->group] + r->place];
    const int64_t place = r->place++;
    if (r->outputs && t->alone)
        return t->alone + (size_t)*id * t->width;
    float *block =
        r->outputs ? ring_block(t->outputs, r->group, 0) : t->inputs[r->group - t->first];
    return block + (size_t)place * t->width;
}

static const float *take_row(void *context, int32_t *id) {
    return place_row(context, id);
}

static strata_rows rows_of(const training_strata *t, row_source *source, bool outputs) {
    const strata *groups = groups_of(t, outputs);
    *source = (row_source){.t = t, .outputs = outputs, .group = t->first};
    return (strata_rows){.world = t->world,
                         .n_words = t->n_words,
                         .columns = t->o->dim,
                         .left =
                             t->n ? groups->first[t->first + t->n] - groups->first[t->first] : 0,
                         .take = take_row,
                         .place = place_row,
                         .context = source};
}

status strata_tables_fetch(void *context, const char *name, const float **data) {
    training_strata *t = context;
    row_source source;
    strata_rows rows = rows_of(t, &source, strcmp(name, CONTEXT) == 0);
    *data = t->table;
    return strata_rows_gather(&rows, t->table);
}

static status put_rows(const training_strata *t, bool outputs, const rows_table *from) {
    row_source source;
    strata_rows rows = rows_of(t, &source, outputs);
    return strata_rows_scatter(&rows, from);
}

static rows_table table_of(const training_strata *t) {
    return (rows_table){.c = t->world,
                        .cuts = t->cuts,
                        .rows = t->table,
                        .stride = (size_t)t->o->dim,
                        .columns = (size_t)t->o->dim};
}

/* ---- start values */

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
        const int32_t *words = t->in_groups.by_id + t->in_groups.first[a];
        const int64_t size = strata_size(&t->in_groups, a);
        for (int64_t i = 0; i < size; i++)
            own[i] = hashes[words[i]];
        loop_init_rows(t->inputs[a - t->first], 0, size, t->o->dim, own, seed, t->init_scale);
    }
    mem_free(&hashes);
    mem_free(&own);
    return s;
}

static status fill_svd(training_strata *t) {
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    const status s = put_rows(t, false, &table);
    if (!(t->o->blend > 0))
        ppmi_svd_clear(&t->start);
    return s;
}

status strata_tables_fill(training_strata *t) {
    return t->o->init == INIT_SVD ? fill_svd(t) : comm_agree(t->world, fill_random(t));
}

/* ---- output groups of an episode */

static status create_negatives(training_strata *t) {
    const strata *groups = &t->out_groups;
    int64_t *counts = NULL;
    clear_negatives(t);
    status s = mem_new(&t->negatives, (size_t)t->n_groups, sizeof *t->negatives,
                       "the tables of negatives");
    if (!s.code)
        s = mem_new(&counts, (size_t)t->n_words, sizeof *counts, "the tables of negatives");
    for (int64_t i = 0; !s.code && i < t->n_words; i++)
        counts[i] = t->corpus.words.counts[groups->by_id[i]];
    for (int g = 0; !s.code && g < t->n_groups; g++)
        s = sampler_create(&t->negatives[g], counts + groups->first[g],
                           (int32_t)strata_size(groups, g), 0, t->o->negative_power);
    mem_free(&counts);
    return s;
}

/* With one group there is nothing to deal, and the orders stay. */
static void deal_words(training_strata *t) {
    const uint64_t episode = t->n_groups > 1 ? strata_episode_number(t) : 0;
    strata_deal(&t->out_groups, random_key(strata_seed(t, t->o->seed_order), RANDOM_DEAL, episode));
}

/* Rows change their ranks by way of t->table, but for the first time, when all are zeros. */
status strata_tables_deal(training_strata *t) {
    const uint64_t episode = strata_episode_number(t);
    const bool moves = !strata_is_alone(t) && t->n_groups > 1 && episode > 0;
    const float *rows;
    if (t->n_groups == 1 && t->negatives)
        return status_ok();
    status s = moves ? strata_tables_fetch(t, CONTEXT, &rows) : status_ok();
    if (s.code)
        return s;
    deal_words(t);
    s = comm_agree(t->world, create_negatives(t));
    const rows_table table = table_of(t);
    return s.code || !moves ? s : put_rows(t, true, &table);
}

/* ---- checkpoints and the end */

run_table strata_tables_table(training_strata *t, const char *name) {
    run_table table = {.name = name,
                       .rows = t->n_words,
                       .columns = t->o->dim,
                       .stride = (size_t)t->o->dim,
                       .fetch = strata_tables_fetch,
                       .context = t};
    rows_share(t->world, t->n_words, &table.begin, &table.n);
    return table;
}

static status save_table(training_strata *t, const char *name, checkpoint *c) {
    const run_table table = strata_tables_table(t, name);
    return checkpoint_write_table(c, &table);
}

status strata_tables_save(training_strata *t, checkpoint *c) {
    const status s = save_table(t, VECTORS, c);
    return s.code ? s : save_table(t, CONTEXT, c);
}

static status load_table(training_strata *t, const char *name, const checkpoint *c) {
    const run_table table = strata_tables_table(t, name);
    const rows_table rows = table_of(t);
    const status s =
        comm_agree(t->world, checkpoint_read_rows(c, name, table.rows, table.columns, table.begin,
                                                  table.n, t->table, table.stride));
    return s.code ? s : put_rows(t, strcmp(name, CONTEXT) == 0, &rows);
}

status strata_tables_load(training_strata *t, const checkpoint *c) {
    deal_words(t);
    const status s = load_table(t, VECTORS, c);
    return s.code ? s : load_table(t, CONTEXT, c);
}

status strata_tables_blend(training_strata *t) {
    const float *data;
    run_table vectors = strata_tables_table(t, VECTORS);
    if (!(t->o->blend > 0))
        return status_ok();
    status s = strata_tables_fetch(t, VECTORS, &data);
    if (!s.code)
        s = ppmi_svd_blend(&t->start, t->o, vectors.begin, vectors.n, t->table, vectors.stride);
    vectors.data = t->table;
    vectors.fetch = NULL;
    return s.code ? s : run_record_write_final(&t->record, &vectors);
}
