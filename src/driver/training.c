// SPDX-License-Identifier: Apache-2.0
#include "training.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "commands.h"
#include "memory.h"
#include "output.h"
#include "random.h"
#include "replication.h"
#include "spans.h"
#include "train_glove.h"
#include "train_rounds.h"
#include "train_strata.h"
#include "train_svd.h"
#include "word_tree.h"

/* Chunks that each worker should have in an epoch at least, so that all finish together. */
static const int64_t CHUNKS_PER_WORKER = 16;
/* And between two merges. */
static const int64_t CHUNKS_PER_ROUND = 8;
enum { SMALLEST_CHUNK = 64 };

/* Words and inner nodes of a tree share the int32_t ids. */
static const int64_t MOST_LEAVES = INT64_C(1) << 30;

/* ---- opening */

/* Options that the chosen objective does not have are refused, not ignored. */
static status check_options(const training *t) {
    static const char *const of_cbow[] = {"cbow", NULL};
    static const char *const of_softmax[] = {"batch", NULL};
    static const char *const of_negatives[] = {"negatives", "negative",   "negative-power",
                                               "pool",      "pool-reuse", NULL};
    static const char *const of_counting[] = {"weighting", NULL};
    static const char *const of_pool[] = {"pool", "pool-reuse", NULL};
    const options *o = t->o;
    status s = train_svd_refuse(o);
    if (!s.code && o->init != INIT_SVD)
        s = options_refuse(o, of_counting, "windows that draw their width");
    if (!s.code)
        s = train_glove_refuse(o, "--model skipgram or cbow");
    if (!s.code)
        s = train_strata_refuse(o, "this --schedule");
    if (!s.code && o->model != MODEL_CBOW)
        s = options_refuse(o, of_cbow, "--model skipgram");
    if (!s.code && o->objective == OBJECTIVE_HS)
        s = options_refuse(o, of_negatives, "--objective hs");
    if (!s.code && o->negatives == NEGATIVES_PER_PAIR)
        s = options_refuse(o, of_pool, "--negatives per-pair");
    if (!s.code && !training_is_softmax(t))
        s = options_refuse(o, of_softmax, "this --objective");
    if (!s.code && training_is_softmax(t))
        s = train_softmax_check(t);
    else if (!s.code)
        s = train_rounds_check(t);
    return s;
}

static status check_model(const training *t) {
    const status s = check_options(t);
    if (s.code)
        return s;
    if (!t->objective)
        return status_error(STATUS_USAGE, "this --model has no such --objective or --negatives");
    if (!t->kernel)
        return status_error(STATUS_USAGE,
                            "--isa: this processor or this build lacks these instructions");
    if (t->corpus.words.n < 2)
        return status_error(STATUS_INPUT, "%s: %" PRId64 " word(s); training needs at least two",
                            t->corpus_path, t->corpus.words.n);
    if (t->corpus.n_tokens < 2)
        return status_error(STATUS_INPUT, "%s: fewer than two tokens", t->corpus_path);
    if (t->objective->uses_tree && t->corpus.words.n > MOST_LEAVES)
        return status_error(STATUS_INPUT,
                            "%s: %" PRId64 " words; --objective hs takes at most %" PRId64,
                            t->corpus_path, t->corpus.words.n, MOST_LEAVES);
    return replication_check(t);
}

static int64_t chunk_size(const training *t) {
    if (training_is_softmax(t))
        return t->o->batch;
    if (training_is_rounds(t))
        return train_rounds_words(t);
    int64_t workers = (int64_t)t->n_threads * t->replicas.n_sharing;
    int64_t part = t->corpus.n_tokens / t->replicas.n;
    int64_t fair = part / (workers * CHUNKS_PER_WORKER);
    if (t->replicas.n > 1) {
        const int64_t of_round = (int64_t)span_merge_every(t) / (workers * CHUNKS_PER_ROUND);
        fair = of_round < fair ? of_round : fair;
    }
    int64_t chunk = t->o->chunk < fair ? t->o->chunk : fair;
    return chunk > SMALLEST_CHUNK ? chunk : SMALLEST_CHUNK;
}

