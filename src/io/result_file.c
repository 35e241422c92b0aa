// SPDX-License-Identifier: Apache-2.0
/* Results as HDF5:
 *
 *     /facts                         attributes, one for each fact
 *     /tables/NAME                   attributes title, columns (names in order, blanks between)
 *     /tables/NAME/COLUMN            int64 or float64 [rows]
 *     /tables/NAME/COLUMN/{bytes,offsets}  a column of texts, as the words of a run */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "result_internal.h"

enum { NAME = 256, MEMBER = NAME + 16, COLUMNS = 2048 };

/* ---- writing */

static status write_fact(h5_file *file, const result_table *facts, int64_t row) {
    size_t length;
    const char *name = result_text(facts, row, 0, &length),
               *value = result_text(facts, row, 1, &length);
    switch ((result_type)result_whole(facts, row, 2)) {
    case RESULT_WHOLE:
        return h5_set_int(file, "/facts", name, strtoll(value, NULL, 10));
    case RESULT_REAL:
        return h5_set_real(file, "/facts", name, strtod(value, NULL));
    default:
        return h5_set_text(file, "/facts", name, value);
    }
}

/* Texts without the NULs. */
static status write_texts(h5_file *file, const char *name, const result_table *t, int column,
                          bool mine) {
    char path[MEMBER];
    char *bytes = NULL;
    int64_t *offsets = NULL;
    const int64_t n = t->n_rows, all = n ? t->columns[column].numbers[n].whole - n : 0;
    status s = mem_new(&bytes, (size_t)all, 1, "a table");
    if (!s.code)
        s = mem_new(&offsets, (size_t)n + 1, sizeof *offsets, "a table");
    for (int64_t i = 0; i < n && !s.code; i++) {
        size_t length;
        const char *text = result_text(t, i, column, &length);
        memcpy(bytes + offsets[i], text, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    s = group_agree(h5_group(file), s);
    snprintf(path, sizeof path, "%s/bytes", name);
    if (!s.code)
        s = h5_write(file, &(h5_dataset){path, H5_U8, all, 0, true}, mine ? 0 : all, mine ? all : 0,
                     bytes, 1);
    snprintf(path, sizeof path, "%s/offsets", name);
    if (!s.code)
        s = h5_write(file, &(h5_dataset){path, H5_I64, n + 1, 0, true}, mine ? 0 : n + 1,
                     mine ? n + 1 : 0, offsets, 1);
    mem_free(&bytes);
    mem_free(&offsets);
    return s;
}

static status write_column(h5_file *file, const result_table *t, int column, bool mine) {
    const result_cells *cells = &t->columns[column];
    char path[NAME];
    snprintf(path, sizeof path, "/tables/%s/%s", t->name, cells->name);
    if (cells->about.type == RESULT_TEXT)
        return write_texts(file, path, t, column, mine);
    const h5_dataset d = {path, cells->about.type == RESULT_WHOLE ? H5_I64 : H5_F64, t->n_rows, 0,
                          true};
    return h5_write(file, &d, mine ? 0 : t->n_rows, mine ? t->n_rows : 0, cells->numbers, 1);
}

static status write_table(h5_file *file, const result_table *t) {
    char path[NAME], columns[COLUMNS] = "";
    const bool mine = h5_group(file)->rank == 0;
    status s = status_ok();
    for (int c = 0; c < t->n_columns && !s.code; c++) {
        const size_t used = strlen(columns);
        snprintf(columns + used, sizeof columns - used, "%s%s", c ? " " : "", t->columns[c].name);
        s = write_column(file, t, c, mine);
    }
    snprintf(path, sizeof path, "/tables/%s", t->name);
    if (!s.code)
        s = h5_set_text(file, path, "title", t->title);
    return s.code ? s : h5_set_text(file, path, "columns", columns);
}

status result_write(result *r, h5_file *file) {
    status s = group_agree(h5_group(file), result_failure(r));
    if (!s.code)
        s = h5_set_text(file, "/facts", "command", r->command);
    for (int64_t i = 0; i < result_rows(r->facts) && !s.code; i++)
        s = write_fact(file, r->facts, i);
    for (size_t i = 0; i < r->n_tables && !s.code; i++)
        s = write_table(file, r->tables[i]);
    return s;
}

/* ---- reading */

static void read_fact(void *context, const char *name, const char *value) {
    result *r = context;
    if (strcmp(name, "command") != 0)
        result_fact_text(r, name, value);
}

static status damaged(h5_file *file, const char *name, const char *what) {
    return status_error(STATUS_INPUT, "%s: %s %s; the file is damaged", h5_path(file), name, what);
}

static status read_texts(h5_file *file, const char *name, int64_t *rows, result_cells *cells) {
    char path[MEMBER];
    uint8_t *bytes = NULL;
    int64_t *offsets = NULL, n_bytes = 0, n = 0;
    snprintf(path, sizeof path, "%s/bytes", name);
    status s = h5_read_all(file, path, H5_U8, &bytes, &n_bytes);
    snprintf(path, sizeof path, "%s/offsets", name);
    if (!s.code)
        s = h5_read_all(file, path, H5_I64, &offsets, &n);
    if (!s.code && (n < 1 || offsets[0] != 0 || offsets[n - 1] != n_bytes))
        s = damaged(file, path, "does not fit the bytes");
    for (int64_t i = 0; i + 1 < n && !s.code; i++)
        if (offsets[i + 1] < offsets[i] || offsets[i + 1] > n_bytes)
            s = damaged(file, path, "does not grow");
    if (!s.code)
        s = mem_new(&cells->bytes, (size_t)(n_bytes + n), 1, "a table");
    if (!s.code)
        s = mem_new(&cells->numbers, (size_t)n, sizeof *cells->numbers, "a table");
    for (int64_t i = 0; i < n && !s.code; i++) {
        cells->numbers[i].whole = offsets[i] + i;
        if (i + 1 < n)
            memcpy(cells->bytes + offsets[i] + i, bytes + offsets[i],
                   (size_t)(offsets[i + 1] - offsets[i]));
    }
    *rows = n - 1;
    mem_free(&bytes);
    mem_free(&offsets);
    return s;
}

/* A column's type follows from what is there. */
static status read_column(h5_file *file, const char *table, const char *column, int64_t *rows,
                          result_cells *cells) {
    char path[NAME], texts[MEMBER];
    int64_t columns;
    snprintf(path, sizeof path, "/tables/%s/%s", table, column);
    snprintf(texts, sizeof texts, "%s/bytes", path);
    if (h5_exists(file, texts))
        return read_texts(file, path, rows, cells);
    cells->about.type = RESULT_WHOLE;
    status s = h5_shape(file, path, H5_I64, rows, &columns);
    if (s.code == STATUS_INPUT) {
        cells->about.type = RESULT_REAL;
        cells->about.digits = 4;
        s = h5_shape(file, path, H5_F64, rows, &columns);
    }
    if (s.code)
        return s;
    return h5_read_all(file, path, cells->about.type == RESULT_WHOLE ? H5_I64 : H5_F64,
                       &cells->numbers, rows);
}

static status read_columns(h5_file *file, result_table *t) {
    status s = status_ok();
    for (int c = 0; c < t->n_columns && !s.code; c++) {
        int64_t rows = 0;
        s = read_column(file, t->name, t->columns[c].name, &rows, &t->columns[c]);
        if (!s.code && c && rows != t->n_rows)
            s = damaged(file, t->name, "has columns of different lengths");
        t->n_rows = rows;
    }
    return s;
}

enum { MOST_COLUMNS = 64 };

static status read_table(result *r, h5_file *file, const char *name) {
    char path[NAME], *title = NULL, *names = NULL;
    result_column columns[MOST_COLUMNS];
    int n = 0;
    snprintf(path, sizeof path, "/tables/%s", name);
    status s = h5_get_text(file, path, "title", &title);
    if (!s.code)
        s = h5_get_text(file, path, "columns", &names);
    char *rest = NULL;
    for (char *word = names ? strtok_r(names, " ", &rest) : NULL; word && n < MOST_COLUMNS;
         word = strtok_r(NULL, " ", &rest))
        columns[n++] = (result_column){word, RESULT_TEXT, 0};
    if (!s.code && !n)
        s = damaged(file, path, "has no columns");
    if (!s.code) {
        result_table *t = result_add(r, name, title, columns, n);
        s = t ? read_columns(file, t) : r->failure;
    }
    mem_free(&title);
    mem_free(&names);
    return s;
}

typedef struct {
    result *r;
    h5_file *file;
    status s;
} reading;

static void visit_table(void *context, const char *name, char kind) {
    reading *x = context;
    if (!x->s.code && kind == 'g')
        x->s = read_table(x->r, x->file, name);
}

status result_read(result *r, h5_file *file) {
    char *command = NULL;
    *r = (result){0};
    status s = h5_get_text(file, "/facts", "command", &command);
    if (!s.code)
        s = result_init(r, command);
    mem_free(&command);
    if (!s.code)
        s = h5_each_attribute(file, "/facts", read_fact, r);
    reading x = {.r = r, .file = file};
    if (!s.code && h5_exists(file, "/tables"))
        s = h5_each_member(file, "/tables", visit_table, &x);
    if (!s.code)
        s = x.s;
    return s.code ? s : result_failure(r);
}
