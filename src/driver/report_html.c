// SPDX-License-Identifier: Apache-2.0
/* The parts that the page is made of. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "report.h"
#include "page_css.h"
#include "version.h"

/* ---- the whole */

enum { MOST_FILES = 12 };

static void put_title(report *r) {
    page *p = &r->page;
    page_put(p, "Report on ");
    if (r->n_runs)
        page_print(p, "%d run%s", r->n_runs, r->n_runs > 1 ? "s" : "");
    if (r->n_runs && r->n_results)
        page_put(p, " and ");
    if (r->n_results)
        page_print(p, "%d result%s", r->n_results, r->n_results > 1 ? "s" : "");
}

/* What the report is on; the provenance has all of them. */
static void put_files(report *r) {
    page *p = &r->page;
    const int all = r->n_runs + r->n_results;
    for (int i = 0; i < all && i < MOST_FILES; i++) {
        const char *label = i < r->n_runs ? r->runs[i].label : r->results[i - r->n_runs].label;
        page_put(p, i ? ", " : "");
        page_word(p, label, strlen(label));
    }
    if (all > MOST_FILES)
        page_print(p, " and %d more", all - MOST_FILES);
}

static void put_contents(page *p, const char *const *sections, const char *const *titles) {
    page_put(p, "<nav aria-label=\"Contents\"><ol>\n");
    for (; *sections; sections++, titles++)
        page_print(p, "<li><a href=\"#%s\">%s</a></li>\n", *sections, *titles);
    page_put(p, "</ol></nav>\n");
}

void report_begin_page(report *r, const char *const *sections, const char *const *titles) {
    page *p = &r->page;
    page_put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; img-src data:\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"generator\" content=\"wordshard " WORDSHARD_VERSION "\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>");
    put_title(r);
    page_put(p, " · wordshard</title>\n<style>\n");
    page_put(p, page_css);
    page_put(p, "</style>\n</head>\n<body>\n<header>\n<h1>");
    put_title(r);
    page_put(p, "</h1>\n<p>");
    char now[64] = "";
    const time_t seconds = time(NULL);
    struct tm utc;
    strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", gmtime_r(&seconds, &utc));
    page_print(p, "wordshard %s, %s</p>\n<p>", WORDSHARD_VERSION, now);
    put_files(r);
    page_put(p, "</p>\n</header>\n");
    put_contents(p, sections, titles);
    page_put(p, "<main>\n");
}

void report_end_page(report *r) {
    page *p = &r->page;
    page_put(p, "</main>\n<footer><p>Made by <code>wordshard report</code> ");
    page_print(p, "%s (%s); plots drawn by %s. ", WORDSHARD_VERSION, WORDSHARD_COMMIT, r->plotter);
    page_put(p, "The numbers behind every plot and table are beside this page, in the folder "
                "<code>");
    page_string(p, r->csv);
    page_put(p, "</code> and as JSON.</p></footer>\n</body>\n</html>\n");
}

void report_begin_section(report *r, const char *id, const char *title, const char *lead) {
    page_print(&r->page, "<section id=\"%s\">\n<h2>%s</h2>\n", id, title);
    if (lead) {
        page_put(&r->page, "<p class=\"lead\">");
        page_put(&r->page, lead);
        page_put(&r->page, "</p>\n");
    }
}

void report_end_section(report *r) {
    page_put(&r->page, "</section>\n");
}

void report_put_name(report *r, const report_result *from) {
    if (r->n_results < 2)
        return;
    page_put(&r->page, "<h3>");
    page_word(&r->page, from->label, strlen(from->label));
    page_put(&r->page, "</h3>\n");
}

/* ---- figures */

void report_begin_figure(report *r, bool panels) {
    r->figures++;
    page_print(&r->page, "<figure>\n<div class=\"%s\">\n", panels ? "panels" : "scroll");
}

static void put_csv(report *r, const result_table *data) {
    page_put(&r->page, " Data: <code>");
    page_string(&r->page, result_name(data));
    page_put(&r->page, ".csv</code>.");
}

void report_end_figure(report *r, const char *title, const char *how, const result_table *data) {
    page_print(&r->page, "</div>\n<figcaption><b>Figure %d. ", r->figures);
    page_put(&r->page, title);
    page_put(&r->page, ".</b> ");
    page_put(&r->page, how);
    if (data)
        put_csv(r, data);
    page_put(&r->page, "</figcaption>\n</figure>\n");
}

const char *report_chart_id(const report *r, int letter, char text[16]) {
    snprintf(text, 16, "f%d%c", r->figures % 10000, 'a' + letter % 26);
    return text;
}