/* word2vec.c's defaults. */
static double default_rate(const options *o) {
    return o->model == MODEL_CBOW ? 0.05 : 0.025;
}

/* The steps of full softmax are sums over a minibatch: from a longer start they overshoot. */
static double init_scale(const options *o) {
    if (o->init_scale > 0)
        return o->init_scale;
    return o->objective == OBJECTIVE_SOFTMAX ? 1 : sqrt((double)o->dim);
}

/* Threads of several nodes share no rows that could be copied and folded. */
static status one_node_only(const training *t) {
    return status_error(STATUS_USAGE,
                        "--schedule rounds (--deterministic) trains a copy of the tables on one "
                        "node, and the nodes are more than --replicas %" PRId64
                        ": give at least as many replicas as nodes, which are merged in a fixed "
                        "order, or run on one node",
                        t->o->replicas);
}

static status check_memory(training *t) {
    t->memory = training_estimate(t);
    return job_shape_check(&t->shape, t->o, t->world, &t->memory,
                           t->hot[0] < t->n_words
                               ? "use more nodes, a smaller --merge-every or --replicate, or a "
                                 "smaller --dim or --max-vocab"
                               : "use more nodes, fewer --replicas, or a smaller --dim or "
                                 "--max-vocab");
}

/* Who trains what. */
static status find_replicas(training *t) {
    const job_shape *j = &t->shape;
    if (training_is_softmax(t) && j->planned)
        replicas_foresee_one(&t->replicas, j->node_ranks);
    else if (training_is_softmax(t))
        replicas_create_one(&t->replicas, t->world);
    if (training_is_softmax(t))
        return status_ok();
    const status s = j->planned ? replicas_foresee(&t->replicas, j->ranks, j->nodes, t->o->replicas)
                                : replicas_create(&t->replicas, t->world, t->o->replicas);
    return s.code && training_is_rounds(t) ? one_node_only(t) : s;
}

status training_open(training *t, const options *o, const char *corpus_path, const comm *world) {
    *t = (training){.o = o, .world = world, .corpus_path = corpus_path};
    t->kernel = kernels_get((kernels_isa)o->isa);
    t->learning_rate = o->learning_rate > 0 ? o->learning_rate : default_rate(o);
    t->init_scale = init_scale(o);
    t->objective = objective_find((model_kind)o->model, (objective_kind)o->objective,
                                  o->objective == OBJECTIVE_NS ? (negatives_kind)o->negatives
                                                               : NEGATIVES_SHARED);
    const group g = comm_group(world);
    status s = corpus_file_open(&t->corpus, corpus_path, &g);
    if (!s.code)
        s = job_shape_find(&t->shape, o, world);
    t->n_threads = t->shape.threads;
    if (!s.code)
        s = comm_agree(world, check_model(t));
    if (!s.code)
        s = find_replicas(t);
    if (s.code)
        return s;
    t->n_words = t->corpus.words.n;
    t->n_outputs = objective_outputs(t->objective, t->n_words);
    t->width = row_width(o->dim);
    t->settings = (loop_settings){.window = (int)o->window,
                                  .negative = (int)o->negative,
                                  .pool = (int)o->pool,
                                  .pool_reuse = (int)o->pool_reuse,
                                  .cbow_sum = o->cbow == CBOW_SUM,
                                  .dim = o->dim};
    t->settings.chunk = comm_min(world, chunk_size(t));
    s = comm_agree(world, sampler_create(&t->sampler, t->corpus.words.counts, (int32_t)t->n_words,
                                         o->sample, o->negative_power));
    if (!s.code)
        s = replication_choose(t);
    return s.code ? s : check_memory(t);
}

