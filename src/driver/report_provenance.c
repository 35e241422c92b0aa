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

static status collect_all(report *r, result_table *t) {
    status s = status_ok();
    for (int i = 0; i < r->n_runs && !s.code; i++)
        s = collect(r->runs[i].words.run.file, r->runs[i].label, t);
    for (int i = 0; i < r->n_results && !s.code; i++)
        s = collect_result(&r->results[i], t);
    return s;
}

/* ---- looking at it */

static bool cell_is(const result_table *t, int64_t row, int column, const char *text) {
    size_t length;
    return !strcmp(result_text(t, row, column, &length), text);
}

/* The row of a file's value, or -1. */
static int64_t find_value(const result_table *t, const char *label, const char *what,
                          const char *name) {
    for (int64_t i = 0; i < result_rows(t); i++)
        if (cell_is(t, i, 0, label) && cell_is(t, i, 1, what) && cell_is(t, i, 2, name))
            return i;
    return -1;
}

static const char *value_of(const result_table *t, int64_t row) {
    size_t length;
    return row < 0 ? "" : result_text(t, row, 3, &length);
}

/* Whether all runs say the same as the first. */
static bool is_common(const report *r, const result_table *t, const char *what, const char *name) {
    const char *first = value_of(t, find_value(t, r->runs[0].label, what, name));
    for (int i = 1; i < r->n_runs; i++)
        if (strcmp(value_of(t, find_value(t, r->runs[i].label, what, name)), first) != 0)
            return false;
    return true;
}

/* What a reader has to know of a run beside its options. */
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

/* Call visit for each name that the first run has, shown ones only. */
static void each_name(const report *r, const result_table *t,
                      void (*visit)(report *r, const result_table *t, const char *what,
                                    const char *name),
                      report *context, bool common) {
    for (int64_t i = 0; i < result_rows(t); i++) {
        size_t length;
        const char *what = result_text(t, i, 1, &length), *name = result_text(t, i, 2, &length);
        if (cell_is(t, i, 0, r->runs[0].label) && is_shown(what, name) &&
            is_common(r, t, what, name) == common)
            visit(context, t, what, name);
    }
}

static void put_difference_head(report *r, const result_table *t, const char *what,
                                const char *name) {
    (void)t;
    (void)what;
    page_put(&r->page, "<th scope=\"col\">");
    page_string(&r->page, name);
    page_put(&r->page, "</th>");
}

static void put_common(report *r, const result_table *t, const char *what, const char *name) {
    const char *value = value_of(t, find_value(t, r->runs[0].label, what, name));
    if (!*value)
        return;
    page_put(&r->page, "<div><dt>");
    page_string(&r->page, name);
    page_put(&r->page, "</dt><dd>");
    page_word(&r->page, value, strlen(value));
    page_put(&r->page, "</dd></div>\n");
}

/* A row for each run. */
static void put_differences(report *r, const result_table *t) {
    page *p = &r->page;
    page_put(p,
             "<div class=\"wrap\"><table>\n<caption><b>What differs between the runs</b></caption>"
             "\n<thead><tr><th scope=\"col\">run</th>");
    each_name(r, t, put_difference_head, r, false);
    page_put(p, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < r->n_runs; i++) {
        page_put(p, "<tr><th scope=\"row\">");
        page_word(p, r->runs[i].label, strlen(r->runs[i].label));
        page_put(p, "</th>");
        for (int64_t row = 0; row < result_rows(t); row++) {
            size_t length;
            const char *what = result_text(t, row, 1, &length),
                       *name = result_text(t, row, 2, &length);
            if (!cell_is(t, row, 0, r->runs[0].label) || !is_shown(what, name) ||
                is_common(r, t, what, name))
                continue;
            const char *value = value_of(t, find_value(t, r->runs[i].label, what, name));
            page_put(p, "<td>");
            page_word(p, value, strlen(value));
            page_put(p, "</td>");
        }
        page_put(p, "</tr>\n");
    }
    page_put(p, "</tbody></table></div>\n");
}

static void put_runs(report *r, const result_table *t) {
    if (r->n_runs > 1)
        put_differences(r, t);
    page_put(&r->page, r->n_runs > 1 ? "<h3>What all runs have</h3>\n<dl class=\"facts\">\n"
                                     : "<dl class=\"facts\">\n");
    each_name(r, t, put_common, r, true);
    page_put(&r->page, "</dl>\n");
}

static void put_result(report *r, const result_table *t, const report_result *x) {
    page *p = &r->page;
    size_t length;
    page_put(p, "<h3>");
    page_word(p, x->label, strlen(x->label));
    page_print(p, " <small>(%.40s)</small></h3>\n<dl>\n", x->found.command);
    for (int64_t i = 0; i < result_rows(x->found.facts); i++) {
        page_put(p, "<dt>");
        page_string(p, result_text(x->found.facts, i, 0, &length));
        page_put(p, "</dt><dd>");
        const char *value = result_text(x->found.facts, i, 1, &length);
        page_word(p, value, length);
        page_put(p, "</dd>\n");
    }
    const char *line = value_of(t, find_value(t, x->label, "provenance", "command_line"));
    if (*line) {
        page_put(p, "<dt>command line</dt><dd><code>");
        page_string(p, line);
        page_put(p, "</code></dd>\n");
    }
    page_put(p, "</dl>\n");
}

static status write_provenance(report *r) {
    static const result_column columns[] = {{"file", RESULT_TEXT, 0},
                                            {"what", RESULT_TEXT, 0},
                                            {"name", RESULT_TEXT, 0},
                                            {"value", RESULT_TEXT, 0}};
    result_table *t = result_add(&r->data, "provenance", "where the files come from", columns, 4);
    status s = t ? collect_all(r, t) : status_ok();
    if (s.code || !t)
        return s;
    report_begin_section(r, report_provenance.id, report_provenance.title,
                         "How these files were made; all of it is in <code>provenance.csv</code>.");
    if (r->n_runs)
        put_runs(r, t);
    for (int i = 0; i < r->n_results; i++)
        put_result(r, t, &r->results[i]);
    report_end_section(r);
    return s;
}

const report_section report_provenance = {"provenance", "Provenance", has_provenance,
                                          write_provenance};
