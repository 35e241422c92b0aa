// SPDX-License-Identifier: Apache-2.0
/* GloVe by the strata schedule: the tables are cut over the ranks by groups of words, and the
 * context groups travel round the ring while others are trained. */
#include "train_glove.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "commands.h"
#include "glove_training.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "plan.h"
#include "stop.h"
#include "train_svd.h"

static const double DEFAULT_RATE = 0.05; /* glove.c's, */
static const double DEFAULT_SCALE = 1;   /* and its start */
static const char ADVICE[] = "use more ranks, or a smaller --dim or --max-vocab";

/* ---- before */

status train_glove_refuse(const options *o, const char *because) {
    static const char *const of_glove[] = {"x-max", "alpha", "accumulators", NULL};
    return options_refuse(o, of_glove, because);
}

static status check(const training_glove *t) {
    static const char *const other[] = {
        "cbow",           "objective",      "negative",    "negatives",
        "negative-power", "pool",           "pool-reuse",  "sample",
        "schedule",       "chunk",          "batch",       "replicas",
        "merge-every",    "replicate",      "messages",    "merge-ramp",
        "merge",          "merge-strength", "seed-sample", "workers",
        "round",          "episodes",       NULL};
    status s = options_refuse(t->o, other, "--model glove");
    if (!s.code)
        s = train_svd_refuse(t->o);
    if (s.code)
        return s;
    if (t->o->order == ORDER_SHUFFLE && (comm_size(t->world) > 1 || t->n_threads > 1))
        return status_error(STATUS_USAGE, "--order shuffle with --model glove has one order for "
                                          "all: give it one rank and --threads 1");
    if (t->o->order == ORDER_SHUFFLE && t->o->given.groups)
        return status_error(STATUS_USAGE, "--order shuffle has no --groups; leave one out");
    if (!t->kernel)
        return status_error(STATUS_USAGE,
                            "--isa: this processor or this build lacks these instructions");
    return status_ok();
}

static status check_counts(const training_glove *t) {
    if (t->counts.words.n < 2 || !t->counts.n_cells)
        return status_error(STATUS_INPUT, "%s: no two words occur together", t->path);
    return status_ok();
}

static status open(training_glove *t, int64_t **counts) {
    const double started = clock_seconds();
    *counts = NULL;
    status s = cooccurrence_get(&t->counts, t->path, t->o, t->world);
    if (!s.code)
        s = comm_agree(t->world, check_counts(t));
    t->counting_seconds = clock_seconds() - started;
    if (!s.code)
        s = glove_group(t, counts);
    if (s.code)
        return s;
    const cooc_size size = cooc_size_of(&t->counts);
    t->memory = glove_estimate(t, &size);
    return job_shape_check(&t->shape_of_job, t->o, t->world, &t->memory, ADVICE);
}

static status describe(const training_glove *t) {
    const cooccurrence *x = &t->counts;
    char memory[32];
    if (t->o->json)
        return output_json(
            json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:s, s:f}", "corpus",
                      output_text(t->path), "tokens", (json_int_t)x->n_tokens, "window",
                      (json_int_t)x->window, "words", (json_int_t)x->words.n, "nonzeros",
                      (json_int_t)x->n_nonzeros, "dim", (json_int_t)t->o->dim, "epochs",
                      (json_int_t)t->o->epochs, "groups", t->n_groups, "ranks", comm_size(t->world),
                      "threads_per_rank", t->n_threads, "isa", t->kernel->name, "memory_per_rank",
                      estimate_sum(&t->memory)));
    printf("corpus            %s\ntokens            %" PRId64 "\nwindow            %" PRId64
           "\nwords             %" PRId64 "\nnon-zeros         %" PRId64
           "\ndim               %" PRId64 "\nepochs            %" PRId64
           "\ngroups            %d\nranks             %d\nthreads per rank  %d\n"
           "isa               %s\nmemory per rank   %s\n",
           t->path, x->n_tokens, x->window, x->words.n, x->n_nonzeros, t->o->dim, t->o->epochs,
           t->n_groups, comm_size(t->world), t->n_threads, t->kernel->name,
           mem_format(memory, estimate_sum(&t->memory)));
    return status_ok();
}

/* ---- checkpoints */

static status save(void *context, checkpoint *c) {
    training_glove *t = context;
    status s = checkpoint_write_real(c, "seconds", clock_seconds() - t->started);
    if (!s.code)
        s = checkpoint_write_int(c, "nonzero", t->cell);
    if (!s.code)
        s = strata_pass_save(&t->pass, c);
    return s.code ? s : glove_save_tables(t, c);
}

