// SPDX-License-Identifier: Apache-2.0
/* Results as CSV (RFC 4180). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "out_file.h"
#include "result_internal.h"

enum { BLOCK = 1 << 16 }; /* bytes written at a time */

/* Text on its way to a file. */
typedef struct {
    out_file file;
    char *bytes;
    size_t n, room;
} writer;

static status put(writer *w, const char *text, size_t n) {
    status s = mem_grow(&w->bytes, &w->room, w->n + n, 1, "a table as CSV");
    if (s.code)
        return s;
    memcpy(w->bytes + w->n, text, n);
    w->n += n;
    return s;
}

static status flush(writer *w, size_t least) {
    if (w->n < least)
        return status_ok();
    const size_t n = w->n;
    w->n = 0;
    return out_write(&w->file, w->bytes, n);
}

static status put_text(writer *w, const char *text, size_t length) {
    if (!strpbrk(text, ",\"\r\n"))
        return put(w, text, length);
    status s = put(w, "\"", 1);
    for (size_t i = 0; i < length && !s.code; i++)
        s = text[i] == '"' ? put(w, "\"\"", 2) : put(w, text + i, 1);
    return s.code ? s : put(w, "\"", 1);
}

/* row -1: the name of the column. */
static status put_cell(writer *w, const result_table *t, int64_t row, int column) {
    const result_cells *cells = &t->columns[column];
    char number[RESULT_NUMBER] = "";
    size_t length;
    if (row < 0)
        return put(w, cells->name, strlen(cells->name));
    if (cells->about.type == RESULT_TEXT) {
        const char *text = result_text(t, row, column, &length);
        return put_text(w, text, length);
    }
    if (cells->about.type == RESULT_WHOLE)
        snprintf(number, sizeof number, "%lld", (long long)cells->numbers[row].whole);
    else if (!isnan(cells->numbers[row].real))
        result_format_real(number, cells->numbers[row].real);
    return put(w, number, strlen(number));
}

static status put_row(writer *w, const result_table *t, int64_t row) {
    status s = status_ok();
    for (int c = 0; c < t->n_columns && !s.code; c++) {
        if (c)
            s = put(w, ",", 1);
        if (!s.code)
            s = put_cell(w, t, row, c);
    }
    return s.code ? s : put(w, "\r\n", 2);
}

status result_write_csv(const result_table *t, const char *path) {
    writer w = {.file.descriptor = -1};
    status s = out_open(&w.file, path, "");
    for (int64_t row = -1; row < t->n_rows && !s.code; row++) {
        s = put_row(&w, t, row);
        if (!s.code)
            s = flush(&w, BLOCK);
    }
    if (!s.code)
        s = flush(&w, 1);
    if (!s.code)
        s = out_sync(&w.file);
    if (!s.code)
        s = out_rename(&w.file);
    out_clear(&w.file);
    mem_free(&w.bytes);
    return s;
}
