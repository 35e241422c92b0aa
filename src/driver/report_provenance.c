// SPDX-License-Identifier: Apache-2.0
/* Where each file comes from: what differs between the runs first, then what all have. */
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "report.h"

static bool has_provenance(const report *r) {
    return r->n_runs || r->n_results;
}

/* ---- the table: file, what (a path in the file), name, value */

typedef struct {
    result_table *t;
    const char *label, *what;
} collector;

static void add_attribute(void *context, const char *name, const char *value) {
    const collector *c = context;
    result_put_string(c->t, c->label);
    result_put_string(c->t, c->what);
    result_put_string(c->t, name);
    result_put_string(c->t, value);
}

static status collect(h5_file *file, const char *label, result_table *t) {
    static const char *const objects[][2] = {
        {"/", "file"}, {"/provenance/options", "option"}, {"/provenance", "provenance"}};
    status s = status_ok();
    for (size_t i = 0; i < sizeof objects / sizeof *objects && !s.code; i++) {
        collector c = {t, label, objects[i][1]};
        if (h5_exists(file, objects[i][0]))
            s = h5_each_attribute(file, objects[i][0], add_attribute, &c);
    }
    return s;
}

static status collect_result(const report_result *x, result_table *t) {
    const group alone = group_alone();
    h5_file *file;
    status s = h5_open(&file, x->path, RESULT_FILE_KIND, &alone);
    if (s.code)
        return s;
    s = collect(file, x->label, t);
    h5_close(&file);
    return s;
}

/* The table, and where in it each file's rows are. */
typedef struct {
    result_table *t;
    int64_t *begins; /* [runs + results + 1] */
} origins;

static status collect_all(report *r, origins *of) {
    const int all = r->n_runs + r->n_results;
    status s = mem_new(&of->begins, (size_t)all + 1, sizeof *of->begins, "provenance");
    for (int i = 0; i < all && !s.code; i++) {
        of->begins[i] = result_rows(of->t);
        s = i < r->n_runs ? collect(r->runs[i].words.run.file, r->runs[i].label, of->t)
                          : collect_result(&r->results[i - r->n_runs], of->t);
        of->begins[i + 1] = result_rows(of->t);
    }
    return s;
}

/* ---- looking at it */

static const char *cell(const origins *of, int64_t row, int column) {
    size_t length;
    return result_text(of->t, row, column, &length);
}

/* What a file says under the name of a row, "" if nothing. */
static const char *value_in(const origins *of, int file, int64_t named) {
    for (int64_t i = of->begins[file]; i < of->begins[file + 1]; i++)
        if (!strcmp(cell(of, i, 1), cell(of, named, 1)) &&
            !strcmp(cell(of, i, 2), cell(of, named, 2)))
            return cell(of, i, 3);
    return "";
}

/* Whether all runs say the same as the first. */
static bool is_common(const report *r, const origins *of, int64_t row) {
    for (int i = 1; i < r->n_runs; i++)
        if (strcmp(value_in(of, i, row), cell(of, row, 3)) != 0)
            return false;
    return true;
}

/* What a reader has to know of a run: what its result depends on, and what made it. */
static bool is_shown(const char *what, const char *name) {
    static const char *const shown[] = {
        "version",          "commit",  "isa",   "mpi",         "cpu",    "hosts", "ranks",
        "threads_per_rank", "started", "ended", "corpus_hash", "format", "model"};
    if (!strcmp(what, "option"))
        return options_define(name);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (!strcmp(shown[i], name))
            return true;
    return false;
}

/* The rows of the first run that are shown, those that all runs have (common) or the others: into
 * rows [begins[1]]; returns how many. */
static int64_t choose_rows(const report *r, const origins *of, bool common, int64_t *rows) {
    int64_t n = 0;
    for (int64_t i = of->begins[0]; i < of->begins[1]; i++)
        if (is_shown(cell(of, i, 1), cell(of, i, 2)) && is_common(r, of, i) == common)
            rows[n++] = i;
    return n;
}

/* ---- on the page */

