// SPDX-License-Identifier: Apache-2.0
#include "run_record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "memory.h"
#include "provenance.h"
#include "run_checkpoint.h"

/* ---- the beginning */

/* As they were used. */
static status write_seeds(const run_plan *p, h5_file *file) {
    const options *o = p->o;
    const struct {
        const char *name;
        int64_t own;
    } seeds[] = {{"seed_init_used", o->seed_init},
                 {"seed_sample_used", o->seed_sample},
                 {"seed_order_used", o->seed_order}};
    status s = status_ok();
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds && !s.code; i++)
        s = h5_set_int(file, "/provenance", seeds[i].name,
                       seeds[i].own >= 0 ? seeds[i].own : o->seed);
    return s;
}

status run_record_describe(const run_plan *p, h5_file *file) {
    status s = provenance_write(file, p->o, C_TRAIN, p->world);
    const bool is_drawn = p->o->bootstrap >= 0; /* p->input is only for this session then */
    if (!s.code)
        s = h5_set_text(file, "/provenance", "corpus", is_drawn ? p->o->inputs.items[0] : p->input);
    if (!s.code)
        s = h5_set_text(file, "/provenance", "corpus_hash", p->input_hash);
    if (!s.code)
        s = h5_set_text(file, "/provenance", "isa_used", p->isa);
    if (!s.code)
        s = write_seeds(p, file);
    if (!s.code && !isnan(p->learning_rate))
        s = h5_set_real(file, "/provenance", "learning_rate_used", p->learning_rate);
    if (!s.code && !p->own_start)
        s = h5_set_real(file, "/provenance", "init_scale_used", p->init_scale);
    return s;
}

static status create(run_record *r) {
    const run_plan *p = &r->plan;
    status s = mem_new(&r->epochs, (size_t)p->n_epochs, sizeof *r->epochs, "the record of epochs");
    if (!s.code)
        s = progress_open(&r->progress, p->o, comm_rank(p->world) == 0, p->unit, p->work);
    return s;
}

/* Checkpoints must not take the room that the run file is going to need. */
static status expect_snapshots(const run_record *r) {
    const int n = r->plan.o->snapshots == SNAPSHOTS_ALL ? r->plan.n_epochs : 1;
    int64_t bytes;
    if (__builtin_mul_overflow(r->plan.snapshot_bytes, n, &bytes))
        bytes = INT64_MAX;
    return h5_expect(r->file, bytes);
}

status run_record_open(run_record *r, const run_plan *plan) {
    *r = (run_record){.plan = *plan};
    const group g = comm_group(plan->world);
    status s = comm_agree(plan->world, create(r));
    if (!s.code)
        s = run_checkpoint_find(r);
    if (!s.code)
        s = run_file_create(&r->file, plan->o->output, plan->words, &g);
    if (!s.code)
        s = run_record_describe(plan, r->file);
    if (!s.code)
        s = expect_snapshots(r);
    return s.code ? s : run_checkpoint_bring_snapshots(r);
}

/* ---- epochs */

/* Rows of the vectors as they were before an epoch; hashes: of all words, for the first. */
static status rows_before(const run_record *r, int epoch, const uint64_t *hashes, int64_t begin,
                          int64_t n, float *out, size_t width) {
    const options *o = r->plan.o;
    char name[64];
    if (epoch > 1) {
        snprintf(name, sizeof name, "/epochs/%04d/vectors", epoch - 1);
        return h5_read(r->file, name, H5_F32, begin, n, out, width);
    }
    loop_init_rows(out, 0, n, o->dim, hashes + begin,
                   (uint64_t)(o->seed_init >= 0 ? o->seed_init : o->seed), r->plan.init_scale);
    return status_ok();
}

static double square_distance(const float *a, size_t a_stride, const float *b, size_t b_stride,
                              int64_t rows, int64_t columns) {
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < columns; k++) {
            const double d = (double)a[(size_t)i * a_stride + (size_t)k] -
                             (double)b[(size_t)i * b_stride + (size_t)k];
            sum += d * d;
        }
    return sum;
}

/* Local part of || vectors now - vectors before ||_F^2, before = the snapshot of the last epoch, or
 * the initial vectors. */
static status square_change(const run_record *r, int epoch, const run_table *vectors, double *sum) {
    enum { BYTES = 1 << 20, MOST_ROWS = 1024 };
    const size_t width = row_width(vectors->columns), fit = BYTES / (width * sizeof(float));
    const int64_t block = fit < 1 ? 1 : fit > MOST_ROWS ? MOST_ROWS : (int64_t)fit;
    float *before = NULL;
    uint64_t *hashes = NULL;
    status s = mem_new(&before, (size_t)block * width, sizeof *before, "rows of the last epoch");
    if (!s.code && epoch == 1)
        s = mem_new(&hashes, (size_t)r->plan.words->n, sizeof *hashes, "hashes of the words");
    if (!s.code && epoch == 1)
        wordlist_hash(r->plan.words, hashes);
    for (int64_t at = 0; !s.code && at < vectors->n; at += block) {
        const int64_t rows = vectors->n - at < block ? vectors->n - at : block;
        s = rows_before(r, epoch, hashes, vectors->begin + at, rows, before, width);
        if (!s.code)
            *sum += square_distance(vectors->data + (size_t)at * vectors->stride, vectors->stride,
                                    before, width, rows, vectors->columns);
    }
    mem_free(&before);
    mem_free(&hashes);
    return s;
}

