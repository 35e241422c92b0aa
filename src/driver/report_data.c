// SPDX-License-Identifier: Apache-2.0
/* The tables behind the page, and the files beside it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output.h"
#include "report.h"
#include "result_output.h"

enum { MOST_COLUMNS = 64, MOST_JSON_ROWS = 1000 };

/* ---- names */

const char *report_name(const report *r, const report_result *from, const char *name,
                        char text[128]) {
    int number = 1;
    for (const report_result *x = r->results; x < from; x++)
        number += !strcmp(x->found.command, from->found.command);
    if (number > 1)
        snprintf(text, 128, "%.40s%d_%.60s", from->found.command, number, name);
    else
        snprintf(text, 128, "%.40s_%.60s", from->found.command, name);
    return text;
}

const char *report_heading(const char *name, char text[128]) {
    static const char *const known[][2] = {
        {"overlap", "neighbour overlap"},
        {"jaccard", "Jaccard index of neighbours"},
        {"eis", "eigenspace instability"},
        {"eigenspace_overlap", "eigenspace overlap"},
        {"pip", "PIP loss"},
        {"rsa_pearson", "RSA, Pearson"},
        {"rsa_spearman", "RSA, Spearman"},
        {"cka", "linear CKA"},
        {"procrustes_cosine", "cosine after Procrustes"},
        {"procrustes_residual", "Procrustes residual"},
        {"displacement", "displacement"},
        {"displacement_aligned", "displacement, aligned"},
        {"euclidean_aligned", "Euclidean, aligned"},
        {"neighbourhood_shift", "neighbourhood shift"},
        {"turnover", "neighbour turnover"},
        {"n_significant", "significant words"},
        {"n_runs", "runs"},
        {"n_pairs", "pairs of runs"},
        {"n_controls", "controls"},
        {"fdr", "false discovery rate"},
        {"sd", "SD"},
        {"p", "p"},
        {"q", "q (FDR)"},
        {"within", "within a period"},
        {"control", "shuffled control"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i][0], name))
            return known[i][1];
    snprintf(text, 128, "%.120s", name);
    for (char *c = text; *c; c++)
        *c = *c == '_' ? ' ' : *c;
    return text;
}

int report_count(const report *r, const char *command, const char *table) {
    int n = 0;
    for (int i = 0; i < r->n_results; i++) {
        const result *found = &r->results[i].found;
        const result_table *t = result_find(found, table);
        n += !strcmp(found->command, command) && t && result_rows(t);
    }
    return n;
}

/* ---- copying rows */

static void copy_cell(result_table *to, const result_table *from, int64_t row, int column) {
    size_t length;
    switch (result_column_at(from, column)->type) {
    case RESULT_WHOLE:
        result_put_whole(to, result_whole(from, row, column));
        break;
    case RESULT_REAL:
        result_put_real(to, result_real(from, row, column));
        break;
    default: {
        const char *text = result_text(from, row, column, &length);
        result_put_text(to, text, length);
    }
    }
}

static result_table *like(report *r, const result_table *t, const char *name, const char *title) {
    result_column columns[MOST_COLUMNS];
    const int n = result_columns(t) < MOST_COLUMNS ? result_columns(t) : MOST_COLUMNS;
    for (int c = 0; c < n; c++)
        columns[c] = *result_column_at(t, c);
    return result_add(&r->data, name, title, columns, n);
}

static void copy_row(result_table *to, const result_table *from, int64_t row) {
    for (int c = 0; to && c < result_columns(to); c++)
        copy_cell(to, from, row, c);
}

const result_table *report_take(report *r, const report_result *from, const char *table) {
    char name[128];
    const result_table *t = result_find(&from->found, table);
    if (!t || !result_rows(t))
        return NULL;
    result_table *to = like(r, t, report_name(r, from, table, name), result_title(t));
    for (int64_t i = 0; i < result_rows(t); i++)
        copy_row(to, t, i);
    return to;
}

typedef struct {
    bool first;
    double value;
    int64_t row;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->first != y->first)
        return x->first ? -1 : 1;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

