// SPDX-License-Identifier: Apache-2.0
#include "result_output.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "memory.h"
#include "output.h"
#include "provenance.h"

/* ---- files */

static status write_file(result *r, const options *o, int command, const comm *world) {
    const group g = comm_group(world);
    h5_file *file;
    status s = h5_create(&file, o->output, RESULT_FILE_KIND, RESULT_FILE_VERSION, &g);
    if (s.code)
        return s;
    s = provenance_write(file, o, command, world);
    if (!s.code)
        s = result_write(r, file);
    if (!s.code)
        s = provenance_finish(file, world);
    if (s.code)
        h5_discard(&file);
    else
        s = h5_commit(&file);
    return s;
}

status result_write_folder(const result *r, const char *folder) {
    char *path;
    const size_t room = strlen(folder) + 300;
    if (mkdir(folder, 0777) && errno != EEXIST)
        return status_errno(errno, "cannot make the folder", folder);
    status s = mem_new(&path, room, 1, "a path");
    for (size_t i = 0; i < r->n_tables && !s.code; i++) {
        snprintf(path, room, "%s/%.250s.csv", folder, result_name(r->tables[i]));
        s = result_write_csv(r->tables[i], path);
    }
    mem_free(&path);
    return s;
}

/* ---- stdout */

static void append(char **row, size_t *left, const char *text) {
    const int n = snprintf(*row, *left, "%s", text);
    const size_t used = (size_t)n < *left ? (size_t)n : *left - 1;
    *row += used;
    *left -= used;
}

enum { ROW = 4096, CELL = 200 };

/* A text as a cell: TAB and line feeds would break the table. */
static void clean_cell(char *cell, const char *text) {
    snprintf(cell, CELL, "%s", text);
    for (char *c = cell; *c; c++)
        if (*c == '\t' || *c == '\n' || *c == '\r')
            *c = ' ';
}

static void format_cell(char *cell, const result_table *t, int64_t row, int column) {
    const result_column *about = result_column_at(t, column);
    size_t length;
    if (about->type == RESULT_TEXT)
        clean_cell(cell, result_text(t, row, column, &length));
    else if (about->type == RESULT_WHOLE)
        snprintf(cell, CELL, "%lld", (long long)result_whole(t, row, column));
    else if (isnan(result_real(t, row, column)))
        snprintf(cell, CELL, "-");
    else
        snprintf(cell, CELL, "%.*f", about->digits, result_real(t, row, column));
}

/* Row -1: the titles. */
static void format_row(char text[ROW], const result_table *t, int64_t row) {
    char cell[CELL], *to = text;
    size_t left = ROW;
    *text = '\0';
    for (int c = 0; c < result_columns(t); c++) {
        if (c)
            append(&to, &left, "\t");
        if (row < 0)
            clean_cell(cell, result_column_at(t, c)->name);
        else
            format_cell(cell, t, row, c);
        append(&to, &left, cell);
    }
}

static status print_table(const result_table *t, int64_t most) {
    char row[ROW], align[OUTPUT_MOST_COLUMNS + 1] = "";
    const int n = result_columns(t) < OUTPUT_MOST_COLUMNS ? result_columns(t) : OUTPUT_MOST_COLUMNS;
    for (int c = 0; c < n; c++)
        align[c] = result_column_at(t, c)->type == RESULT_TEXT ? 'l' : 'r';
    output_table *out;
    printf("\n%s\n", result_title(t));
    format_row(row, t, -1);
    status s = output_table_new(&out, align, row);
    if (s.code)
        return s;
    for (int64_t i = 0; i < result_rows(t) && (!most || i < most); i++) {
        format_row(row, t, i);
        output_row(out, "%s", row);
    }
    s = output_print(&out);
    if (most && result_rows(t) > most)
        printf("... %lld more\n", (long long)(result_rows(t) - most));
    return s;
}

static void print_facts(const result *r) {
    size_t length;
    for (int64_t i = 0; i < result_rows(r->facts); i++) {
        const char *name = result_text(r->facts, i, 0, &length),
                   *value = result_text(r->facts, i, 1, &length);
        if (result_whole(r->facts, i, 2) == RESULT_REAL)
            printf("%s%s %.6g", i ? ", " : "", name, strtod(value, NULL));
        else
            printf("%s%s %s", i ? ", " : "", name, value);
    }
    printf("\n");
}

static status print_result(const result *r, const char *const *shown, int64_t most) {
    status s = status_ok();
    print_facts(r);
    for (; *shown && !s.code; shown++)
        if (result_find(r, *shown))
            s = print_table(result_find(r, *shown), most);
    return s;
}

/* ---- JSON */

static json_t *cell_json(const result_table *t, int64_t row, int column) {
    size_t length;
    switch (result_column_at(t, column)->type) {
    case RESULT_WHOLE:
        return json_integer(result_whole(t, row, column));
    case RESULT_REAL:
        return output_number(result_real(t, row, column));
    default:
        return output_text(result_text(t, row, column, &length));
    }
}

json_t *result_table_json(const result_table *t, int64_t most) {
    json_t *list = json_array();
    for (int64_t i = 0; i < result_rows(t) && (!most || i < most); i++) {
        json_t *row = json_object();
        for (int c = 0; c < result_columns(t); c++)
            json_object_set_new(row, result_column_at(t, c)->name, cell_json(t, i, c));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *fact_json(const result_table *facts, int64_t row) {
    size_t length;
    const char *value = result_text(facts, row, 1, &length);
    switch ((result_type)result_whole(facts, row, 2)) {
    case RESULT_WHOLE:
        return json_integer(strtoll(value, NULL, 10));
    case RESULT_REAL:
        return output_number(strtod(value, NULL));
    default:
        return output_text(value);
    }
}

static status print_json(const result *r, const char *const *shown, int64_t most) {
    size_t length;
    json_t *object = json_pack("{s:s}", "command", r->command), *facts = json_object();
    for (int64_t i = 0; i < result_rows(r->facts); i++)
        json_object_set_new(facts, result_text(r->facts, i, 0, &length), fact_json(r->facts, i));
    json_object_set_new(object, "facts", facts);
    for (; *shown; shown++)
        if (result_find(r, *shown))
            json_object_set_new(object, *shown, result_table_json(result_find(r, *shown), most));
    return output_json(object);
}

/* ---- */

status result_output(result *r, const options *o, int command, const char *const *shown,
                     int64_t most_rows, const comm *world) {
    status s = comm_agree(world, result_failure(r));
    if (!s.code && *o->output)
        s = write_file(r, o, command, world);
    if (!s.code && *o->csv && comm_rank(world) == 0)
        s = result_write_folder(r, o->csv);
    s = comm_agree(world, s);
    if (!s.code && comm_rank(world) == 0)
        s = o->json ? print_json(r, shown, most_rows) : print_result(r, shown, most_rows);
    return comm_agree(world, s);
}
