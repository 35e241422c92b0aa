// SPDX-License-Identifier: Apache-2.0
#include "run_checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint_file.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "rows.h"
#include "stop.h"

/* Of --checkpoint-every 0: time between two, and part of the time that they may take. */
static const double USUAL_PAUSE = 600, LARGEST_COST = 0.01;

enum { TEXT = 64 };

/* "epoch 2, 35.2 %" */
static const char *position_text(char text[TEXT], const run_record *r, const run_position *at) {
    if (at->epoch >= r->plan.n_epochs)
        snprintf(text, TEXT, "the end of epoch %d", r->plan.n_epochs);
    else
        snprintf(text, TEXT, "epoch %d, %.1f %%", at->epoch + 1, 100 * at->part);
    return text;
}

static int n_snapshots(const run_record *r, int epochs) {
    return r->plan.o->snapshots == SNAPSHOTS_ALL ? epochs : 0;
}

/* ---- is it a checkpoint of this command? */

static status compare(const run_record *r, h5_file *file) {
    const run_plan *p = &r->plan;
    provenance_differences c = {.file = file};
    provenance_compare_text(&c, "/provenance", "corpus_hash", "the hash of the input",
                            p->input_hash);
    provenance_compare_text(&c, "/provenance", "isa_used", "--isa", p->isa);
    provenance_compare_options(&c, p->o, C_TRAIN);
    if (!c.n)
        return status_ok();
    return status_error(STATUS_USAGE,
                        "%s was made by another command: %s; give the same to go on from it, or "
                        "--restart to begin anew",
                        r->folder.path, c.list);
}

/* ---- finding */

static status read_epochs(run_record *r, h5_file *file) {
    const run_file as_run = {.file = file};
    int64_t n = 0, done = 0;
    run_epoch *epochs = NULL;
    status s = h5_get_int(file, "/", "epochs", &done);
    if (!s.code && done)
        s = run_file_read_training(&as_run, &n, &epochs);
    if (!s.code && (done < 0 || done >= r->plan.n_epochs || n != done))
        s = status_error(STATUS_INPUT,
                         "%s: %lld epochs are done, %lld are in its table; the file "
                         "is damaged",
                         h5_path(file), (long long)done, (long long)n);
    if (!s.code && n)
        memcpy(r->epochs, epochs, (size_t)n * sizeof *epochs);
    mem_free(&epochs);
    r->n_saved = n_snapshots(r, (int)done);
    return s;
}

static status read_position(const run_record *r, run_position *at) {
    int64_t epoch = 0;
    status s = h5_get_int(r->found.file, "/", "epochs", &epoch);
    if (!s.code)
        s = h5_get_real(r->found.file, "/", "part", &at->part);
    at->epoch = (int)epoch;
    return s;
}

static void plan_next(run_record *r) {
    const double every = r->plan.o->checkpoint_every;
    r->due = clock_seconds() + (every > 0 ? every : fmax(USUAL_PAUSE, r->cost / LARGEST_COST));
}

status run_checkpoint_find(run_record *r) {
    const run_plan *p = &r->plan;
    char from[TEXT];
    run_position at = {0};
    status s = checkpoint_folder_open(&r->folder, p->o->output, p->world);
    if (!s.code && p->o->restart)
        checkpoint_folder_remove(&r->folder, p->n_epochs);
    if (!s.code)
        s = checkpoint_folder_find(&r->folder, &r->found);
    if (!s.code && r->found.file)
        s = comm_agree(p->world, compare(r, r->found.file));
    if (!s.code && r->found.file)
        s = comm_agree(p->world, read_epochs(r, r->found.file));
    if (!s.code && r->found.file)
        s = comm_agree(p->world, read_position(r, &at));
    plan_next(r);
    return s.code ? s
                  : sessions_open(&r->sessions, r->found.file, p->o, p->world, p->isa,
                                  position_text(from, r, &at));
}

void run_checkpoint_clear(run_record *r) {
    checkpoint_close(&r->found);
    checkpoint_folder_close(&r->folder);
    sessions_close(&r->sessions);
}

bool run_record_resumes(const run_record *r) {
    return r->found.file;
}

status run_record_resume(run_record *r, run_position *at, const run_state *state) {
    char from[TEXT];
    status s = comm_agree(r->plan.world, read_position(r, at));
    if (!s.code)
        s = state->load(state->context, &r->found);
    if (!s.code) {
        log_info("going on from %s: %s", h5_path(r->found.file), position_text(from, r, at));
        progress_begin(&r->progress, r->plan.work * (at->epoch + at->part) / r->plan.n_epochs);
    }
    checkpoint_close(&r->found);
    return s;
}

/* ---- snapshots between the run file and the folder */

typedef struct {
    run_record *r;
    const checkpoint *c;
    int epoch;
    status s;
} snapshot_walk;

static status bring_table(const snapshot_walk *w, const char *name) {
    const comm *world = w->r->plan.world;
    int64_t rows, columns, begin, n;
    float *data = NULL;
    status s = checkpoint_file_shape(w->c->file, name, &rows, &columns);
    if (s.code)
        return s;
    rows_share(world, rows, &begin, &n);
    const size_t width = columns ? (size_t)columns : 1;
    s = mem_new(&data, (size_t)n * width, sizeof *data, "a snapshot");
    if (!s.code)
        s = checkpoint_file_read(w->c->file, name, begin, n, data, width);
    s = comm_agree(world, s);
    if (!s.code)
        s = run_file_write_epoch(w->r->file, w->epoch, name, rows, columns, begin, n, data, width);
    mem_free(&data);
    return s;
}

