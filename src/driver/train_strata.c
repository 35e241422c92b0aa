// SPDX-License-Identifier: Apache-2.0
/* Skip-gram by the strata schedule. An epoch is cut into episodes, an episode into K steps of K
 * buckets (strata.h): pairs are brought to the owner of their input group, whose rows stay, and the
 * rows of the output groups travel round the ring while others are trained. The table is cut over
 * the ranks, no row is ever in two places, and nothing is merged. */
#include "train_strata.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "output.h"
#include "plan.h"
#include "random.h"
#include "strata_training.h"
#include "train_glove.h"
#include "train_svd.h"

static const double DEFAULT_RATE = 0.025; /* word2vec.c's */
static const double LEAST_RATE = 1e-4;    /* of the rate at the start */

/* ---- before */

status train_strata_refuse(const options *o, const char *because) {
    static const char *const of_strata[] = {"groups", "episodes", NULL};
    return options_refuse(o, of_strata, because);
}

static status check_options(const options *o) {
    static const char *const other[] = {
        "cbow",     "chunk",      "batch", "order",          "replicas", "merge-every", "replicate",
        "messages", "merge-ramp", "merge", "merge-strength", "workers",  "round",       NULL};
    static const char *const of_counting[] = {"weighting", NULL};
    if (o->model != MODEL_SKIPGRAM || o->objective != OBJECTIVE_NS ||
        o->negatives != NEGATIVES_SHARED)
        return status_error(STATUS_USAGE,
                            "--schedule strata trains --model skipgram --objective ns "
                            "--negatives shared; leave it out for any other");
    status s = options_refuse(o, other, "--schedule strata");
    if (!s.code && o->init != INIT_SVD)
        s = options_refuse(o, of_counting, "windows that draw their width");
    if (!s.code)
        s = train_glove_refuse(o, "--model skipgram");
    return s.code ? s : train_svd_refuse(o);
}

static status check(const training_strata *t) {
    const status s = check_options(t->o);
    if (s.code)
        return s;
    if (!t->kernel)
        return status_error(STATUS_USAGE,
                            "--isa: this processor or this build lacks these instructions");
    if (t->n_words < 2)
        return status_error(STATUS_INPUT, "%s: %" PRId64 " word(s); training needs at least two",
                            t->path, t->n_words);
    if (t->corpus.n_tokens < 2)
        return status_error(STATUS_INPUT, "%s: fewer than two tokens", t->path);
    return status_ok();
}

static status open(training_strata *t) {
    const group g = comm_group(t->world);
    status s = corpus_file_open(&t->corpus, t->path, &g);
    t->n_words = t->corpus.words.n;
    if (!s.code)
        s = comm_agree(t->world, check(t));
    if (!s.code)
        s = strata_tables_group(t);
    if (s.code)
        return s;
    t->memory = (estimate){.phase = "writing a snapshot"};
    job_shape_add_process(&t->shape, &t->memory);
    strata_tables_estimate(t, &t->memory);
    strata_episode_estimate(t, &t->memory);
    return job_shape_check(&t->shape, t->o, t->world, &t->memory,
                           "use more ranks, more --episodes, or a smaller --dim or --max-vocab");
}

static status describe(const training_strata *t) {
    char memory[32];
    if (t->o->json)
        return output_json(json_pack(
            "{s:o, s:I, s:I, s:I, s:I, s:I, s:i, s:I, s:i, s:i, s:s, s:f}", "corpus",
            output_text(t->path), "tokens", (json_int_t)t->corpus.n_tokens, "documents",
            (json_int_t)t->corpus.n_documents, "words", (json_int_t)t->n_words, "dim",
            (json_int_t)t->o->dim, "epochs", (json_int_t)t->o->epochs, "groups", t->n_groups,
            "episodes", (json_int_t)t->o->episodes, "ranks", t->shape.ranks, "threads_per_rank",
            t->n_threads, "isa", t->kernel->name, "memory_per_rank", estimate_sum(&t->memory)));
    printf("corpus            %s\ntokens            %" PRId64 "\ndocuments         %" PRId64
           "\nwords             %" PRId64 "\ndim               %" PRId64
           "\nepochs            %" PRId64 "\ngroups            %d\nepisodes          %" PRId64
           "\nranks             %d\nthreads per rank  %d\nisa               %s\n"
           "memory per rank   %s\n",
           t->path, t->corpus.n_tokens, t->corpus.n_documents, t->n_words, t->o->dim, t->o->epochs,
           t->n_groups, t->o->episodes, t->shape.ranks, t->n_threads, t->kernel->name,
           mem_format(memory, estimate_sum(&t->memory)));
    return status_ok();
}