int64_t report_best(const result_table *t, const char *by, bool largest, int64_t most,
                    int64_t *rows, status *s) {
    ranked *list;
    int64_t n = 0;
    *s = mem_new(&list, (size_t)result_rows(t), sizeof *list, "a table");
    for (int64_t i = 0; i < result_rows(t) && !s->code; i++) {
        const double value = chart_real(t, i, by);
        if (isfinite(value))
            list[n++] = (ranked){chart_real(t, i, "significant") == 1, largest ? value : -value, i};
    }
    if (n)
        qsort(list, (size_t)n, sizeof *list, compare_ranked);
    n = n < most ? n : most;
    for (int64_t i = 0; i < n; i++)
        rows[i] = list[i].row;
    mem_free(&list);
    return n;
}

const result_table *report_select(report *r, const result_table *t, const char *name,
                                  const char *title, const char *by, bool largest, int64_t most) {
    int64_t rows[REPORT_SELECTED];
    status s;
    const int64_t n =
        report_best(t, by, largest, most < REPORT_SELECTED ? most : REPORT_SELECTED, rows, &s);
    r->data.failure = status_first(r->data.failure, s);
    result_table *to = n ? like(r, t, name, title) : NULL;
    for (int64_t i = 0; i < n && to; i++)
        copy_row(to, t, rows[i]);
    return to;
}

/* ---- runs, steps and bins */

size_t report_common_folder(int64_t n, const char *(*path_at)(const void *of, int64_t i),
                            const void *of) {
    const char *first = n ? path_at(of, 0) : "";
    size_t common = strlen(first);
    for (int64_t i = 0; i < n; i++) {
        const char *path = path_at(of, i);
        size_t same = 0;
        while (same < common && path[same] == first[same])
            same++;
        while (same && first[same - 1] != '/')
            same--;
        common = same;
    }
    return common;
}

void report_label(const char *path, size_t common, char text[128]) {
    const size_t n = strlen(path + common);
    const bool cut = n >= 128; /* the end tells more than the beginning */
    snprintf(text, 128, "%s%s", cut ? "…" : "", path + common + (cut ? n - 120 : 0));
    const size_t length = strlen(text);
    if (length > 3 && !strcmp(text + length - 3, ".h5"))
        text[length - 3] = '\0';
}

/* Paths of a table runs. */
static const char *run_path(const void *of, int64_t i) {
    const result_table *runs = of;
    size_t length;
    return chart_text(runs, i, result_column_find(runs, "path") < 0 ? "run" : "path", &length);
}

const char *report_run_label(const report_result *from, double run, char text[128]) {
    const result_table *runs = result_find(&from->found, "runs");
    if (runs && run >= 0 && run < (double)result_rows(runs) && *run_path(runs, (int64_t)run))
        report_label(run_path(runs, (int64_t)run),
                     report_common_folder(result_rows(runs), run_path, runs), text);
    else
        snprintf(text, 128, "run %.0f", run);
    return text;
}

static const char *period_name(const report_result *from, int64_t period, size_t *length) {
    const result_table *t = result_find(&from->found, "periods");
    for (int64_t i = 0; t && i < result_rows(t); i++)
        if (chart_real(t, i, "period") == (double)period)
            return chart_text(t, i, "name", length);
    *length = 0;
    return "";
}

const char *report_step(const report_result *from, int64_t a, int64_t b, char text[256]) {
    size_t length_a, length_b;
    const char *name_a = period_name(from, a, &length_a), *name_b = period_name(from, b, &length_b);
    if (length_a && length_b && length_a < 100 && length_b < 100)
        snprintf(text, 256, "%.*s → %.*s", (int)length_a, name_a, (int)length_b, name_b);
    else
        snprintf(text, 256, "%lld → %lld", (long long)a, (long long)b);
    return text;
}

static int choose_bin_columns(const result_table *bins, const char *const *names,
                              result_column *columns) {
    int n = 0;
    columns[n++] = (result_column){"series", RESULT_TEXT, 0};
    columns[n++] = (result_column){"bin", RESULT_WHOLE, 0};
    columns[n++] = (result_column){"ranks", RESULT_TEXT, 0};
    for (; *names && n < MOST_COLUMNS; names++)
        if (result_column_find(bins, *names) >= 0)
            columns[n++] = *result_column_at(bins, result_column_find(bins, *names));
    return n;
}

