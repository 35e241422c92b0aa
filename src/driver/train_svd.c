// SPDX-License-Identifier: Apache-2.0
/* Vectors by factorising positive PMI: counts, matrix, eigenvectors, one epoch in the run file. */
#include "train_svd.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <jansson.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "output.h"
#include "plan.h"
#include "ppmi_svd.h"
#include "run_record.h"

typedef struct {
    const options *o;
    const comm *world;
    const char *path;
    const kernels *kernel;
    cooccurrence counts;
    ppmi_svd svd;
    run_record record;
    job_shape shape;
    estimate memory;        /* that this rank needs */
    eigen_block block;      /* at a pause */
    double earlier_seconds; /* of factorising, in sessions before this one, */
    double started;         /* which began to (clock_seconds) */
    double counting_seconds;
} training_svd;

/* ---- before */

status train_svd_refuse(const options *o) {
    static const char *const of_svd[] = {"smoothing",  "shift", "weights", "eigenvalue-power",
                                         "iterations", "blend", NULL};
    static const char *const of_random[] = {"init-scale", NULL};
    return o->init == INIT_SVD ? options_refuse(o, of_random, "--init svd")
                               : options_refuse(o, of_svd, "--init random");
}

static status check(const training_svd *t) {
    static const char *const other[] = {
        "cbow",       "objective",  "negative",       "negatives",     "negative-power", "pool",
        "pool-reuse", "sample",     "epochs",         "learning-rate", "schedule",       "chunk",
        "batch",      "order",      "replicas",       "merge-every",   "replicate",      "messages",
        "merge-ramp", "merge",      "merge-strength", "seed-sample",   "init",           "blend",
        "x-max",      "alpha",      "accumulators",   "episodes",      "workers",        "round",
        "groups",     "init-scale", "seed-order",     "snapshots",     "report-every",   NULL};
    const status s = options_refuse(t->o, other, "--model ppmi-svd");
    if (s.code)
        return s;
    if (!t->kernel)
        return status_error(STATUS_USAGE,
                            "--isa: this processor or this build lacks these instructions");
    return status_ok();
}

static status check_counts(training_svd *t) {
    const cooccurrence *x = &t->counts;
    if (x->words.n < 2 || !x->n_cells)
        return status_error(STATUS_INPUT, "%s: no two words occur together", t->path);
    const cooc_size size = cooc_size_of(x);
    t->memory = (estimate){0};
    cooc_size_add_process(&t->shape, x, &t->memory);
    ppmi_svd_estimate(t->o, &t->shape, &size, &t->memory);
    return ppmi_svd_check_memory(t->o, &t->shape, t->world, &t->memory);
}

static status describe(const training_svd *t) {
    const cooccurrence *x = &t->counts;
    char memory[32];
    if (t->o->json)
        return output_json(json_pack(
            "{s:o, s:I, s:I, s:I, s:I, s:i, s:i, s:s, s:f}", "corpus", output_text(t->path),
            "tokens", (json_int_t)x->n_tokens, "words", (json_int_t)x->words.n, "nonzeros",
            (json_int_t)x->n_nonzeros, "dim", (json_int_t)t->o->dim, "ranks", comm_size(t->world),
            "threads_per_rank", common_threads(t->o), "isa", t->kernel->name, "memory_per_rank",
            estimate_sum(&t->memory)));
    printf("corpus            %s\ntokens            %" PRId64 "\nwords             %" PRId64
           "\nnon-zeros         %" PRId64 "\ndim               %" PRId64
           "\nranks             %d\nthreads per rank  %d\nisa               %s\n"
           "memory per rank   at most %s\n",
           t->path, x->n_tokens, x->words.n, x->n_nonzeros, t->o->dim, comm_size(t->world),
           common_threads(t->o), t->kernel->name, mem_format(memory, estimate_sum(&t->memory)));
    return status_ok();
}

/* ---- the run file */

static status write_settings(h5_file *file, const training_svd *t) {
    const h5_dataset values = {
        .name = "/eigenvalues", .type = H5_F64, .rows = t->o->dim, .checksum = true};
    status s = h5_set_int(file, "/provenance", "window_used", t->counts.window);
    if (!s.code)
        s = h5_set_real(file, "/provenance", "eigenvalue_power_used", t->svd.power);
    if (!s.code)
        s = h5_set_int(file, "/provenance", "iterations_used", ppmi_svd_iterations(t->o));
    if (!s.code)
        s = h5_set_int(file, "/provenance", "ppmi_cells", t->svd.n_cells);
    if (!s.code)
        s = h5_write(file, &values, 0, comm_rank(t->world) ? 0 : t->o->dim, t->svd.pairs.values, 1);
    return s;
}