status training_describe(const training *t) {
    char memory[32];
    mem_format(memory, estimate_sum(&t->memory));
    if (t->o->json) {
        json_t *object = json_pack(
            "{s:o, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:I, s:s, s:I, s:f, s:f}", "corpus",
            output_text(t->corpus_path), "tokens", (json_int_t)t->corpus.n_tokens, "documents",
            (json_int_t)t->corpus.n_documents, "words", (json_int_t)t->n_words, "dim",
            (json_int_t)t->o->dim, "epochs", (int)t->o->epochs, "replicas", t->replicas.n, "ranks",
            t->shape.ranks, "threads_per_rank", t->n_threads,
            training_is_rounds(t) ? "round" : "chunk", (json_int_t)t->settings.chunk, "isa",
            t->kernel->name, "replicated_rows", (json_int_t)t->hot[0], "bytes_per_token",
            t->expected_bytes, "memory_per_rank", estimate_sum(&t->memory));
        return output_json(object);
    }
    printf("corpus            %s\ntokens            %" PRId64 "\ndocuments         %" PRId64
           "\nwords             %" PRId64 "\ndim               %" PRId64
           "\nepochs            %" PRId64
           "\nreplicas          %d\nranks             %d\nthreads per rank  %d\n"
           "%s             %" PRId64 " tokens\nisa               %s\n"
           "rows everywhere   %" PRId64 "\nbytes per token   %.1f\nmemory per rank   %s\n",
           t->corpus_path, t->corpus.n_tokens, t->corpus.n_documents, t->n_words, t->o->dim,
           t->o->epochs, t->replicas.n, t->shape.ranks, t->n_threads,
           training_is_rounds(t) ? "round" : "chunk", t->settings.chunk, t->kernel->name, t->hot[0],
           t->expected_bytes, memory);
    return status_ok();
}

/* ---- preparing */

static status create_workers(training *t) {
    if (training_is_softmax(t)) {
        const softmax_settings settings = train_softmax_settings(t);
        status s = softmax_create(&t->softmax, &settings);
        const size_t rows = (size_t)(settings.end - settings.begin);
        return s.code || !rows
                   ? s
                   : mem_new(&t->context, rows * t->width, sizeof(float), "the context vectors");
    }
    if (training_is_rounds(t))
        return status_ok();
    status s = mem_new(&t->workers, (size_t)t->n_threads, sizeof *t->workers, "the workers");
    for (int i = 0; !s.code && i < t->n_threads; i++)
        s = loop_worker_create(
            &t->workers[i], &t->settings, t->objective->uses_tree ? &t->tree : NULL,
            training_is_cut(t, 0) || training_is_cut(t, 1) ? t->objective : NULL);
    return s;
}

static status create_places(training *t) {
    status s = status_ok();
    for (int side = 0; !s.code && side < 2 && t->replicas.n > 1; side++) {
        const placement_shape shape = training_shape(t, side);
        s = placement_create(&t->places[side], &t->replicas, &shape);
    }
    return comm_agree(t->world, s);
}

/* A run that goes on has its rows in the checkpoint. */
static status make_start(training *t) {
    if (t->o->init != INIT_SVD || (run_record_resumes(&t->record) && !(t->o->blend > 0)))
        return status_ok();
    return ppmi_svd_from_input(&t->start, t->corpus_path, t->o, t->kernel, t->world);
}

static status start_run(training *t) {
    const run_plan plan = {
        .o = t->o,
        .world = t->world,
        .words = &t->corpus.words,
        .input = t->corpus_path,
        .input_hash = t->corpus.hash,
        .isa = t->kernel->name,
        .n_epochs = (int)t->o->epochs,
        .learning_rate = t->learning_rate,
        .init_scale = t->init_scale,
        .remedy = t->replicas.n > 1 ? " or --merge-every, or use fewer --replicas" : "",
        .unit = PROGRESS_WORDS,
        .work = (double)t->corpus.n_tokens * (double)t->o->epochs,
        .snapshot_bytes = (t->n_words + t->n_outputs) * t->o->dim * (int64_t)sizeof(float),
        .own_start = t->o->init == INIT_SVD};
    status s = run_record_open(&t->record, &plan);
    h5_file *file = t->record.file;
    if (!s.code)
        s = h5_set_int(file, "/provenance", "replicas_used", t->replicas.n);
    if (!s.code)
        s = h5_set_int(file, "/provenance", training_is_rounds(t) ? "round_used" : "chunk_used",
                       t->settings.chunk);
    if (!s.code && t->objective->uses_tree)
        s = run_file_write_tree(file, t->n_outputs, t->tree.branches);
    return s;
}

