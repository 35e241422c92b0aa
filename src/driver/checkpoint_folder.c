// SPDX-License-Identifier: Apache-2.0
#include "checkpoint_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint_file.h"
#include "log.h"
#include "memory.h"
#include "rows.h"

enum { PATH = 4096, SLOTS = 2 };

/* ---- names */

status checkpoint_folder_open(checkpoint_folder *f, const char *output, const comm *world) {
    const size_t length = strlen(output);
    const bool ends = length > 3 && !strcmp(output + length - 3, ".h5");
    *f = (checkpoint_folder){.world = world, .slot = -1};
    status s = mem_new(&f->path, length + sizeof ".ckpt", 1, "a file name");
    if (!s.code)
        snprintf(f->path, length + sizeof ".ckpt", "%.*s.ckpt", (int)(ends ? length - 3 : length),
                 output);
    return comm_agree(world, s);
}

void checkpoint_folder_close(checkpoint_folder *f) {
    mem_free(&f->path);
}

static const char *state_path(const checkpoint_folder *f, int slot, char path[PATH]) {
    snprintf(path, PATH, "%s/state-%d.h5", f->path, slot);
    return path;
}

static const char *snapshot_path(const checkpoint_folder *f, int epoch, char path[PATH]) {
    snprintf(path, PATH, "%s/epoch-%04d.h5", f->path, epoch);
    return path;
}

/* ---- verifying */

typedef struct {
    const checkpoint *c;
    void (*visit)(void *context, const char *name);
    void *context;
} table_walk;

static void visit_table(void *context, const char *name, char kind) {
    const table_walk *w = context;
    if (kind == 'd' && strlen(name) < CHECKPOINT_TABLE_NAME)
        w->visit(w->context, name);
}

status checkpoint_each_table(const checkpoint *c, void (*visit)(void *context, const char *name),
                             void *context) {
    table_walk w = {.c = c, .visit = visit, .context = context};
    return h5_each_member(c->file, "/tables", visit_table, &w);
}

typedef struct {
    const checkpoint *c;
    status s;
} verifier;

/* Every rank reads a part. */
static status verify_rows(const checkpoint *c, const char *name, uint64_t *digest) {
    int64_t rows, columns, begin, n;
    const status s = checkpoint_file_shape(c->file, name, &rows, &columns);
    if (s.code)
        return s;
    rows_share(c->world, rows, &begin, &n);
    return checkpoint_file_digest(c->file, name, begin, n, digest);
}

static void verify_table(void *context, const char *name) {
    verifier *v = context;
    uint64_t digest = 0;
    if (v->s.code)
        return;
    v->s = comm_agree(v->c->world, verify_rows(v->c, name, &digest));
    const uint64_t sum = comm_sum_wrapping(v->c->world, digest);
    if (!v->s.code)
        v->s = comm_agree(v->c->world, checkpoint_file_compare(v->c->file, name, sum));
}

static status verify_tables(const checkpoint *c) {
    verifier v = {.c = c};
    v.s = status_ok();
    const status s = comm_agree(
        c->world, h5_exists(c->file, "/tables")
                      ? status_ok()
                      : status_error(STATUS_INPUT, "%s has no tables", h5_path(c->file)));
    return s.code ? s : status_first(checkpoint_each_table(c, verify_table, &v), v.s);
}

static status verify_snapshots(const checkpoint_folder *f, int64_t n) {
    status s = status_ok();
    for (int epoch = 1; !s.code && epoch <= n; epoch++) {
        checkpoint c;
        s = checkpoint_folder_open_snapshot(f, epoch, &c);
        if (!s.code)
            s = verify_tables(&c);
        checkpoint_close(&c);
    }
    return s;
}

static status verify_numbers(const checkpoint *c) {
    static const char *const groups[] = {"/provenance", "/state", "/training"};
    status s = status_ok();
    for (size_t i = 0; i < sizeof groups / sizeof *groups && !s.code; i++)
        if (h5_exists(c->file, groups[i]))
            s = h5_verify_tree(c->file, groups[i]);
    return s;
}

static status verify(const checkpoint_folder *f, const checkpoint *c) {
    int64_t n_snapshots = 0;
    status s = comm_agree(c->world, verify_numbers(c));
    if (!s.code)
        s = verify_tables(c);
    if (!s.code)
        s = comm_agree(c->world, h5_get_int(c->file, "/", "snapshots", &n_snapshots));
    return s.code ? s : verify_snapshots(f, n_snapshots);
}

/* ---- finding */