static status start_run(training_svd *t) {
    const run_plan plan = {.o = t->o,
                           .world = t->world,
                           .words = &t->counts.words,
                           .input = t->path,
                           .input_hash = t->counts.hash,
                           .isa = t->kernel->name,
                           .n_epochs = 1,
                           .learning_rate = NAN,
                           .remedy = "",
                           .unit = PROGRESS_WORDS,
                           .snapshot_bytes = t->counts.words.n * t->o->dim * (int64_t)sizeof(float),
                           .work = (double)t->counts.n_tokens,
                           .own_start = true};
    return run_record_open(&t->record, &plan);
}

static double seconds_so_far(const training_svd *t) {
    return t->earlier_seconds + t->svd.ppmi_seconds + t->svd.iteration_seconds;
}

static status write_run(training_svd *t) {
    const ppmi_svd *v = &t->svd;
    const run_table vectors = {.name = "vectors",
                               .rows = v->n_words,
                               .columns = t->o->dim,
                               .begin = v->pairs.begin,
                               .n = v->pairs.end - v->pairs.begin,
                               .data = v->pairs.vectors,
                               .stride = v->pairs.width};
    const run_epoch epoch = {.loss = NAN,
                             .learning_rate = NAN,
                             .update_norm = NAN,
                             .words = (double)t->counts.n_tokens,
                             .seconds = seconds_so_far(t)};
    status s = write_settings(t->record.file, t);
    if (!s.code)
        s = run_record_end_epoch(&t->record, 1, &epoch, &vectors, 1);
    return s.code ? s : run_record_commit(&t->record);
}

/* ---- checkpoints */

/* rows: of the block, or those before. */
static run_table block_table(const training_svd *t, const char *name, float *rows) {
    const eigen_block *b = &t->block;
    return (run_table){.name = name,
                       .rows = t->svd.n_words,
                       .columns = (int64_t)b->width,
                       .begin = b->begin,
                       .n = b->end - b->begin,
                       .data = rows,
                       .stride = b->width};
}

static status save(void *context, checkpoint *c) {
    const training_svd *t = context;
    const run_table block = block_table(t, "block", t->block.rows);
    const run_table previous = block_table(t, "previous", t->block.previous);
    status s = checkpoint_write_int(c, "iterations", t->block.done);
    if (!s.code)
        s = checkpoint_write_real(c, "edge", t->block.edge);
    if (!s.code)
        s = checkpoint_write_real(c, "seconds", t->earlier_seconds + clock_seconds() - t->started);
    if (!s.code)
        s = checkpoint_write_table(c, &block);
    return s.code ? s : checkpoint_write_table(c, &previous);
}

static status load_rows(const checkpoint *c, const run_table *x, float *rows) {
    return checkpoint_read_rows(c, x->name, x->rows, x->columns, x->begin, x->n, rows, x->stride);
}

static status load(void *context, const checkpoint *c) {
    training_svd *t = context;
    const run_table block = block_table(t, "block", t->block.rows);
    const run_table previous = block_table(t, "previous", t->block.previous);
    int64_t done = 0;
    status s = checkpoint_read_int(c, "iterations", &done);
    if (!s.code)
        s = checkpoint_read_real(c, "seconds", &t->earlier_seconds);
    if (!s.code)
        s = checkpoint_read_real(c, "edge", &t->block.edge);
    if (!s.code)
        s = load_rows(c, &block, t->block.rows);
    if (!s.code)
        s = load_rows(c, &previous, t->block.previous);
    t->block.done = (int)done;
    return comm_agree(t->world, s);
}

static status pause(void *context, const eigen_block *block) {
    training_svd *t = context;
    const run_state state = {.save = save, .load = load, .context = t};
    const run_position at = {.part = (double)block->done / ppmi_svd_iterations(t->o)};
    const run_pause why = run_record_pause(&t->record);
    t->block = *block;
    return why == RUN_GOES_ON ? status_ok() : run_record_save(&t->record, why, &at, &state);
}

static status resume(void *context, eigen_block *block) {
    training_svd *t = context;
    const run_state state = {.save = save, .load = load, .context = t};
    run_position at;
    t->block = *block;
    const status s = run_record_resume(&t->record, &at, &state);
    *block = t->block;
    return s;
}

/* ---- the result */