/* ---- episodes */

/* Part of the run that is done when a step begins. */
static double progress_at(const training_strata *t, double step) {
    const double episode = t->episode + step / t->n_groups;
    return (t->epoch + episode / (double)t->o->episodes) / (double)t->o->epochs;
}

static double rate_at(const training_strata *t, double step) {
    return t->learning_rate * fmax(1 - progress_at(t, step), LEAST_RATE);
}

static bool train_bucket(void *context, int input, int step, int thread) {
    training_strata *t = context;
    const int output = (input + step) % t->n_groups;
    const uint64_t key =
        random_key(strata_seed(t, t->o->seed_sample), RANDOM_NEGATIVE, strata_episode_number(t));
    pair_bucket b = {.settings = &t->settings,
                     .kernel = t->kernel,
                     .negatives = &t->negatives[output],
                     .in = t->inputs[input - t->first],
                     .rate = (float)rate_at(t, step),
                     .turns = t->turns,
                     .negatives_key = random_at(key, (uint64_t)output)};
    strata_tables_outputs(t, input, step, &b);
    strata_episode_bucket(t, input, output, &b);
    t->pass.loss[(int64_t)(input - t->first) * t->n_groups + step] +=
        pair_bucket_train(&b, t->workers[thread]);
    return true;
}

static void tick(void *context, int64_t done) {
    training_strata *t = context;
    if (!progress_due(&t->record.progress))
        return;
    const double step = (double)done / t->n;
    const double words = (double)t->corpus.n_tokens * (double)t->o->epochs;
    const progress_point point = {.epoch = t->epoch + 1,
                                  .done = words * progress_at(t, step),
                                  .loss = NAN,
                                  .learning_rate = rate_at(t, step)};
    progress_report(&t->record.progress, &point);
}

/* ---- checkpoints */

static status save(void *context, checkpoint *c) {
    training_strata *t = context;
    const int64_t pairs = comm_sum(t->world, t->pairs);
    status s = checkpoint_write_int(c, "episode", t->episode);
    if (!s.code)
        s = checkpoint_write_int(c, "pairs", pairs);
    if (!s.code)
        s = checkpoint_write_real(c, "seconds", clock_seconds() - t->started);
    if (!s.code)
        s = strata_pass_save(&t->pass, c);
    return s.code ? s : strata_tables_save(t, c);
}

/* Pairs of other ranks, then, are all of the first one. */
static status load_numbers(training_strata *t, const checkpoint *c) {
    int64_t episode = 0;
    double seconds = 0;
    status s = checkpoint_read_int(c, "episode", &episode);
    if (!s.code)
        s = checkpoint_read_int(c, "pairs", &t->pairs);
    if (!s.code)
        s = checkpoint_read_real(c, "seconds", &seconds);
    if (comm_rank(t->world))
        t->pairs = 0;
    t->epoch = t->resumed.epoch;
    t->episode = (int)episode;
    t->started = clock_seconds() - seconds;
    return s;
}

static status load(void *context, const checkpoint *c) {
    training_strata *t = context;
    status s = comm_agree(t->world, load_numbers(t, c));
    if (!s.code)
        s = strata_pass_load(&t->pass, c);
    return s.code ? s : strata_tables_load(t, c);
}

static run_state state_of(training_strata *t) {
    return (run_state){.save = save, .load = load, .context = t};
}

