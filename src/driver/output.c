// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

enum { JSON_DIGITS = 12 };

struct output_table {
    char align[OUTPUT_MOST_COLUMNS + 1];
    int n_columns;
    int widths[OUTPUT_MOST_COLUMNS]; /* in characters */
    char *text;                      /* rows, each terminated by NUL */
    size_t size, room;
    status failure;
};

/* Characters of n bytes of UTF-8. */
static int count_characters(const char *text, size_t n) {
    int characters = 0;
    for (size_t i = 0; i < n; i++)
        characters += (text[i] & 0xC0) != 0x80;
    return characters;
}

/* The cell at text: its bytes; *next is where the one behind it begins, or NULL. */
static size_t cell_bytes(const char *text, const char **next) {
    size_t n = strcspn(text, "\t");
    *next = text[n] ? text + n + 1 : NULL;
    return n;
}

static void measure(output_table *t, const char *row) {
    for (int c = 0; c < t->n_columns && row; c++) {
        const char *next;
        int width = count_characters(row, cell_bytes(row, &next));
        t->widths[c] = width > t->widths[c] ? width : t->widths[c];
        row = next;
    }
}

status output_table_new(output_table **t, const char *align, const char *columns) {
    status s = mem_new(t, 1, sizeof **t, "a table");
    if (s.code)
        return s;
    snprintf((*t)->align, sizeof(*t)->align, "%s", align);
    (*t)->n_columns = (int)strlen((*t)->align);
    output_row(*t, "%s", columns);
    return s;
}

void output_row(output_table *t, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t n = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
    if (!t->failure.code)
        t->failure = mem_grow(&t->text, &t->room, t->size + n, 1, "a table");
    if (!t->failure.code) {
        vsnprintf(t->text + t->size, n, format, again);
        measure(t, t->text + t->size);
        t->size += n;
    }
    va_end(again);
    va_end(arguments);
}

static void print_row(const output_table *t, const char *row) {
    for (int c = 0; c < t->n_columns && row; c++) {
        const char *next;
        size_t n = cell_bytes(row, &next);
        int blanks = t->widths[c] - count_characters(row, n);
        if (t->align[c] == 'r')
            printf("%*s%.*s", blanks, "", (int)n, row);
        else
            printf("%.*s%*s", (int)n, row, next ? blanks : 0, "");
        printf("%s", next ? "  " : "");
        row = next;
    }
    putchar('\n');
}

static status written(void) {
    if (fflush(stdout) || ferror(stdout))
        return status_errno(errno, "cannot write to", "standard output");
    return status_ok();
}

status output_print(output_table **t) {
    status s = (*t)->failure;
    for (size_t at = 0; at < (*t)->size && !s.code; at += strlen((*t)->text + at) + 1)
        print_row(*t, (*t)->text + at);
    mem_free(&(*t)->text);
    mem_free(t);
    return s.code ? s : written();
}

status output_json(json_t *object) {
    if (!object)
        return status_error(STATUS_SPACE, "not enough memory for the result as JSON");
    int failed = json_dumpf(object, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(JSON_DIGITS));
    json_decref(object);
    putchar('\n');
    if (failed)
        return status_error(STATUS_IO, "cannot write the result as JSON to standard output");
    return written();
}

json_t *output_number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *output_string(const char *text, size_t length) {
    json_t *string = json_stringn(text, length);
    return string ? string : json_string("\xEF\xBF\xBD");
}

json_t *output_text(const char *text) {
    return output_string(text, strlen(text));
}