static void visit_to_bring(void *context, const char *name) {
    snapshot_walk *w = context;
    run_record *r = w->r;
    if (w->s.code || r->n_tables == RUN_MOST_TABLES || strlen(name) >= RUN_TABLE_NAME)
        return;
    snprintf(r->tables[r->n_tables++], RUN_TABLE_NAME, "%s", name);
    w->s = bring_table(w, name);
}

status run_checkpoint_bring_snapshots(run_record *r) {
    status s = status_ok();
    for (int epoch = 1; !s.code && epoch <= r->n_saved; epoch++) {
        checkpoint c;
        snapshot_walk w = {.r = r, .c = &c, .epoch = epoch};
        r->n_tables = 0;
        w.s = status_ok();
        s = checkpoint_folder_open_snapshot(&r->folder, epoch, &c);
        if (!s.code)
            s = status_first(checkpoint_each_table(&c, visit_to_bring, &w), w.s);
        checkpoint_close(&c);
        r->n_done = epoch;
    }
    return s;
}

/* A table of the run file, a block of rows after the other. */
static status copy_rows(const run_record *r, h5_file *to, const checkpoint_table *t,
                        const char *from, uint64_t *digest) {
    enum { BYTES = 8 << 20 };
    const size_t width = t->columns ? (size_t)t->columns : 1;
    const size_t fit = BYTES / (width * sizeof(float));
    const int64_t step = fit ? (int64_t)fit : 1;
    float *block = NULL;
    status s = mem_new(&block, (size_t)step * width, sizeof *block, "a snapshot");
    for (int64_t done = 0; !s.code && done < t->n; done += step) {
        const int64_t now = t->n - done < step ? t->n - done : step;
        s = h5_read(r->file, from, H5_F32, t->begin + done, now, block, width);
        if (!s.code)
            s = checkpoint_file_put(to, t, t->begin + done, now, block, digest);
    }
    mem_free(&block);
    return s;
}

static status save_table(const run_record *r, checkpoint *c, int epoch, const char *name) {
    char from[TEXT];
    uint64_t digest = 0;
    checkpoint_table t = {.name = name};
    snprintf(from, sizeof from, "/epochs/%04d/%s", epoch, name);
    status s = comm_agree(r->plan.world, h5_shape(r->file, from, H5_F32, &t.rows, &t.columns));
    rows_share(r->plan.world, t.rows, &t.begin, &t.n);
    if (!s.code)
        s = checkpoint_file_begin(c->file, &t);
    if (s.code)
        return s;
    s = copy_rows(r, c->file, &t, from, &digest);
    return checkpoint_file_end(c->file, &t, comm_sum_wrapping(r->plan.world, digest), s);
}

static status save_snapshot(run_record *r, int epoch) {
    checkpoint c;
    status s = checkpoint_folder_begin_snapshot(&r->folder, epoch, &c);
    for (int i = 0; !s.code && i < r->n_tables; i++)
        s = save_table(r, &c, epoch, r->tables[i]);
    if (!s.code)
        return h5_commit(&c.file);
    checkpoint_discard(&c);
    return s;
}

/* ---- writing */

status run_checkpoint_sessions(run_record *r, h5_file *file, const run_position *at,
                               const char *why) {
    char to[TEXT];
    return sessions_write(&r->sessions, file, r->plan.world, position_text(to, r, at), why);
}

static status write_state(run_record *r, checkpoint *c, run_pause why, const run_position *at,
                          const run_state *state) {
    status s = run_record_describe(&r->plan, c->file);
    if (!s.code)
        s = h5_set_int(c->file, "/", "epochs", at->epoch);
    if (!s.code)
        s = h5_set_real(c->file, "/", "part", at->part);
    if (!s.code && at->epoch)
        s = run_file_write_training(c->file, at->epoch, r->epochs);
    if (!s.code)
        s = run_checkpoint_sessions(r, c->file, at,
                                    why == RUN_STOPS ? stop_reason() : "checkpoint");
    return s.code ? s : state->save(state->context, c);
}

static status save(run_record *r, run_pause why, const run_position *at, const run_state *state) {
    const int n = n_snapshots(r, at->epoch);
    checkpoint c = {0};
    status s = status_ok();
    for (; !s.code && r->n_saved < n; r->n_saved += !s.code)
        s = save_snapshot(r, r->n_saved + 1);
    if (!s.code)
        s = checkpoint_folder_begin(&r->folder, n, &c);
    if (!s.code)
        s = write_state(r, &c, why, at, state);
    if (!s.code)
        return checkpoint_folder_commit(&r->folder, &c);
    checkpoint_discard(&c);
    return s;
}

status run_record_save(run_record *r, run_pause why, const run_position *at,
                       const run_state *state) {
    const double started = clock_seconds();
    char where[TEXT];
    position_text(where, r, at);
    const status s = save(r, why, at, state);
    r->cost = clock_seconds() - started;
    stop_reserve(2 * r->cost);
    plan_next(r);
    if (s.code && why == RUN_STOPS)
        return s;
    if (s.code) {
        log_warning("no checkpoint of %s: %s; training goes on", where, s.message);
        return status_ok();
    }
    log_info("checkpoint of %s written to %s in %.1f s", where, r->folder.path, r->cost);
    if (why != RUN_STOPS)
        return s;
    return status_error(STATUS_STOPPED, "stopped by %s in %s; the same command goes on from %s",
                        stop_reason(), where, r->folder.path);
}

/* ---- pauses */

static run_pause wish(const run_record *r) {
    const bool is_due = comm_rank(r->plan.world) == 0 && clock_seconds() >= r->due;
    return stop_asked() ? RUN_STOPS : is_due ? RUN_SAVES : RUN_GOES_ON;
}

bool run_record_interrupts(const run_record *r) {
    return wish(r) != RUN_GOES_ON;
}

run_pause run_record_pause(const run_record *r) {
    return (run_pause)comm_max(r->plan.world, wish(r));
}