static status pause(training_strata *t) {
    const run_pause why = run_record_pause(&t->record);
    if (why == RUN_GOES_ON)
        return status_ok();
    const double episode = t->episode + strata_pass_part(&t->pass);
    const run_position at = {.epoch = t->epoch, .part = episode / (double)t->o->episodes};
    const run_state state = state_of(t);
    return run_record_save(&t->record, why, &at, &state);
}

/* ---- epochs */

static void begin_epoch(training_strata *t, int epoch) {
    t->epoch = epoch;
    t->episode = 0;
    t->pairs = 0;
    t->started = clock_seconds();
    for (int64_t i = 0; i < (int64_t)t->n * t->n_groups; i++)
        t->pass.loss[i] = 0;
}

static status train_episode(training_strata *t) {
    const strata_job job = {.record = &t->record,
                            .contexts = t->outputs,
                            .n_threads = t->n_threads,
                            .context = t,
                            .train = train_bucket,
                            .tick = tick};
    status s = strata_tables_deal(t);
    if (!s.code)
        s = strata_episode_draw(t);
    while (!s.code && !strata_pass_run(&t->pass, &job))
        s = pause(t);
    if (s.code)
        return s;
    t->pairs += t->now.n_pairs;
    t->episode++;
    strata_pass_begin(&t->pass);
    return s;
}

static status end_epoch(training_strata *t) {
    const run_table tables[] = {strata_tables_table(t, "vectors"),
                                strata_tables_table(t, "context")};
    const double seconds = clock_seconds() - t->started;
    const int64_t pairs = comm_sum(t->world, t->pairs);
    double loss;
    const status s = strata_pass_loss(&t->pass, &loss);
    if (s.code)
        return s;
    const run_epoch values = {.loss = pairs ? loss / (double)pairs : NAN,
                              .learning_rate = rate_at(t, 0),
                              .words = (double)t->corpus.n_tokens,
                              .pairs = (double)pairs,
                              .seconds = seconds};
    return run_record_end_epoch(&t->record, t->epoch + 1, &values, tables,
                                sizeof tables / sizeof *tables);
}

/* What is left of the epoch, and what it takes to stop before the next one. */
static status train_epoch(training_strata *t) {
    const int64_t n = t->o->episodes;
    status s = status_ok();
    while (!s.code && t->episode < n) {
        s = train_episode(t);
        if (!s.code && t->episode < n)
            s = pause(t);
    }
    if (!s.code)
        s = end_epoch(t);
    begin_epoch(t, t->epoch + 1);
    return s.code || t->epoch == t->o->epochs ? s : pause(t);
}

/* ---- the run */

static status start_run(training_strata *t) {
    const run_plan plan = {.o = t->o,
                           .world = t->world,
                           .words = &t->corpus.words,
                           .input = t->path,
                           .input_hash = t->corpus.hash,
                           .isa = t->kernel->name,
                           .n_epochs = (int)t->o->epochs,
                           .learning_rate = t->learning_rate,
                           .init_scale = t->init_scale,
                           .remedy = "",
                           .unit = PROGRESS_WORDS,
                           .snapshot_bytes = 2 * t->n_words * t->o->dim * (int64_t)sizeof(float),
                           .own_start = t->o->init == INIT_SVD,
                           .work = (double)t->corpus.n_tokens * (double)t->o->epochs};
    return run_record_open(&t->record, &plan);
}

static status print_result(const training_strata *t) {
    const run_epoch *last = &t->record.epochs[t->o->epochs - 1];
    const double words = (double)t->corpus.n_tokens * (double)t->o->epochs;
    const double seconds = run_record_seconds(&t->record);
    if (t->o->json)
        return output_json(json_pack(
            "{s:o, s:o, s:I, s:I, s:i, s:o, s:I, s:I, s:i, s:f, s:f, s:f, s:s, s:i, s:i, s:I}",
            "run", output_text(t->o->output), "corpus", output_text(t->path), "words",
            (json_int_t)t->n_words, "dim", (json_int_t)t->o->dim, "epochs", (int)t->o->epochs,
            "loss", output_number(last->loss), "pairs", (json_int_t)last->pairs, "episodes",
            (json_int_t)t->o->episodes, "groups", t->n_groups, "tokens", words, "seconds", seconds,
            "words_per_second", words / seconds, "isa", t->kernel->name, "ranks",
            comm_size(t->world), "threads_per_rank", t->n_threads, "peak_memory",
            (json_int_t)common_peak_memory(1)));
    run_record_print(&t->record, words);
    return status_ok();
}