static void put_pair(page *p, const char *name, const char *value) {
    if (!*value)
        return;
    page_put(p, "<div><dt>");
    page_string(p, name);
    page_put(p, "</dt><dd>");
    page_word(p, value, strlen(value));
    page_put(p, "</dd></div>\n");
}

/* A row for each run, a column for each name. */
static void put_differences(report *r, const origins *of, const int64_t *rows, int64_t n) {
    page *p = &r->page;
    page_put(p,
             "<div class=\"wrap\"><table>\n<caption><b>What differs between the runs</b></caption>"
             "\n<thead><tr><th scope=\"col\">run</th>");
    for (int64_t i = 0; i < n; i++) {
        page_put(p, "<th scope=\"col\">");
        page_string(p, cell(of, rows[i], 2));
        page_put(p, "</th>");
    }
    page_put(p, "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < r->n_runs; k++) {
        page_put(p, "<tr><th scope=\"row\">");
        page_word(p, r->runs[k].label, strlen(r->runs[k].label));
        page_put(p, "</th>");
        for (int64_t i = 0; i < n; i++) {
            const char *value = value_in(of, k, rows[i]);
            page_put(p, "<td>");
            page_word(p, value, strlen(value));
            page_put(p, "</td>");
        }
        page_put(p, "</tr>\n");
    }
    page_put(p, "</tbody></table></div>\n");
}

static status put_runs(report *r, const origins *of) {
    int64_t *rows;
    status s = mem_new(&rows, (size_t)of->begins[1], sizeof *rows, "provenance");
    if (s.code)
        return s;
    const int64_t n_different = choose_rows(r, of, false, rows);
    if (n_different)
        put_differences(r, of, rows, n_different);
    page_put(&r->page, r->n_runs > 1 ? "<h3>What all runs have</h3>\n" : "");
    page_put(&r->page, "<dl class=\"facts\">\n");
    const int64_t n_common = choose_rows(r, of, true, rows);
    for (int64_t i = 0; i < n_common; i++)
        put_pair(&r->page, cell(of, rows[i], 2), cell(of, rows[i], 3));
    page_put(&r->page, "</dl>\n");
    mem_free(&rows);
    return s;
}

static void put_result(report *r, const origins *of, int number) {
    const report_result *x = &r->results[number];
    const int file = r->n_runs + number;
    page *p = &r->page;
    page_put(p, "<h3>");
    page_word(p, x->label, strlen(x->label));
    page_put(p, " <small>(");
    page_string(p, x->found.command);
    page_put(p, ")</small></h3>\n<dl class=\"facts\">\n");
    for (int64_t i = 0; i < result_rows(x->found.facts); i++) {
        size_t length;
        put_pair(p, result_text(x->found.facts, i, 0, &length),
                 result_text(x->found.facts, i, 1, &length));
    }
    page_put(p, "</dl>\n");
    for (int64_t i = of->begins[file]; i < of->begins[file + 1]; i++)
        if (!strcmp(cell(of, i, 2), "command_line")) {
            page_put(p, "<p><code>");
            page_string(p, cell(of, i, 3));
            page_put(p, "</code></p>\n");
        }
}

static status write_provenance(report *r) {
    static const result_column columns[] = {{"file", RESULT_TEXT, 0},
                                            {"what", RESULT_TEXT, 0},
                                            {"name", RESULT_TEXT, 0},
                                            {"value", RESULT_TEXT, 0}};
    origins of = {.t = result_add(&r->data, "provenance", "where the files come from", columns, 4)};
    status s = of.t ? collect_all(r, &of) : r->data.failure;
    if (!s.code) {
        report_begin_section(r, report_provenance.id, report_provenance.title,
                             "How these files were made; all of it is in "
                             "<code>provenance.csv</code>.");
        if (r->n_runs)
            s = put_runs(r, &of);
        for (int i = 0; i < r->n_results && !s.code; i++)
            put_result(r, &of, i);
        report_end_section(r);
    }
    mem_free(&of.begins);
    return s;
}

const report_section report_provenance = {"provenance", "Provenance", has_provenance,
                                          write_provenance};