static status load(void *context, const checkpoint *c) {
    training_glove *t = context;
    double seconds = 0;
    status s = checkpoint_read_real(c, "seconds", &seconds);
    if (!s.code)
        s = checkpoint_read_int(c, "nonzero", &t->cell);
    s = comm_agree(t->world, s);
    t->epoch = t->resumed.epoch;
    t->started = clock_seconds() - seconds;
    if (!s.code)
        s = strata_pass_load(&t->pass, c);
    return s.code ? s : glove_load_tables(t, c);
}

static run_state state_of(training_glove *t) {
    return (run_state){.save = save, .load = load, .context = t};
}

static double part_done(const training_glove *t) {
    return t->loose ? (double)t->cell / (double)t->cells.n_cells : strata_pass_part(&t->pass);
}

static status pause(training_glove *t) {
    const run_pause why = run_record_pause(&t->record);
    if (why == RUN_GOES_ON)
        return status_ok();
    const run_position at = {.epoch = t->epoch, .part = part_done(t)};
    const run_state state = state_of(t);
    return run_record_save(&t->record, why, &at, &state);
}

/* ---- epochs */

typedef struct {
    training_glove *t;
    glove_job job;
} epoch_context;

static bool halts(void *context) {
    return run_record_interrupts(&((epoch_context *)context)->t->record);
}

/* The only bucket of --order shuffle takes long, and can stop at any non-zero. */
static bool train_loose(epoch_context *e, void *centres, void *contexts) {
    training_glove *t = e->t;
    for (; t->shuffles <= t->epoch; t->shuffles++) {
        glove_job job = e->job;
        job.epoch = t->shuffles;
        if (stop_asked())
            return false;
        glove_shuffle_loose(&job, t->loose);
    }
    glove_train_loose(&e->job, t->loose, centres, contexts, halts, e, &t->cell, t->pass.loss);
    return t->cell == t->cells.n_cells;
}

static bool train_bucket(void *context, int centre, int step, int thread) {
    epoch_context *e = context;
    training_glove *t = e->t;
    const int other = (centre + step) % t->n_groups;
    void *centres = t->centres[centre - t->first];
    void *contexts = ring_block(t->contexts, centre, step);
    if (step == 0 && t->cell == 0) { /* each block is once in a bucket of step 0 */
        glove_refresh(&e->job, centres, strata_size(&t->groups, centre));
        glove_refresh(&e->job, contexts, strata_size(&t->groups, other));
    }
    if (t->loose)
        return train_loose(e, centres, contexts);
    t->pass.loss[(int64_t)(centre - t->first) * t->n_groups + step] =
        glove_train(&e->job, t->workers[thread], centre, centres, other, contexts);
    return true;
}

static void tick(void *context, int64_t done) {
    training_glove *t = ((epoch_context *)context)->t;
    if (!progress_due(&t->record.progress))
        return;
    const double part = (double)done / ((double)t->n * t->n_groups);
    const progress_point point = {.epoch = t->epoch + 1,
                                  .done = (double)t->counts.n_nonzeros * (t->epoch + part),
                                  .loss = NAN,
                                  .learning_rate = t->learning_rate};
    progress_report(&t->record.progress, &point);
}

/* Clipped AdaGrad rarely ends in numbers that are not finite, but its loss then is beyond all
 * bounds.
 */
static status check_loss(const training_glove *t, double loss) {
    static const double most = 10;
    if (loss <= most * t->zero_loss)
        return status_ok();
    return status_error(STATUS_DIVERGED,
                        "training diverged in epoch %d: the loss is %g, where vectors of zeros "
                        "have %g; lower --learning-rate (now %g)",
                        t->epoch + 1, loss, t->zero_loss, t->learning_rate);
}

static glove_job job_of(const training_glove *t) {
    const options *o = t->o;
    return (glove_job){.shape = &t->shape,
                       .cells = &t->cells,
                       .kernel = t->kernel,
                       .x_max = o->x_max,
                       .alpha = o->alpha,
                       .rate = t->learning_rate,
                       .seed = (uint64_t)(o->seed_order >= 0 ? o->seed_order : o->seed),
                       .epoch = t->epoch};
}

