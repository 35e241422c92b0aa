// SPDX-License-Identifier: Apache-2.0
#include "result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "result_internal.h"

/* ---- life */

status result_init(result *r, const char *command) {
    static const result_column columns[] = {
        {"name", RESULT_TEXT, 0}, {"value", RESULT_TEXT, 0}, {"type", RESULT_WHOLE, 0}};
    *r = (result){0};
    r->failure = mem_string(&r->command, command);
    if (!r->failure.code)
        r->failure = result_table_new(&r->facts, "facts", "", columns, 3);
    return r->failure;
}

status result_table_new(result_table **to, const char *name, const char *title,
                        const result_column *columns, int n_columns) {
    status s = mem_new(to, 1, sizeof **to, "a table");
    if (s.code)
        return s;
    result_table *t = *to;
    s = mem_string(&t->name, name);
    if (!s.code)
        s = mem_string(&t->title, title);
    if (!s.code)
        s = mem_new(&t->columns, (size_t)n_columns, sizeof *t->columns, "columns");
    for (; t->n_columns < n_columns && !s.code; t->n_columns++) {
        result_cells *cells = &t->columns[t->n_columns];
        cells->about = columns[t->n_columns];
        s = mem_string(&cells->name, columns[t->n_columns].name);
        cells->about.name = cells->name;
    }
    if (s.code)
        result_table_free(to);
    return s;
}

void result_table_free(result_table **table) {
    result_table *t = *table;
    for (int c = 0; t && c < t->n_columns; c++) {
        mem_free(&t->columns[c].name);
        mem_free(&t->columns[c].numbers);
        mem_free(&t->columns[c].bytes);
    }
    if (t) {
        mem_free(&t->name);
        mem_free(&t->title);
        mem_free(&t->columns);
    }
    mem_free(table);
}

void result_clear(result *r) {
    for (size_t i = 0; i < r->n_tables; i++)
        result_table_free(&r->tables[i]);
    mem_free(&r->tables);
    result_table_free(&r->facts);
    mem_free(&r->command);
}

/* ---- filling */

result_table *result_add(result *r, const char *name, const char *title,
                         const result_column *columns, int n_columns) {
    if (!r->failure.code)
        r->failure = mem_grow(&r->tables, &r->room, r->n_tables + 1, sizeof *r->tables, "tables");
    if (!r->failure.code)
        r->failure = result_table_new(&r->tables[r->n_tables], name, title, columns, n_columns);
    return r->failure.code ? NULL : r->tables[r->n_tables++];
}

/* Room for one more cell in the column whose turn it is, or NULL. */
static result_cells *next_cells(result_table *t, result_type type) {
    if (!t || t->failure.code)
        return NULL;
    result_cells *cells = &t->columns[t->next];
    if (cells->about.type != type)
        t->failure = status_error(STATUS_INTERNAL, "column %s of table %s has another type",
                                  cells->name, t->name);
    else
        t->failure = mem_grow(&cells->numbers, &cells->room, (size_t)t->n_rows + 2,
                              sizeof *cells->numbers, "a table");
    return t->failure.code ? NULL : cells;
}

static void end_cell(result_table *t) {
    if (++t->next < t->n_columns)
        return;
    t->next = 0;
    t->n_rows++;
}

void result_put_text(result_table *t, const char *text, size_t length) {
    result_cells *cells = next_cells(t, RESULT_TEXT);
    if (!cells)
        return;
    const size_t begin = t->n_rows ? (size_t)cells->numbers[t->n_rows].whole : 0;
    t->failure = mem_grow(&cells->bytes, &cells->bytes_room, begin + length + 1, 1, "a table");
    if (t->failure.code)
        return;
    memcpy(cells->bytes + begin, text, length);
    cells->bytes[begin + length] = '\0';
    cells->numbers[t->n_rows].whole = (int64_t)begin;
    cells->numbers[t->n_rows + 1].whole = (int64_t)(begin + length + 1);
    end_cell(t);
}

void result_put_string(result_table *t, const char *text) {
    result_put_text(t, text, strlen(text));
}

void result_put_whole(result_table *t, int64_t x) {
    result_cells *cells = next_cells(t, RESULT_WHOLE);
    if (!cells)
        return;
    cells->numbers[t->n_rows].whole = x;
    end_cell(t);
}

void result_put_real(result_table *t, double x) {
    result_cells *cells = next_cells(t, RESULT_REAL);
    if (!cells)
        return;
    cells->numbers[t->n_rows].real = x;
    end_cell(t);
}

static void put_fact(result *r, const char *name, const char *value, result_type type) {
    if (r->failure.code)
        return;
    result_put_string(r->facts, name);
    result_put_string(r->facts, value);
    result_put_whole(r->facts, type);
}

void result_fact_text(result *r, const char *name, const char *value) {
    put_fact(r, name, value, RESULT_TEXT);
}

void result_fact_whole(result *r, const char *name, int64_t value) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_fact(r, name, text, RESULT_WHOLE);
}

void result_fact_real(result *r, const char *name, double value) {
    char text[RESULT_NUMBER];
    put_fact(r, name, result_format_real(text, value), RESULT_REAL);
}

char *result_format_real(char text[RESULT_NUMBER], double x) {
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, RESULT_NUMBER, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return text;
}

status result_failure(const result *r) {
    status s = r->failure;
    for (size_t i = 0; i < r->n_tables && !s.code; i++) {
        const result_table *t = r->tables[i];
        s = t->failure;
        if (!s.code && t->next)
            s = status_error(STATUS_INTERNAL, "the last row of table %s is not whole", t->name);
    }
    return s.code || !r->facts ? s : r->facts->failure;
}

/* ---- looking */

const result_table *result_find(const result *r, const char *name) {
    for (size_t i = 0; i < r->n_tables; i++)
        if (!strcmp(r->tables[i]->name, name))
            return r->tables[i];
    return NULL;
}

const char *result_fact(const result *r, const char *name) {
    for (int64_t i = 0; i < result_rows(r->facts); i++) {
        size_t length;
        if (!strcmp(result_text(r->facts, i, 0, &length), name))
            return result_text(r->facts, i, 1, &length);
    }
    return NULL;
}

const char *result_name(const result_table *t) {
    return t->name;
}

const char *result_title(const result_table *t) {
    return t->title;
}

int64_t result_rows(const result_table *t) {
    return t->n_rows;
}

int result_columns(const result_table *t) {
    return t->n_columns;
}

const result_column *result_column_at(const result_table *t, int column) {
    return &t->columns[column].about;
}

int result_column_find(const result_table *t, const char *name) {
    for (int c = 0; c < t->n_columns; c++)
        if (!strcmp(t->columns[c].name, name))
            return c;
    return -1;
}

const char *result_text(const result_table *t, int64_t row, int column, size_t *length) {
    const result_cells *cells = &t->columns[column];
    const int64_t begin = cells->numbers[row].whole;
    *length = (size_t)(cells->numbers[row + 1].whole - begin) - 1;
    return cells->bytes + begin;
}

int64_t result_whole(const result_table *t, int64_t row, int column) {
    return t->columns[column].numbers[row].whole;
}

double result_real(const result_table *t, int64_t row, int column) {
    const result_cells *cells = &t->columns[column];
    return cells->about.type == RESULT_WHOLE ? (double)cells->numbers[row].whole
                                             : cells->numbers[row].real;
}