const result_table *report_bins(report *r, const report_result *from, const char *const *names) {
    const result_table *bins = result_find(&from->found, "bins");
    result_column columns[MOST_COLUMNS];
    char name[128], text[256], before[256] = "";
    if (!bins || !result_rows(bins))
        return NULL;
    const int n = choose_bin_columns(bins, names, columns);
    result_table *to = result_add(&r->data, report_name(r, from, "by_frequency", name),
                                  "by frequency of the words", columns, n);
    int64_t bin = 0;
    for (int64_t i = 0; to && i < result_rows(bins); i++) {
        *text = '\0';
        if (result_column_find(bins, "from") >= 0)
            report_step(from, (int64_t)chart_real(bins, i, "from"),
                        (int64_t)chart_real(bins, i, "to"), text);
        bin = strcmp(text, before) ? 1 : bin + 1;
        strcpy(before, text);
        result_put_string(to, text);
        result_put_whole(to, bin);
        snprintf(text, sizeof text, "%.0f–%.0f", chart_real(bins, i, "first"),
                 chart_real(bins, i, "last"));
        result_put_string(to, text);
        for (int c = 3; c < n; c++)
            copy_cell(to, bins, i, result_column_find(bins, columns[c].name));
    }
    return to;
}

/* ---- files */

static json_t *describe_run(const report_run *run) {
    return json_pack("{s:o, s:o}", "run", output_text(run->label), "file", output_text(run->path));
}

static json_t *describe_result(const report_result *x) {
    json_t *facts = json_object();
    size_t length;
    for (int64_t i = 0; i < result_rows(x->found.facts); i++)
        json_object_set_new(facts, result_text(x->found.facts, i, 0, &length),
                            output_text(result_text(x->found.facts, i, 1, &length)));
    return json_pack("{s:o, s:o, s:o, s:o}", "result", output_text(x->label), "file",
                     output_text(x->path), "command", output_text(x->found.command), "facts",
                     facts);
}

static json_t *describe_table(const result_table *t) {
    char csv[160];
    snprintf(csv, sizeof csv, "%.120s.csv", result_name(t));
    json_t *object = json_pack("{s:s, s:o, s:I}", "csv", csv, "title", output_text(result_title(t)),
                               "rows", (json_int_t)result_rows(t));
    if (result_rows(t) <= MOST_JSON_ROWS)
        json_object_set_new(object, "data", result_table_json(t, 0));
    return object;
}

static json_t *describe(const report *r) {
    json_t *runs = json_array(), *results = json_array(), *tables = json_object();
    for (int i = 0; i < r->n_runs; i++)
        json_array_append_new(runs, describe_run(&r->runs[i]));
    for (int i = 0; i < r->n_results; i++)
        json_array_append_new(results, describe_result(&r->results[i]));
    for (size_t i = 0; i < r->data.n_tables; i++)
        json_object_set_new(tables, result_name(r->data.tables[i]),
                            describe_table(r->data.tables[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "command", "report", "page",
                     output_text(r->o->output), "runs", runs, "results", results, "tables", tables);
}

/* PATH without .html, and an ending. */
static status beside(const report *r, const char *ending, char **path) {
    const size_t n = strlen(r->o->output);
    const bool html = n > 5 && !strcmp(r->o->output + n - 5, ".html");
    const int kept = (int)(html ? n - 5 : n);
    status s = mem_new(path, n + strlen(ending) + 1, 1, "a path");
    if (!s.code)
        sprintf(*path, "%.*s%s", kept, r->o->output, ending);
    return s;
}

static status write_json(const report *r, const char *path) {
    out_file file = {.descriptor = -1};
    json_t *object = describe(r);
    char *text = json_dumps(object, JSON_INDENT(1) | JSON_REAL_PRECISION(12));
    json_decref(object);
    status s = text ? out_open(&file, path, "")
                    : status_error(STATUS_SPACE, "not enough memory to write %s", path);
    if (!s.code)
        s = out_write(&file, text, strlen(text));
    if (!s.code)
        s = out_sync(&file);
    if (!s.code)
        s = out_rename(&file);
    out_clear(&file);
    free(text);
    return s;
}

status report_write_data(report *r) {
    char *path;
    status s = result_failure(&r->data);
    if (s.code)
        return s;
    s = beside(r, ".json", &path);
    if (!s.code)
        s = write_json(r, path);
    mem_free(&path);
    if (!s.code)
        s = beside(r, ".files", &path);
    if (!s.code)
        s = result_write_folder(&r->data, path);
    mem_free(&path);
    return s;
}