status report_panels(report *r, const chart_lines *spec, const char *const *columns, int *n) {
    status s = status_ok();
    for (*n = 0; *columns && !s.code; columns++) {
        char id[16], heading[128];
        if (!chart_has(spec->c.data, *columns))
            continue;
        chart_lines one = *spec;
        one.y = *columns;
        one.c.id = report_chart_id(r, (*n)++, id);
        one.c.title = one.c.y_title = report_heading(*columns, heading);
        s = chart_draw_lines(&r->page, &one);
    }
    return s;
}

/* ---- tables */

enum { MOST_SHOWN = 24, SHORT_TEXT = 28 };

/* What is shown in a table: places of columns; high is -1 except for an interval. */
typedef struct {
    int column, high;
} shown;

static int choose_all(const result_table *t, shown *list) {
    int n = 0;
    for (int c = 0; c < result_columns(t) && n < MOST_SHOWN; c++)
        list[n++] = (shown){c, -1};
    return n;
}

static int choose_columns(const result_table *t, const char *const *columns, shown *list) {
    int n = 0;
    if (!columns)
        n = choose_all(t, list);
    for (; columns && *columns && n < MOST_SHOWN; columns++)
        if (result_column_find(t, *columns) >= 0)
            list[n++] = (shown){result_column_find(t, *columns), -1};
    for (int i = 0; i + 1 < n; i++)
        if (!strcmp(result_column_at(t, list[i].column)->name, "low") &&
            !strcmp(result_column_at(t, list[i + 1].column)->name, "high")) {
            list[i].high = list[i + 1].column;
            memmove(list + i + 1, list + i + 2, (size_t)(n - i - 2) * sizeof *list);
            n--;
        }
    return n;
}

static void put_heading(report *r, const result_table *t, const shown *x) {
    char text[128];
    const bool number = result_column_at(t, x->column)->type != RESULT_TEXT;
    page_print(&r->page, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
    page_string(&r->page, x->high >= 0
                              ? "95\u00a0% interval"
                              : report_heading(result_column_at(t, x->column)->name, text));
    page_put(&r->page, "</th>");
}

static void put_interval(page *p, const result_table *t, int64_t row, const shown *x) {
    const double low = result_real(t, row, x->column), high = result_real(t, row, x->high);
    if (isnan(low) && isnan(high)) {
        page_put(p, "–");
        return;
    }
    page_put(p, "[");
    page_number(p, low, result_column_at(t, x->column)->digits);
    page_put(p, ", ");
    page_number(p, high, result_column_at(t, x->high)->digits);
    page_put(p, "]");
}

/* A text that is short stays on its line. */
static void put_text_cell(page *p, const result_table *t, int64_t row, int column) {
    char heading[128];
    size_t length;
    const char *text = result_text(t, row, column, &length);
    page_put(p, length <= SHORT_TEXT ? "<td class=\"t\">" : "<td>");
    if (!strcmp(result_column_at(t, column)->name, "measure"))
        page_string(p, report_heading(text, heading));
    else
        page_word(p, text, length);
    page_put(p, "</td>");
}

static void put_cell(page *p, const result_table *t, int64_t row, const shown *x) {
    const result_column *about = result_column_at(t, x->column);
    if (about->type == RESULT_TEXT) {
        put_text_cell(p, t, row, x->column);
        return;
    }
    page_put(p, "<td class=\"n\">");
    if (x->high >= 0)
        put_interval(p, t, row, x);
    else if (about->type == RESULT_REAL)
        page_number(p, result_real(t, row, x->column), about->digits);
    else
        page_print(p, "%lld", (long long)result_whole(t, row, x->column));
    page_put(p, "</td>");
}

static void put_caption(report *r, const result_table *t, int64_t rows, const char *title,
                        const char *how) {
    page *p = &r->page;
    page_print(p, "<caption><b>Table %d. ", ++r->tables);
    page_put(p, title);
    page_put(p, ".</b> ");
    page_put(p, how);
    if (rows < result_rows(t))
        page_print(p, " The first %lld of %lld rows are shown.", (long long)rows,
                   (long long)result_rows(t));
    put_csv(r, t);
    page_put(p, "</caption>\n");
}

void report_table(report *r, const result_table *t, const char *const *columns, int64_t most,
                  const char *title, const char *how) {
    page *p = &r->page;
    shown list[MOST_SHOWN];
    const int n = choose_columns(t, columns, list);
    const int64_t rows = most && result_rows(t) > most ? most : result_rows(t);
    page_put(p, "<div class=\"wrap\"><table>\n");
    put_caption(r, t, rows, title, how);
    page_put(p, "<thead><tr>");
    for (int i = 0; i < n; i++)
        put_heading(r, t, &list[i]);
    page_put(p, "</tr></thead>\n<tbody>\n");
    for (int64_t row = 0; row < rows; row++) {
        page_put(p, "<tr>");
        for (int i = 0; i < n; i++)
            put_cell(p, t, row, &list[i]);
        page_put(p, "</tr>\n");
    }
    page_put(p, "</tbody></table></div>\n");
}