static status print_result(const training_svd *t) {
    const ppmi_svd *v = &t->svd;
    const eigen_times *x = &v->pairs.times;
    if (t->o->json)
        return output_json(json_pack(
            "{s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, "
            "s:s, s:i, s:i, s:I}",
            "run", output_text(t->o->output), "corpus", output_text(t->path), "words",
            (json_int_t)v->n_words, "dim", (json_int_t)t->o->dim, "nonzeros",
            (json_int_t)t->counts.n_nonzeros, "ppmi_cells", (json_int_t)v->n_cells,
            "eigenvalue_power", v->power, "rank", (json_int_t)v->pairs.rank, "counting_seconds",
            t->counting_seconds, "ppmi_seconds", v->ppmi_seconds, "sparse_seconds", x->sparse,
            "sparse_gflops", x->sparse_flops / x->sparse / 1e9, "dense_seconds",
            x->gram + x->multiply, "dense_gflops", x->dense_flops / (x->gram + x->multiply) / 1e9,
            "small_seconds", x->small, "seconds", seconds_so_far(t), "isa", t->kernel->name,
            "ranks", comm_size(t->world), "threads_per_rank", common_threads(t->o), "peak_memory",
            (json_int_t)common_peak_memory(1)));
    printf("run               %s\nwords             %" PRId64 "\ndim               %" PRId64
           "\nPMI cells         %" PRId64 " of %" PRId64 "\neigenvalue power  %g\n"
           "seconds           %.1f (counting %.1f, PMI %.1f, sparse products %.1f, dense %.1f, "
           "small %.1f)\nisa               %s\n",
           t->o->output, v->n_words, t->o->dim, v->n_cells, t->counts.n_nonzeros, v->power,
           t->counting_seconds + seconds_so_far(t), t->counting_seconds, v->ppmi_seconds, x->sparse,
           x->gram + x->multiply, x->small, t->kernel->name);
    return status_ok();
}

/* ---- the whole */

static status factorise(training_svd *t) {
    eigen_pauses pauses = {.pause = pause, .context = t};
    status s = start_run(t);
    t->started = clock_seconds();
    if (!s.code)
        s = ppmi_svd_begin(&t->svd, &t->counts, t->o, t->world);
    cooc_matrix_clear(&t->counts.matrix);
    if (run_record_resumes(&t->record))
        pauses.resume = resume;
    if (!s.code)
        s = ppmi_svd_finish(&t->svd, t->o, t->kernel, t->counts.n_tokens, &pauses);
    if (!s.code)
        s = write_run(t);
    if (s.code)
        return run_record_abandon(&t->record, s);
    if (comm_rank(t->world) == 0)
        s = print_result(t);
    return comm_agree(t->world, s);
}

status train_svd(const options *o, const char *path, const comm *world) {
    training_svd t = {
        .o = o, .world = world, .path = path, .kernel = kernels_get((kernels_isa)o->isa)};
    const double started = clock_seconds();
    status s = comm_agree(world, check(&t));
    if (!s.code)
        s = job_shape_find(&t.shape, o, world);
    if (!s.code)
        s = cooccurrence_get(&t.counts, path, o, world);
    t.counting_seconds = clock_seconds() - started;
    if (!s.code)
        s = check_counts(&t);
    if (!s.code && o->dry_run)
        s = comm_agree(world, comm_rank(world) == 0 ? describe(&t) : status_ok());
    else if (!s.code)
        s = factorise(&t);
    run_record_close(&t.record);
    ppmi_svd_clear(&t.svd);
    cooccurrence_clear(&t.counts);
    return s;
}

status train_svd_plan(forecast *p, const options *o, const char *path, const comm *world) {
    const training_svd t = {
        .o = o, .world = world, .path = path, .kernel = kernels_get((kernels_isa)o->isa)};
    cooc_size size;
    estimate e = {0};
    status s = comm_agree(world, check(&t));
    if (!s.code)
        s = job_shape_find(&p->shape, o, world);
    if (!s.code)
        s = cooc_plan_counts(p, &size, o, path, world);
    if (s.code)
        return s;
    cooc_size_add_process(&p->shape, NULL, &e);
    ppmi_svd_estimate(o, &p->shape, &size, &e);
    estimate_raise(&p->memory, &e);
    p->unit = "nonzeros";
    p->work = size.positive;
    plan_disk(p, o, size.n_words, (double)o->dim * sizeof(float), size.n_words);
    p->checkpoint = 2 * size.n_words * (double)(eigen_width(o->dim) * sizeof(float));
    p->snapshots = 0;
    return ppmi_svd_check_memory(o, &p->shape, world, &p->memory);
}
