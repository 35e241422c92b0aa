// SPDX-License-Identifier: Apache-2.0
#include "training.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "provenance.h"
#include "random.h"

/* Tokens that a replica holds beyond its part, so that windows at its borders see their contexts.
 */
static const int64_t MARGIN = 65536;

/* Chunks that each worker should have in an epoch at least, so that all finish together. */
static const int64_t CHUNKS_PER_WORKER = 16;
enum { SMALLEST_CHUNK = 64 };

/* Words and inner nodes of a tree share the int32_t ids. */
static const int64_t MOST_LEAVES = INT64_C(1) << 30;

/* ---- opening */

static bool is_softmax(const training *t) {
    return t->o->objective == OBJECTIVE_SOFTMAX;
}

/* Options that the chosen objective does not have are refused, not ignored. */
static status check_options(const training *t) {
    static const char *const of_cbow[] = {"cbow", NULL};
    static const char *const of_softmax[] = {"batch", NULL};
    static const char *const of_negatives[] = {"negatives", "negative",   "negative-power",
                                               "pool",      "pool-reuse", NULL};
    static const char *const of_counting[] = {"weighting", NULL};
    static const char *const of_pool[] = {"pool", "pool-reuse", NULL};
    const options *o = t->o;
    status s = options_refuse(o, of_counting, "windows that draw their width");
    if (!s.code && o->model != MODEL_CBOW)
        s = options_refuse(o, of_cbow, "--model skipgram");
    if (!s.code && o->objective == OBJECTIVE_HS)
        s = options_refuse(o, of_negatives, "--objective hs");
    if (!s.code && o->negatives == NEGATIVES_PER_PAIR)
        s = options_refuse(o, of_pool, "--negatives per-pair");
    if (!s.code && !is_softmax(t))
        s = options_refuse(o, of_softmax, "this --objective");
    if (!s.code && is_softmax(t))
        s = train_softmax_check(t);
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
    return status_ok();
}

static int64_t chunk_size(const training *t) {
    if (is_softmax(t))
        return t->o->batch;
    int64_t workers = (int64_t)t->n_threads * comm_size(t->replicas.mine);
    int64_t part = t->corpus.n_tokens / t->replicas.n;
    int64_t fair = part / (workers * CHUNKS_PER_WORKER);
    int64_t chunk = t->o->chunk < fair ? t->o->chunk : fair;
    return chunk > SMALLEST_CHUNK ? chunk : SMALLEST_CHUNK;
}

/* word2vec.c's defaults. */
static double default_rate(const options *o) {
    return o->model == MODEL_CBOW ? 0.05 : 0.025;
}

/* Bytes on a node for one rank: tables, merge bases, tokens; the shared parts divided by the ranks
 * that share them. */
static double estimate_bytes(const training *t) {
    const double n_rows = (double)t->n_words + (is_softmax(t) ? 0 : (double)t->n_outputs);
    const double rows = n_rows * (double)t->width * sizeof(float);
    const double merging = t->replicas.n > 1 ? rows + n_rows : 0;
    const double tree = t->objective->uses_tree ? huffman_bytes(t->n_words) : 0;
    const double tokens = (double)t->corpus.n_tokens / t->replicas.n * sizeof(int32_t);
    const double documents = (double)t->corpus.n_documents / t->replicas.n * sizeof(int64_t);
    const double words = (double)t->corpus.words.offsets[t->n_words] + 48 * (double)t->n_words;
    double own = words + (double)(64 << 20);
    if (is_softmax(t)) {
        const softmax_settings settings = train_softmax_settings(t);
        own += rows / comm_size(t->world) + softmax_bytes(&settings);
    }
    return (t->replicas.n_local * (rows + tokens + documents) + merging) /
               comm_size(t->replicas.mine) +
           tree + own;
}