/* The vectors of PPMI-SVD: to start from them, and to blend them in. */
static status make_start(training_strata *t) {
    if (t->o->init != INIT_SVD || (run_record_resumes(&t->record) && !(t->o->blend > 0)))
        return status_ok();
    return ppmi_svd_from_input(&t->start, t->path, t->o, t->kernel, t->world);
}

static status start_or_resume(training_strata *t) {
    const run_state state = state_of(t);
    if (run_record_resumes(&t->record))
        return run_record_resume(&t->record, &t->resumed, &state);
    begin_epoch(t, 0);
    return strata_tables_fill(t);
}

static status run(training_strata *t) {
    status s = start_run(t);
    if (!s.code)
        s = make_start(t);
    if (!s.code)
        s = strata_tables_create(t);
    if (!s.code)
        s = strata_episode_create(t);
    if (!s.code)
        s = start_or_resume(t);
    while (!s.code && t->epoch < t->o->epochs)
        s = train_epoch(t);
    if (!s.code)
        s = strata_tables_blend(t);
    if (!s.code)
        s = run_record_commit(&t->record);
    if (s.code)
        return run_record_abandon(&t->record, s);
    if (t->outputs && ring_moves(t->outputs))
        log_info("rank 0 sent %.1f MiB of rows round the ring",
                 (double)ring_bytes_sent(t->outputs) / 1048576);
    if (comm_rank(t->world) == 0)
        s = print_result(t);
    return comm_agree(t->world, s);
}

static training_strata settings_of(const options *o, const char *path, const comm *world) {
    return (training_strata){.o = o,
                             .world = world,
                             .path = path,
                             .kernel = kernels_get((kernels_isa)o->isa),
                             .n_groups = (int)o->groups,
                             .learning_rate =
                                 o->learning_rate > 0 ? o->learning_rate : DEFAULT_RATE,
                             .init_scale = o->init_scale > 0 ? o->init_scale : sqrt((double)o->dim),
                             .width = row_width(o->dim),
                             .settings = {.window = (int)o->window,
                                          .negative = (int)o->negative,
                                          .pool = (int)o->pool,
                                          .pool_reuse = (int)o->pool_reuse,
                                          .dim = o->dim}};
}

static status begin(training_strata *t) {
    status s = job_shape_find(&t->shape, t->o, t->world);
    t->n_threads = t->shape.threads;
    ring_share(t->n_groups, t->shape.rank, t->shape.ranks, &t->first, &t->n);
    return s.code ? s : open(t);
}

static void end(training_strata *t) {
    run_record_close(&t->record);
    ppmi_svd_clear(&t->start);
    strata_episode_clear(t);
    strata_tables_clear(t);
    corpus_file_close(&t->corpus);
}

status train_strata(const options *o, const char *path, const comm *world) {
    training_strata t = settings_of(o, path, world);
    status s = begin(&t);
    if (!s.code && o->dry_run)
        s = comm_agree(world, comm_rank(world) == 0 ? describe(&t) : status_ok());
    else if (!s.code)
        s = run(&t);
    end(&t);
    return s;
}

status train_strata_plan(forecast *p, const options *o, const char *path, const comm *world) {
    training_strata t = settings_of(o, path, world);
    const status s = begin(&t);
    if (!s.code) {
        p->shape = t.shape;
        p->memory = t.memory;
        plan_corpus(p, o, &t.corpus);
        plan_disk(p, o, (double)t.n_words, (double)o->dim * sizeof(float), 2 * (double)t.n_words);
    }
    end(&t);
    return s;
}