/* What was before the epoch is known. */
static bool knows_change(const run_record *r, int epoch) {
    return epoch == 1 ? !r->plan.own_start : r->plan.o->snapshots == SNAPSHOTS_ALL;
}

static bool keeps(const run_record *r, int epoch) {
    return r->plan.o->snapshots == SNAPSHOTS_ALL || epoch == r->plan.n_epochs;
}

static status update_norm(const run_record *r, int epoch, const run_table *vectors, double *norm) {
    const comm *world = r->plan.world;
    double sum = 0;
    const status s = comm_agree(world, square_change(r, epoch, vectors, &sum));
    *norm = sqrt(comm_sum_real(world, sum));
    return s;
}

/* Table i of a snapshot, and the update norm from the first. */
static status end_table(run_record *r, int epoch, int i, run_table t) {
    const bool compares = i == 0 && knows_change(r, epoch);
    if (!compares && !keeps(r, epoch))
        return status_ok();
    status s = t.fetch ? t.fetch(t.context, t.name, &t.data) : status_ok();
    if (!s.code && compares)
        s = update_norm(r, epoch, &t, &r->epochs[epoch - 1].update_norm);
    if (s.code || !keeps(r, epoch))
        return s;
    snprintf(r->tables[i], sizeof r->tables[i], "%s", t.name);
    return run_file_write_epoch(r->file, epoch, t.name, t.rows, t.columns, t.begin, t.n, t.data,
                                t.stride);
}

static status diverged(const run_record *r, int epoch) {
    return status_error(STATUS_DIVERGED,
                        "training diverged in epoch %d: the loss is not finite; lower "
                        "--learning-rate (now %g)%s",
                        epoch, r->plan.learning_rate, r->plan.remedy);
}

status run_record_end_epoch(run_record *r, int epoch, const run_epoch *values,
                            const run_table *tables, int n_tables) {
    run_epoch *e = &r->epochs[epoch - 1];
    *e = *values;
    e->update_norm = NAN;
    if (e->pairs > 0 && !isfinite(e->loss))
        return diverged(r, epoch);
    status s = status_ok();
    for (int i = 0; !s.code && i < n_tables; i++)
        s = end_table(r, epoch, i, tables[i]);
    if (s.code)
        return s;
    r->n_tables = n_tables;
    if (keeps(r, epoch))
        r->n_done = epoch;
    progress_epoch(&r->progress, epoch, e);
    return s;
}

/* ---- the end */

void run_record_drop_final(run_record *r, const char *name) {
    for (int i = 0; i < r->n_tables; i++)
        r->own_final[i] |= !strcmp(r->tables[i], name);
}

status run_record_write_final(run_record *r, const run_table *t) {
    run_record_drop_final(r, t->name);
    return run_file_write_final(r->file, t->name, t->rows, t->columns, t->begin, t->n, t->data,
                                t->stride);
}

static status finish(run_record *r, int n_epochs) {
    status s = status_ok();
    for (int i = 0; !s.code && i < r->n_tables; i++)
        if (!r->own_final[i])
            s = run_file_link_final(r->file, r->n_done, r->tables[i]);
    if (!s.code)
        s = run_file_write_training(r->file, n_epochs, r->epochs);
    if (s.code)
        return s;
    const bool is_complete = n_epochs == r->plan.n_epochs;
    const run_position at = {.epoch = n_epochs};
    return run_checkpoint_sessions(r, r->file, &at, is_complete ? "complete" : "diverged");
}

status run_record_commit(run_record *r) {
    status s = finish(r, r->plan.n_epochs);
    if (!s.code)
        s = provenance_finish(r->file, r->plan.world);
    if (!s.code)
        s = h5_commit(&r->file);
    if (!s.code)
        checkpoint_folder_remove(&r->folder, r->plan.n_epochs);
    return s;
}

status run_record_abandon(run_record *r, status why) {
    if (!r->file)
        return why;
    if (why.code != STATUS_DIVERGED || !r->n_done || finish(r, r->n_done).code ||
        h5_keep_partial(&r->file).code) {
        h5_discard(&r->file);
        return why;
    }
    return status_error(why.code, "%s; the vectors of epoch %d are in %s.partial", why.message,
                        r->n_done, r->plan.o->output);
}

double run_record_seconds(const run_record *r) {
    double seconds = 0;
    for (int e = 0; e < r->plan.n_epochs; e++)
        seconds += r->epochs[e].seconds;
    return seconds;
}

void run_record_print(const run_record *r, double words) {
    const run_plan *p = &r->plan;
    const double seconds = run_record_seconds(r);
    printf("run               %s\nwords             %" PRId64 "\ndim               %" PRId64
           "\nepochs            %d\nloss              %.6f\nseconds           %.1f\n"
           "words/s           %.0f\nisa               %s\n",
           p->o->output, p->words->n, p->o->dim, p->n_epochs, r->epochs[p->n_epochs - 1].loss,
           seconds, words / seconds, p->isa);
}

void run_record_close(run_record *r) {
    run_checkpoint_clear(r);
    mem_free(&r->epochs);
    progress_close(&r->progress);
}