status training_prepare(training *t) {
    status s = status_ok();
    if (t->objective->uses_tree)
        s = word_tree_create(&t->tree, &t->corpus, t->world);
    if (!s.code)
        s = training_tokens_read(t);
    if (!s.code)
        s = replication_measure(t);
    if (!s.code && t->hot[0] < t->n_words)
        s = check_memory(t);
    if (!s.code)
        s = create_places(t);
    if (!s.code)
        s = comm_agree(t->world, create_workers(t));
    if (!s.code && training_is_rounds(t))
        s = train_rounds_create(t);
    if (!s.code)
        s = start_run(t);
    if (!s.code)
        s = make_start(t);
    if (!s.code)
        s = training_tables_create(t);
    if (!t->o->blend)
        ppmi_svd_clear(&t->start);
    return s;
}

/* ---- epochs */

void training_shuffle(const training *t, int32_t *order, int64_t n, uint64_t detail) {
    const uint64_t key = random_key(training_seed(t, t->o->seed_order), RANDOM_ORDER, detail);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(random_unit(random_at(key, (uint64_t)i)) * (double)(i + 1));
        int32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

static run_table own_rows(const training *t, const char *name, int64_t rows, const float *data) {
    run_table r = {
        .name = name, .rows = rows, .columns = t->o->dim, .data = data, .stride = t->width};
    rows_share(t->world, rows, &r.begin, &r.n);
    return r;
}

status training_end_epoch(training *t, int epoch, const loop_tally *tally, double rate,
                          double seconds) {
    const char *outputs = objective_table(t->objective);
    const double loss = comm_sum_real(t->world, tally->loss);
    const double pairs = (double)comm_sum(t->world, tally->pairs);
    const run_epoch values = {.loss = pairs > 0 ? loss / pairs : NAN,
                              .learning_rate = rate,
                              .words = (double)comm_sum(t->world, tally->tokens),
                              .pairs = pairs,
                              .seconds = seconds};
    const run_table tables[] = {training_table(t, 0),
                                training_is_softmax(t)
                                    ? own_rows(t, outputs, t->n_outputs, t->context)
                                    : training_table(t, 1)};
    return run_record_end_epoch(&t->record, epoch, &values, tables, 2);
}

/* ---- the end */

status training_blend(training *t) {
    run_table vectors = training_table(t, 0);
    if (!(t->o->blend > 0))
        return status_ok();
    status s =
        vectors.fetch ? vectors.fetch(vectors.context, vectors.name, &vectors.data) : status_ok();
    float *rows = t->gathered;
    if (!vectors.fetch)
        rows = (float *)t->in_rows.data + (size_t)vectors.begin * t->width;
    if (!s.code)
        s = ppmi_svd_blend(&t->start, t->o, vectors.begin, vectors.n, rows, vectors.stride);
    vectors.fetch = NULL;
    return s.code ? s : run_record_write_final(&t->record, &vectors);
}

void training_close(training *t) {
    training_tables_free(t);
    for (int i = 0; t->workers && i < t->n_threads; i++)
        loop_worker_destroy(&t->workers[i]);
    mem_free(&t->workers);
    train_rounds_destroy(t);
    softmax_destroy(&t->softmax);
    ppmi_svd_clear(&t->start);
    mem_free(&t->context);
    sampler_clear(&t->sampler);
    huffman_clear(&t->tree);
    run_record_close(&t->record);
    corpus_file_close(&t->corpus);
    replicas_clear(&t->replicas);
}
