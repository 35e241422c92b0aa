// SPDX-License-Identifier: Apache-2.0
#include "checkpoint_file.h"

#include <stdio.h>
#include <string.h>

#include <xxhash.h>

#include "memory.h"

enum { PATH = CHECKPOINT_TABLE_NAME + 16, BLOCK_BYTES = 8 << 20 };

static const char *path_of(char path[PATH], const char *name) {
    snprintf(path, PATH, "/tables/%s", name);
    return path;
}

static uint64_t digest_rows(int64_t begin, int64_t n, size_t columns, const float *rows) {
    uint64_t sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += XXH3_64bits_withSeed(rows + (size_t)i * columns, columns * sizeof *rows,
                                    (uint64_t)(begin + i));
    return sum;
}

static size_t columns_of(int64_t columns) {
    return columns ? (size_t)columns : 1;
}

/* ---- writing */

status checkpoint_file_begin(h5_file *f, const checkpoint_table *t) {
    char path[PATH];
    const h5_dataset d = {
        .name = path_of(path, t->name), .type = H5_F32, .rows = t->rows, .columns = t->columns};
    return h5_write_begin(f, &d);
}

status checkpoint_file_put(h5_file *f, const checkpoint_table *t, int64_t begin, int64_t n,
                           const float *rows, uint64_t *digest) {
    char path[PATH];
    *digest += digest_rows(begin, n, columns_of(t->columns), rows);
    return n ? h5_write_rows(f, path_of(path, t->name), begin, n, rows) : status_ok();
}

status checkpoint_file_end(h5_file *f, const checkpoint_table *t, uint64_t sum, status mine) {
    char path[PATH];
    const status s = h5_write_end(f, mine);
    return s.code ? s : h5_set_int(f, path_of(path, t->name), "digest", (int64_t)sum);
}

/* ---- reading */

status checkpoint_file_shape(h5_file *f, const char *name, int64_t *rows, int64_t *columns) {
    char path[PATH];
    return h5_shape(f, path_of(path, name), H5_F32, rows, columns);
}

status checkpoint_file_read(h5_file *f, const char *name, int64_t begin, int64_t n, float *out,
                            size_t stride) {
    char path[PATH];
    int64_t rows, columns;
    status s = checkpoint_file_shape(f, name, &rows, &columns);
    if (!s.code && n)
        s = h5_read(f, path_of(path, name), H5_F32, begin, n, out, stride);
    const size_t used = columns_of(columns);
    for (int64_t i = 0; i < n && !s.code && stride > used; i++)
        memset(out + (size_t)i * stride + used, 0, (stride - used) * sizeof *out);
    return s;
}

status checkpoint_file_digest(h5_file *f, const char *name, int64_t begin, int64_t n,
                              uint64_t *digest) {
    int64_t rows, columns;
    float *block = NULL;
    status s = checkpoint_file_shape(f, name, &rows, &columns);
    if (s.code)
        return s;
    const size_t width = columns_of(columns), fit = BLOCK_BYTES / (width * sizeof *block);
    const int64_t step = fit ? (int64_t)fit : 1;
    s = mem_new(&block, (size_t)step * width, sizeof *block, "rows of a checkpoint");
    for (int64_t done = 0; !s.code && done < n; done += step) {
        const int64_t now = n - done < step ? n - done : step;
        s = checkpoint_file_read(f, name, begin + done, now, block, width);
        if (!s.code)
            *digest += digest_rows(begin + done, now, width, block);
    }
    mem_free(&block);
    return s;
}

status checkpoint_file_compare(h5_file *f, const char *name, uint64_t sum) {
    char path[PATH];
    int64_t written;
    const status s = h5_get_int(f, path_of(path, name), "digest", &written);
    if (!s.code && (uint64_t)written != sum)
        return status_error(STATUS_INPUT, "%s: %s does not match its digest; the file is damaged",
                            h5_path(f), path_of(path, name));
    return s;
}

/* ---- the whole file */

typedef struct {
    h5_file *f;
    status s;
} checker;

static void check_table(void *context, const char *name, char kind) {
    checker *c = context;
    int64_t rows, columns;
    uint64_t sum = 0;
    if (c->s.code || kind != 'd' || strlen(name) >= CHECKPOINT_TABLE_NAME)
        return;
    c->s = checkpoint_file_shape(c->f, name, &rows, &columns);
    if (!c->s.code)
        c->s = checkpoint_file_digest(c->f, name, 0, rows, &sum);
    if (!c->s.code)
        c->s = checkpoint_file_compare(c->f, name, sum);
}

status checkpoint_file_check(h5_file *f) {
    checker c = {.f = f};
    c.s = h5_verify_tree(f, "/");
    const status s = c.s.code ? c.s : h5_each_member(f, "/tables", check_table, &c);
    return status_first(c.s, s);
}