static status check_memory(const training *t) {
    char need[32], have[32];
    const double bytes = estimate_bytes(t);
    mem_format(need, bytes);
    if (t->o->memory && bytes > (double)t->o->memory)
        return status_error(STATUS_SPACE, "this run needs %s for each rank, --memory gives %s",
                            need, mem_format(have, (double)t->o->memory));
    comm *node = comm_split_node(t->world);
    const double on_node = comm_sum_real(node, bytes);
    const double available = (double)mem_available();
    comm_free(&node);
    if (available > 0 && on_node > available)
        return status_error(STATUS_SPACE,
                            "this run needs %s on this node, %s are available; use more nodes, "
                            "fewer --replicas, or a smaller --dim or --max-vocab",
                            mem_format(need, on_node), mem_format(have, available));
    return status_ok();
}

status training_open(training *t, const options *o, const char *corpus_path, const comm *world) {
    *t = (training){.o = o, .world = world, .corpus_path = corpus_path};
    t->kernel = kernels_get((kernels_isa)o->isa);
    t->n_threads = common_threads(o);
    t->learning_rate = o->learning_rate > 0 ? o->learning_rate : default_rate(o);
    t->objective = objective_find((model_kind)o->model, (objective_kind)o->objective,
                                  o->objective == OBJECTIVE_NS ? (negatives_kind)o->negatives
                                                               : NEGATIVES_SHARED);
    const group g = comm_group(world);
    status s = corpus_file_open(&t->corpus, corpus_path, &g);
    if (!s.code)
        s = comm_agree(world, check_model(t));
    if (!s.code && is_softmax(t))
        replicas_create_one(&t->replicas, world);
    else if (!s.code)
        s = replicas_create(&t->replicas, world, o->replicas);
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
    return comm_agree(world, check_memory(t));
}

status training_describe(const training *t) {
    char memory[32];
    mem_format(memory, estimate_bytes(t));
    if (t->o->json) {
        json_t *object =
            json_pack("{s:s, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i, s:I, s:s, s:f}", "corpus",
                      t->corpus_path, "tokens", (json_int_t)t->corpus.n_tokens, "documents",
                      (json_int_t)t->corpus.n_documents, "words", (json_int_t)t->n_words, "dim",
                      (json_int_t)t->o->dim, "epochs", (int)t->o->epochs, "replicas", t->replicas.n,
                      "ranks", comm_size(t->world), "threads_per_rank", t->n_threads, "chunk",
                      (json_int_t)t->settings.chunk, "isa", t->kernel->name, "memory_per_rank",
                      estimate_bytes(t));
        return output_json(object);
    }
    printf("corpus            %s\ntokens            %" PRId64 "\ndocuments         %" PRId64
           "\nwords             %" PRId64 "\ndim               %" PRId64
           "\nepochs            %" PRId64
           "\nreplicas          %d\nranks             %d\nthreads per rank  %d\n"
           "chunk             %" PRId64 " tokens\nisa               %s\nmemory per rank   %s\n",
           t->corpus_path, t->corpus.n_tokens, t->corpus.n_documents, t->n_words, t->o->dim,
           t->o->epochs, t->replicas.n, comm_size(t->world), t->n_threads, t->settings.chunk,
           t->kernel->name, memory);
    return status_ok();
}

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

/* ---- tables */

static status create_replica(training *t, training_replica *r, int index) {
    const comm *mine = t->replicas.mine;
    const size_t inputs = (size_t)t->n_words, outputs = (size_t)t->n_outputs;
    const size_t row = t->width * sizeof(float);
    status s = shared_create(&r->in_rows, mine, inputs * row, "the word vectors");
    if (!s.code && !is_softmax(t))
        s = shared_create(&r->out_rows, mine, outputs * row, "the context vectors");
    if (!s.code)
        s = shared_create(&r->counter, mine, sizeof(_Atomic int64_t), "a counter");
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&r->in_touched, mine, inputs, "the marks of changed rows");
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&r->out_touched, mine, outputs, "the marks of changed rows");
    return s.code ? s : read_part(t, r, index);
}