static status measure_zeros(training_glove *t) {
    const glove_job job = job_of(t);
    for (int a = 0; a < t->n; a++)
        for (int b = 0; b < t->n_groups; b++)
            t->pass.loss[(int64_t)a * t->n_groups + b] =
                glove_loss_of_zeros(&job, t->workers[0], t->first + a, b);
    const status s = strata_pass_loss(&t->pass, &t->zero_loss);
    t->zero_loss /= (double)t->counts.n_nonzeros;
    return s;
}

static status end_epoch(training_glove *t) {
    const run_table tables[] = {glove_table(t, "vectors"), glove_table(t, "context"),
                                glove_table(t, "bias"), glove_table(t, "context_bias")};
    const double seconds = clock_seconds() - t->started;
    double loss;
    status s = strata_pass_loss(&t->pass, &loss);
    loss /= (double)t->counts.n_nonzeros;
    if (!s.code)
        s = check_loss(t, loss);
    if (s.code)
        return s;
    const run_epoch values = {.loss = loss,
                              .learning_rate = t->learning_rate,
                              .words = (double)t->counts.n_tokens,
                              .pairs = (double)t->counts.n_nonzeros,
                              .seconds = seconds};
    return run_record_end_epoch(&t->record, t->epoch + 1, &values, tables,
                                sizeof tables / sizeof *tables);
}

static void begin_epoch(training_glove *t, int epoch) {
    t->epoch = epoch;
    t->started = clock_seconds();
    t->cell = 0;
    t->pass.loss[0] = 0; /* where --order shuffle adds up */
    strata_pass_begin(&t->pass);
}

/* What is left of the epoch, and what it takes to stop before the next one. */
static status train_epoch(training_glove *t) {
    epoch_context context = {.t = t, .job = job_of(t)};
    const strata_job job = {.record = &t->record,
                            .contexts = t->contexts,
                            .n_threads = t->n_threads,
                            .context = &context,
                            .train = train_bucket,
                            .tick = tick};
    status s = status_ok();
    while (!s.code && !strata_pass_run(&t->pass, &job))
        s = pause(t);
    if (!s.code)
        s = end_epoch(t);
    begin_epoch(t, t->epoch + 1);
    return s.code || t->epoch == t->o->epochs ? s : pause(t);
}

/* ---- the run */

static status start_run(training_glove *t) {
    const run_plan plan = {.o = t->o,
                           .world = t->world,
                           .words = &t->counts.words,
                           .input = t->path,
                           .input_hash = t->counts.hash,
                           .isa = t->kernel->name,
                           .n_epochs = (int)t->o->epochs,
                           .learning_rate = t->learning_rate,
                           .init_scale = t->init_scale,
                           .remedy = "",
                           .unit = PROGRESS_NONZEROS,
                           .snapshot_bytes =
                               2 * t->groups.n_words * (t->o->dim + 1) * (int64_t)sizeof(float),
                           .own_start = t->o->init == INIT_SVD,
                           .work = (double)t->counts.n_nonzeros * (double)t->o->epochs};
    status s = run_record_open(&t->record, &plan);
    if (!s.code)
        s = h5_set_int(t->record.file, "/provenance", "window_used", t->counts.window);
    return s;
}

static status print_result(const training_glove *t) {
    const run_epoch *last = &t->record.epochs[t->o->epochs - 1];
    const double n = (double)t->counts.n_nonzeros * (double)t->o->epochs;
    double seconds = 0;
    for (int64_t e = 0; e < t->o->epochs; e++)
        seconds += t->record.epochs[e].seconds;
    if (t->o->json)
        return output_json(json_pack(
            "{s:o, s:o, s:I, s:I, s:i, s:o, s:I, s:i, s:f, s:f, s:f, s:f, s:f, s:s, s:i, s:i, s:I}",
            "run", output_text(t->o->output), "corpus", output_text(t->path), "words",
            (json_int_t)t->groups.n_words, "dim", (json_int_t)t->o->dim, "epochs",
            (int)t->o->epochs, "loss", output_number(last->loss), "nonzeros",
            (json_int_t)t->counts.n_nonzeros, "groups", t->n_groups, "counting_seconds",
            t->counting_seconds, "start_seconds", t->start_seconds, "loading_seconds",
            t->loading_seconds, "seconds", seconds, "nonzeros_per_second", n / seconds, "isa",
            t->kernel->name, "ranks", comm_size(t->world), "threads_per_rank", t->n_threads,
            "peak_memory", (json_int_t)common_peak_memory(1)));
    printf(
        "run               %s\nwords             %" PRId64 "\ndim               %" PRId64
        "\nepochs            %" PRId64 "\nloss              %.6f\nnon-zeros         %" PRId64
        "\nseconds           %.1f (counting %.1f, start %.1f, sorting %.1f, training %.1f)\n"
        "non-zeros/s       %.0f\nisa               %s\n",
        t->o->output, t->groups.n_words, t->o->dim, t->o->epochs, last->loss, t->counts.n_nonzeros,
        t->counting_seconds + t->start_seconds + t->loading_seconds + seconds, t->counting_seconds,
        t->start_seconds, t->loading_seconds, seconds, n / seconds, t->kernel->name);
    return status_ok();
}

