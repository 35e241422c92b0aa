// SPDX-License-Identifier: Apache-2.0
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint_file.h"
#include "memory.h"

static const char STATE[] = "/state";
enum { NAME = 80 };

static const char *array_name(char text[NAME], const char *name) {
    snprintf(text, NAME, "%s/%s", STATE, name);
    return text;
}

/* ---- writing */

/* Metadata of HDF5 must be the same on every rank. */
status checkpoint_write_int(checkpoint *c, const char *name, int64_t value) {
    comm_broadcast(c->world, 0, &value, sizeof value);
    return h5_set_int(c->file, STATE, name, value);
}

status checkpoint_write_real(checkpoint *c, const char *name, double value) {
    comm_broadcast(c->world, 0, &value, sizeof value);
    return h5_set_real(c->file, STATE, name, value);
}

static status write_array(checkpoint *c, const char *name, h5_type type, int64_t n,
                          const void *values) {
    char path[NAME];
    const h5_dataset d = {
        .name = array_name(path, name), .type = type, .rows = n, .checksum = true};
    return h5_write(c->file, &d, 0, comm_rank(c->world) == 0 ? n : 0, values, 1);
}

status checkpoint_write_ints(checkpoint *c, const char *name, int64_t n, const int64_t *values) {
    return write_array(c, name, H5_I64, n, values);
}

status checkpoint_write_reals(checkpoint *c, const char *name, int64_t n, const double *values) {
    return write_array(c, name, H5_F64, n, values);
}

status checkpoint_write_table(checkpoint *c, const run_table *t) {
    const checkpoint_table table = {
        .name = t->name, .rows = t->rows, .columns = t->columns, .begin = t->begin, .n = t->n};
    const float *data = t->data;
    uint64_t digest = 0;
    status s = t->fetch ? t->fetch(t->context, t->name, &data) : status_ok();
    if (!s.code)
        s = checkpoint_file_begin(c->file, &table);
    if (s.code)
        return s;
    s = checkpoint_file_put(c->file, &table, t->begin, t->n, data, &digest);
    return checkpoint_file_end(c->file, &table, comm_sum_wrapping(c->world, digest), s);
}

/* ---- reading */

status checkpoint_read_int(const checkpoint *c, const char *name, int64_t *value) {
    return h5_get_int(c->file, STATE, name, value);
}

status checkpoint_read_real(const checkpoint *c, const char *name, double *value) {
    return h5_get_real(c->file, STATE, name, value);
}

static status another_size(const checkpoint *c, const char *name) {
    return status_error(STATUS_INPUT,
                        "%s: %s has another size than this run needs; the file is "
                        "damaged",
                        h5_path(c->file), name);
}

static status read_array(const checkpoint *c, const char *name, h5_type type, int64_t n,
                         void *values) {
    char path[NAME];
    int64_t rows, columns;
    status s = h5_shape(c->file, array_name(path, name), type, &rows, &columns);
    if (!s.code && (rows != n || columns))
        s = another_size(c, path);
    return s.code || !n ? s : h5_read(c->file, path, type, 0, n, values, 1);
}

status checkpoint_read_ints(const checkpoint *c, const char *name, int64_t n, int64_t *values) {
    return read_array(c, name, H5_I64, n, values);
}

status checkpoint_read_reals(const checkpoint *c, const char *name, int64_t n, double *values) {
    return read_array(c, name, H5_F64, n, values);
}

status checkpoint_read_rows(const checkpoint *c, const char *name, int64_t rows, int64_t columns,
                            int64_t begin, int64_t n, float *out, size_t stride) {
    int64_t found, wide;
    status s = checkpoint_file_shape(c->file, name, &found, &wide);
    if (!s.code && (found != rows || wide != columns))
        s = another_size(c, name);
    return s.code ? s : checkpoint_file_read(c->file, name, begin, n, out, stride);
}