static uint64_t seed_or(int64_t own, int64_t seed) {
    return (uint64_t)(own >= 0 ? own : seed);
}

static void fill_rows(training *t, const uint64_t *hashes) {
    const int64_t rank = comm_rank(t->replicas.mine), size = comm_size(t->replicas.mine);
    const int64_t begin = t->n_words * rank / size, end = t->n_words * (rank + 1) / size;
    const uint64_t seed = seed_or(t->o->seed_init, t->o->seed);
    for (int g = 0; g < t->replicas.n_local; g++)
        loop_init_rows(t->local[g].in_rows.data, begin, end, t->o->dim, hashes, seed);
    if (t->replicas.n > 1)
        loop_init_rows(t->in_base.data, begin, end, t->o->dim, hashes, seed);
    shared_sync(&t->local[0].in_rows, t->replicas.mine);
}

static status create_tables(training *t) {
    const size_t row = t->width * sizeof(float);
    uint64_t *hashes = NULL;
    status s = mem_new(&t->local, (size_t)t->replicas.n_local, sizeof *t->local, "the replicas");
    if (!s.code)
        s = mem_new(&hashes, (size_t)t->n_words, sizeof *hashes, "hashes of the words");
    s = comm_agree(t->replicas.mine, s);
    for (int g = 0; !s.code && g < t->replicas.n_local; g++)
        s = create_replica(t, &t->local[g], t->replicas.first + g);
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&t->in_base, t->replicas.mine, (size_t)t->n_words * row,
                          "the merged word vectors");
    if (!s.code && t->replicas.n > 1)
        s = shared_create(&t->out_base, t->replicas.mine, (size_t)t->n_outputs * row,
                          "the merged context vectors");
    if (!s.code) {
        wordlist_hash(&t->corpus.words, hashes);
        fill_rows(t, hashes);
    }
    mem_free(&hashes);
    return s;
}

static status create_workers(training *t) {
    if (is_softmax(t)) {
        const softmax_settings settings = train_softmax_settings(t);
        status s = softmax_create(&t->softmax, &settings);
        const size_t rows = (size_t)(settings.end - settings.begin);
        return s.code || !rows
                   ? s
                   : mem_new(&t->context, rows * t->width, sizeof(float), "the context vectors");
    }
    status s = mem_new(&t->workers, (size_t)t->n_threads, sizeof *t->workers, "the workers");
    if (!s.code && t->objective->uses_tree)
        s = huffman_create(&t->tree, t->corpus.words.counts, (int32_t)t->n_words);
    for (int i = 0; !s.code && i < t->n_threads; i++)
        s = loop_worker_create(&t->workers[i], &t->settings,
                               t->objective->uses_tree ? &t->tree : NULL);
    return s;
}

static status create_all(training *t) {
    status s = create_workers(t);
    if (!s.code)
        s = sampler_create(&t->sampler, t->corpus.words.counts, (int32_t)t->n_words, t->o->sample,
                           t->o->negative_power);
    if (!s.code)
        s = mem_new(&t->epochs, (size_t)t->o->epochs, sizeof *t->epochs, "the record of epochs");
    return s;
}

static status start_run(training *t) {
    const group g = comm_group(t->world);
    status s = run_file_create(&t->run, t->o->output, &t->corpus.words, &g);
    if (!s.code)
        s = provenance_write(t->run, t->o, C_TRAIN, t->world);
    if (!s.code)
        s = h5_set_text(t->run, "/provenance", "corpus", t->corpus_path);
    if (!s.code)
        s = h5_set_text(t->run, "/provenance", "corpus_hash", t->corpus.hash);
    if (!s.code)
        s = h5_set_text(t->run, "/provenance", "isa_used", t->kernel->name);
    if (!s.code)
        s = h5_set_int(t->run, "/provenance", "replicas_used", t->replicas.n);
    if (!s.code)
        s = h5_set_int(t->run, "/provenance", "chunk_used", t->settings.chunk);
    if (!s.code)
        s = h5_set_real(t->run, "/provenance", "learning_rate_used", t->learning_rate);
    if (!s.code && t->objective->uses_tree)
        s = run_file_write_tree(t->run, t->n_outputs, t->tree.branches);
    return s;
}