static status start_or_resume(training_glove *t) {
    const run_state state = state_of(t);
    begin_epoch(t, 0);
    return run_record_resumes(&t->record) ? run_record_resume(&t->record, &t->resumed, &state)
                                          : glove_fill_start(t);
}

static status run(training_glove *t, const int64_t *counts) {
    status s = start_run(t);
    double started = clock_seconds();
    if (!s.code)
        s = glove_make_start(t);
    t->start_seconds = clock_seconds() - started;
    started = clock_seconds();
    if (!s.code)
        s = glove_load(t, counts);
    t->loading_seconds = clock_seconds() - started;
    if (!s.code)
        s = glove_create_tables(t);
    if (!s.code)
        s = measure_zeros(t);
    if (!s.code)
        s = start_or_resume(t);
    while (!s.code && t->epoch < t->o->epochs)
        s = train_epoch(t);
    if (!s.code)
        s = glove_blend(t);
    if (!s.code)
        s = run_record_commit(&t->record);
    if (s.code)
        return run_record_abandon(&t->record, s);
    if (comm_rank(t->world) == 0)
        s = print_result(t);
    return comm_agree(t->world, s);
}

static training_glove settings_of(const options *o, const char *path, const comm *world) {
    return (training_glove){.o = o,
                            .world = world,
                            .path = path,
                            .kernel = kernels_get((kernels_isa)o->isa),
                            .n_groups = o->order == ORDER_SHUFFLE ? 1 : (int)o->groups,
                            .shape =
                                glove_shape_of(o->dim, o->accumulators == ACCUMULATORS_ELEMENT),
                            .learning_rate = o->learning_rate > 0 ? o->learning_rate : DEFAULT_RATE,
                            .init_scale = o->init_scale > 0 ? o->init_scale : DEFAULT_SCALE};
}

static status begin(training_glove *t) {
    status s = job_shape_find(&t->shape_of_job, t->o, t->world);
    t->n_threads = t->shape_of_job.threads;
    ring_share(t->n_groups, t->shape_of_job.rank, t->shape_of_job.ranks, &t->first, &t->n);
    return s.code ? s : comm_agree(t->world, check(t));
}

status train_glove(const options *o, const char *path, const comm *world) {
    int64_t *counts = NULL;
    training_glove t = settings_of(o, path, world);
    status s = begin(&t);
    if (!s.code)
        s = open(&t, &counts);
    if (!s.code && o->dry_run)
        s = comm_agree(world, comm_rank(world) == 0 ? describe(&t) : status_ok());
    else if (!s.code)
        s = run(&t, counts);
    mem_free(&counts);
    run_record_close(&t.record);
    ppmi_svd_clear(&t.start);
    glove_clear_tables(&t);
    glove_cells_clear(&t.cells);
    strata_clear(&t.groups);
    cooccurrence_clear(&t.counts);
    return s;
}

status train_glove_plan(forecast *p, const options *o, const char *path, const comm *world) {
    training_glove t = settings_of(o, path, world);
    cooc_size size;
    status s = begin(&t);
    p->shape = t.shape_of_job;
    if (!s.code)
        s = cooc_plan_counts(p, &size, o, path, world);
    if (s.code)
        return s;
    const estimate e = glove_estimate(&t, &size);
    const double block =
        (double)glove_block_bytes(&t.shape, 1 << 10) / (1 << 10) - (double)o->dim * sizeof(float);
    estimate_raise(&p->memory, &e);
    p->unit = "nonzeros";
    p->work = size.nonzeros * (double)o->epochs;
    plan_disk(p, o, size.n_words, (double)o->dim * sizeof(float), 2 * size.n_words);
    p->output += p->epochs_kept * 2 * size.n_words * sizeof(float);
    p->checkpoint += 2 * size.n_words * block;
    return job_shape_check(&p->shape, o, world, &p->memory, ADVICE);
}