static void open_slot(const checkpoint_folder *f, int slot, checkpoint *c, int64_t *generation,
                      status *why) {
    char path[PATH];
    const group g = comm_group(f->world);
    int64_t there = comm_rank(f->world) == 0 && !access(state_path(f, slot, path), F_OK);
    *c = (checkpoint){.world = f->world};
    *why = status_ok();
    *generation = -1;
    if (!comm_max(f->world, there))
        return;
    *why = h5_open(&c->file, state_path(f, slot, path), CHECKPOINT_FILE_KIND, &g);
    if (!why->code)
        *why = comm_agree(f->world, h5_get_int(c->file, "/", "generation", generation));
    if (why->code)
        checkpoint_close(c);
}

static status none_is_whole(const checkpoint_folder *f, status why) {
    return status_error(why.code, "%s; no whole checkpoint is left in %s: --restart begins anew",
                        why.message, f->path);
}

status checkpoint_folder_find(checkpoint_folder *f, checkpoint *c) {
    checkpoint open[SLOTS];
    int64_t generations[SLOTS];
    status why[SLOTS], bad = status_ok();
    for (int slot = 0; slot < SLOTS; slot++)
        open_slot(f, slot, &open[slot], &generations[slot], &why[slot]);
    *c = (checkpoint){.world = f->world};
    const int newest = generations[1] > generations[0];
    for (int i = 0; i < SLOTS; i++) {
        const int slot = i ? !newest : newest;
        if (open[slot].file && !c->file) {
            why[slot] = verify(f, &open[slot]);
            if (!why[slot].code) {
                *c = open[slot];
                f->slot = slot;
                f->generation = generations[slot];
                continue;
            }
        }
        checkpoint_close(&open[slot]);
        bad = status_first(bad, why[slot]);
    }
    if (c->file && bad.code)
        log_warning("%s; going on from %s, the other checkpoint", bad.message, h5_path(c->file));
    return c->file || !bad.code ? status_ok() : none_is_whole(f, bad);
}

/* ---- writing */

static status make_folder(const checkpoint_folder *f) {
    if (comm_rank(f->world) == 0 && mkdir(f->path, 0777) && errno != EEXIST)
        return status_errno(errno, "cannot make the folder", f->path);
    return status_ok();
}

static status begin_file(const checkpoint_folder *f, const char *path, const char *kind,
                         checkpoint *c) {
    const group g = comm_group(f->world);
    *c = (checkpoint){.world = f->world};
    const status s = comm_agree(f->world, make_folder(f));
    return s.code ? s : h5_create(&c->file, path, kind, CHECKPOINT_FILE_VERSION, &g);
}

status checkpoint_folder_begin(const checkpoint_folder *f, int n_snapshots, checkpoint *c) {
    char path[PATH];
    status s = begin_file(f, state_path(f, f->slot == 0, path), CHECKPOINT_FILE_KIND, c);
    if (!s.code)
        s = h5_set_int(c->file, "/", "generation", f->generation + 1);
    if (!s.code)
        s = h5_set_int(c->file, "/", "snapshots", n_snapshots);
    return s;
}

status checkpoint_folder_commit(checkpoint_folder *f, checkpoint *c) {
    const status s = h5_commit(&c->file);
    if (s.code)
        return s;
    f->slot = f->slot == 0;
    f->generation++;
    return s;
}

status checkpoint_folder_begin_snapshot(const checkpoint_folder *f, int epoch, checkpoint *c) {
    char path[PATH];
    return begin_file(f, snapshot_path(f, epoch, path), SNAPSHOT_FILE_KIND, c);
}

status checkpoint_folder_open_snapshot(const checkpoint_folder *f, int epoch, checkpoint *c) {
    char path[PATH];
    const group g = comm_group(f->world);
    *c = (checkpoint){.world = f->world};
    return h5_open(&c->file, snapshot_path(f, epoch, path), SNAPSHOT_FILE_KIND, &g);
}

void checkpoint_discard(checkpoint *c) {
    h5_discard(&c->file);
}

void checkpoint_close(checkpoint *c) {
    h5_close(&c->file);
}

/* ---- the end */

static void remove_file(const char *path) {
    char partial[PATH + 16];
    snprintf(partial, sizeof partial, "%s.partial", path);
    (void)unlink(path);
    (void)unlink(partial);
}

void checkpoint_folder_remove(checkpoint_folder *f, int n_epochs) {
    char path[PATH];
    comm_barrier(f->world);
    f->slot = -1;
    f->generation = 0;
    if (comm_rank(f->world) || access(f->path, F_OK))
        return;
    for (int slot = 0; slot < SLOTS; slot++)
        remove_file(state_path(f, slot, path));
    for (int epoch = 1; epoch <= n_epochs; epoch++)
        remove_file(snapshot_path(f, epoch, path));
    if (rmdir(f->path) && errno != ENOENT)
        log_warning("%s is not empty and stays: %s", f->path, strerror(errno));
}