status training_prepare(training *t) {
    status s = comm_agree(t->world, create_all(t));
    if (!s.code)
        s = comm_agree(t->world, create_tables(t));
    if (!s.code)
        s = comm_agree(t->world, progress_open(&t->progress, t->o, comm_rank(t->world) == 0,
                                               (double)t->corpus.n_tokens * (double)t->o->epochs));
    return s.code ? s : start_run(t);
}

/* ---- epochs */

void training_shuffle(const training *t, int32_t *order, int64_t n, uint64_t detail) {
    const uint64_t key = random_key(seed_or(t->o->seed_order, t->o->seed), RANDOM_ORDER, detail);
    for (int64_t i = 0; i < n; i++)
        order[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(random_unit(random_at(key, (uint64_t)i)) * (double)(i + 1));
        int32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}

void training_rows(const training *t, int64_t rows, int64_t *begin, int64_t *n) {
    const int64_t rank = comm_rank(t->world), size = comm_size(t->world);
    *begin = rows * rank / size;
    *n = rows * (rank + 1) / size - *begin;
}

/* || vectors now - vectors before ||_F, before = the snapshot of the last epoch, or the initial
 * vectors. NaN when the last snapshot is not in the file. */
static status update_norm(training *t, int epoch, double *norm) {
    enum { BLOCK = 1024 };
    int64_t begin, n;
    float *before = NULL;
    uint64_t *hashes = NULL;
    double sum = 0;
    char name[64];
    training_rows(t, t->n_words, &begin, &n);
    snprintf(name, sizeof name, "/epochs/%04d/vectors", epoch - 1);
    status s = mem_new(&before, BLOCK * t->width, sizeof *before, "rows of the last epoch");
    if (!s.code && epoch == 1)
        s = mem_new(&hashes, (size_t)t->n_words, sizeof *hashes, "hashes of the words");
    if (!s.code && epoch == 1)
        wordlist_hash(&t->corpus.words, hashes);
    for (int64_t at = begin; !s.code && at < begin + n; at += BLOCK) {
        int64_t rows = begin + n - at < BLOCK ? begin + n - at : BLOCK;
        const float *now = (float *)t->local[0].in_rows.data + (size_t)at * t->width;
        if (epoch == 1)
            loop_init_rows(before, 0, rows, t->o->dim, hashes + at,
                           seed_or(t->o->seed_init, t->o->seed));
        else
            s = h5_read(t->run, name, H5_F32, at, rows, before, t->width);
        for (int64_t i = 0; !s.code && i < rows; i++)
            for (int64_t k = 0; k < t->o->dim; k++) {
                double d = (double)now[(size_t)i * t->width + (size_t)k] -
                           (double)before[(size_t)i * t->width + (size_t)k];
                sum += d * d;
            }
    }
    mem_free(&before);
    mem_free(&hashes);
    s = comm_agree(t->world, s);
    *norm = sqrt(comm_sum_real(t->world, sum));
    return s;
}

/* table: this rank's rows. */
static status write_table(training *t, int epoch, const char *name, int64_t rows,
                          const float *table) {
    int64_t begin, n;
    training_rows(t, rows, &begin, &n);
    return run_file_write_epoch(t->run, epoch, name, rows, t->o->dim, begin, n, table, t->width);
}

/* First of this rank's rows in a table that the ranks of a replica share. */
static const float *shared_rows(const training *t, int64_t rows, const shared_block *table) {
    int64_t begin, n;
    training_rows(t, rows, &begin, &n);
    return (const float *)table->data + (size_t)begin * t->width;
}

static status write_snapshot(training *t, int epoch) {
    const training_replica *r = &t->local[0];
    status s =
        write_table(t, epoch, "vectors", t->n_words, shared_rows(t, t->n_words, &r->in_rows));
    if (!s.code)
        s = write_table(t, epoch, objective_table(t->objective), t->n_outputs,
                        is_softmax(t) ? t->context : shared_rows(t, t->n_outputs, &r->out_rows));
    return s;
}

static status diverged(const training *t, int epoch) {
    return status_error(STATUS_DIVERGED,
                        "training diverged in epoch %d: the loss is not finite; lower "
                        "--learning-rate (now %g)%s",
                        epoch, t->learning_rate,
                        t->replicas.n > 1 ? " or --merge-every, or use fewer --replicas" : "");
}

status training_end_epoch(training *t, int epoch, const loop_tally *tally, double rate,
                          double seconds) {
    const double loss = comm_sum_real(t->world, tally->loss);
    const double pairs = (double)comm_sum(t->world, tally->pairs);
    run_epoch *e = &t->epochs[epoch - 1];
    *e = (run_epoch){.loss = pairs > 0 ? loss / pairs : NAN,
                     .learning_rate = rate,
                     .update_norm = NAN,
                     .words = (double)comm_sum(t->world, tally->tokens),
                     .pairs = pairs,
                     .seconds = seconds};
    if (!isfinite(loss))
        return diverged(t, epoch);
    status s = status_ok();
    const bool all = t->o->snapshots == SNAPSHOTS_ALL, last = epoch == t->o->epochs;
    if (epoch == 1 || all)
        s = update_norm(t, epoch, &e->update_norm);
    if (!s.code && (all || last)) {
        s = write_snapshot(t, epoch);
        t->n_done = s.code ? t->n_done : epoch;
    }
    if (s.code)
        return s;
    log_info("epoch %d/%d: loss %.6f, %.0f words/s, %.1f s", epoch, (int)t->o->epochs, e->loss,
             e->words / seconds, seconds);
    progress_epoch(&t->progress, epoch, e->loss, rate, e->update_norm, e->words, pairs, seconds);
    return s;
}

/* ---- the end */

static status finish_run(training *t, int n_epochs) {
    status s = run_file_link_final(t->run, t->n_done, "vectors");
    if (!s.code)
        s = run_file_link_final(t->run, t->n_done, objective_table(t->objective));
    if (!s.code)
        s = run_file_write_training(t->run, n_epochs, t->epochs);
    return s;
}

status training_commit(training *t) {
    status s = finish_run(t, (int)t->o->epochs);
    if (!s.code)
        s = h5_commit(&t->run);
    return s;
}

status training_abandon(training *t, status why) {
    if (!t->run)
        return why;
    if (why.code != STATUS_DIVERGED || !t->n_done || finish_run(t, t->n_done).code ||
        h5_keep_partial(&t->run).code) {
        h5_discard(&t->run);
        return why;
    }
    return status_error(why.code, "%s; the vectors of epoch %d are in %s.partial", why.message,
                        t->n_done, t->o->output);
}

static void close_replica(training_replica *r) {
    shared_free(&r->in_rows);
    shared_free(&r->out_rows);
    shared_free(&r->in_touched);
    shared_free(&r->out_touched);
    shared_free(&r->tokens);
    shared_free(&r->documents);
    shared_free(&r->counter);
}

void training_close(training *t) {
    for (int g = 0; t->local && g < t->replicas.n_local; g++)
        close_replica(&t->local[g]);
    mem_free(&t->local);
    shared_free(&t->in_base);
    shared_free(&t->out_base);
    for (int i = 0; t->workers && i < t->n_threads; i++)
        loop_worker_destroy(&t->workers[i]);
    mem_free(&t->workers);
    softmax_destroy(&t->softmax);
    mem_free(&t->context);
    mem_free(&t->epochs);
    sampler_clear(&t->sampler);
    huffman_clear(&t->tree);
    progress_close(&t->progress);
    corpus_file_close(&t->corpus);
    replicas_clear(&t->replicas);
}
