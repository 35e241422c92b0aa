// SPDX-License-Identifier: Apache-2.0
/* The nearest words of chosen words, side by side over runs, epochs or periods. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { MOST_SIDES = 6, MOST_WORDS = 24, MOST_MEMBERS = 25 };

static bool has_neighbours(const report *r) {
    for (int i = 0; i < r->n_results; i++) {
        const result_table *t = result_find(&r->results[i].found, "neighbours");
        if (t && result_rows(t))
            return true;
    }
    const result_table *t = result_find(&r->data, "neighbours");
    return t && result_rows(t);
}

static bool same_text(const result_table *t, int64_t i, int64_t j, const char *column) {
    size_t a, b;
    const char *x = chart_text(t, i, column, &a), *y = chart_text(t, j, column, &b);
    return a == b && !memcmp(x, y, a);
}

/* Lists of one word: rows [begin[k], end[k]) of the table. */
typedef struct {
    const result_table *t;
    int64_t first; /* a row with the word */
    int64_t begin[MOST_SIDES], end[MOST_SIDES];
    int n;     /* lists shown */
    int n_all; /* lists there are */
} lists;

/* Rows of a list follow each other. */
static int64_t list_end(const result_table *t, int64_t begin) {
    int64_t end = begin + 1;
    while (end < result_rows(t) && same_text(t, begin, end, "word") &&
           chart_real(t, begin, "number") == chart_real(t, end, "number"))
        end++;
    return end;
}

static int count_lists(const result_table *t, int64_t word) {
    int n = 0;
    for (int64_t i = 0; i < result_rows(t); i = list_end(t, i))
        n += same_text(t, word, i, "word");
    return n;
}

/* All lists, or some from the first to the last, evenly spaced. */
static lists find_lists(const result_table *t, int64_t word) {
    lists found = {.t = t, .first = word, .n_all = count_lists(t, word)};
    const int want = found.n_all < MOST_SIDES ? found.n_all : MOST_SIDES;
    int seen = 0;
    for (int64_t i = 0; i < result_rows(t) && found.n < want; i = list_end(t, i)) {
        if (!same_text(t, word, i, "word"))
            continue;
        const int next = want > 1 ? (found.n * (found.n_all - 1) + (want - 1) / 2) / (want - 1) : 0;
        if (seen++ < next)
            continue;
        found.begin[found.n] = i;
        found.end[found.n++] = list_end(t, i);
    }
    return found;
}

static bool in_all(const lists *l, int64_t row) {
    for (int k = 0; k < l->n; k++) {
        bool there = false;
        for (int64_t i = l->begin[k]; i < l->end[k]; i++)
            there = there || same_text(l->t, row, i, "neighbour");
        if (!there)
            return false;
    }
    return l->n > 1;
}

static void put_text_of(page *p, const result_table *t, int64_t row, const char *column) {
    size_t length;
    const char *text = chart_text(t, row, column, &length);
    page_word(p, text, length);
}

static void put_row(page *p, const lists *l, int64_t rank) {
    page_print(p, "<tr><th scope=\"row\" class=\"n\">%lld</th>", (long long)rank + 1);
    for (int k = 0; k < l->n; k++) {
        const int64_t row = l->begin[k] + rank;
        page_put(p, "<td class=\"w\">");
        if (row < l->end[k]) {
            page_put(p, in_all(l, row) ? "<span class=\"same\">" : "<span>");
            put_text_of(p, l->t, row, "neighbour");
            page_put(p, "</span> <small>");
            page_number(p, chart_real(l->t, row, "cosine"), 2);
            page_put(p, "</small>");
        }
        page_put(p, "</td>");
    }
    page_put(p, "</tr>\n");
}

static void put_lists(report *r, const lists *l) {
    page *p = &r->page;
    int64_t most = 0;
    page_put(p, "<div class=\"wrap keep\"><table>\n<caption><b>");
    put_text_of(p, l->t, l->first, "word");
    page_put(p, "</b>");
    if (l->n < l->n_all)
        page_print(p, ", %d of %d lists", l->n, l->n_all);
    page_put(p, "</caption>\n<thead><tr><th scope=\"col\" class=\"n\">rank</th>");
    for (int k = 0; k < l->n; k++) {
        page_put(p, "<th scope=\"col\">");
        put_text_of(p, l->t, l->begin[k], "run");
        page_put(p, "</th>");
        most = l->end[k] - l->begin[k] > most ? l->end[k] - l->begin[k] : most;
    }
    page_put(p, "</tr></thead>\n<tbody>\n");
    for (int64_t rank = 0; rank < most && rank < MOST_MEMBERS; rank++)
        put_row(p, l, rank);
    page_put(p, "</tbody></table></div>\n");
}

/* A table for each word. */
static void put_words(report *r, const result_table *t) {
    int shown = 0;
    for (int64_t i = 0; i < result_rows(t) && shown < MOST_WORDS; i++) {
        bool before = false;
        for (int64_t j = 0; j < i && !before; j = list_end(t, j))
            before = same_text(t, i, j, "word");
        if (before)
            continue;
        const lists found = find_lists(t, i);
        put_lists(r, &found);
        shown++;
    }
}

/* ---- tables of results */

static void name_list(const report_result *from, const result_table *t, int64_t row,
                      char text[128]) {
    const result_table *periods = result_find(&from->found, "periods");
    const double period = chart_real(t, row, "period");
    size_t length;
    if (isnan(period)) {
        report_run_label(from, chart_real(t, row, "run"), text);
        return;
    }
    snprintf(text, 128, "period %.0f", period);
    for (int64_t i = 0; periods && i < result_rows(periods); i++)
        if (chart_real(periods, i, "period") == period)
            snprintf(text, 128, "%.120s", chart_text(periods, i, "name", &length));
}

static const result_table *take_result(report *r, const report_result *from) {
    static const result_column columns[] = {
        {"word", RESULT_TEXT, 0},  {"number", RESULT_WHOLE, 0},   {"run", RESULT_TEXT, 0},
        {"rank", RESULT_WHOLE, 0}, {"neighbour", RESULT_TEXT, 0}, {"cosine", RESULT_REAL, 3}};
    const result_table *t = result_find(&from->found, "neighbours");
    const char *number = t && result_column_find(t, "period") >= 0 ? "period" : "run";
    char name[128], label[128];
    if (!t || !result_rows(t))
        return NULL;
    result_table *to = result_add(&r->data, report_name(r, from, "neighbours", name),
                                  result_title(t), columns, sizeof columns / sizeof *columns);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        size_t length;
        const char *word = chart_text(t, i, "word", &length);
        result_put_text(to, word, length);
        result_put_whole(to, (int64_t)chart_real(t, i, number));
        name_list(from, t, i, label);
        result_put_string(to, label);
        result_put_whole(to, (int64_t)chart_real(t, i, "rank"));
        word = chart_text(t, i, "neighbour", &length);
        result_put_text(to, word, length);
        result_put_real(to, chart_real(t, i, "cosine"));
    }
    return to;
}

static void put_group(report *r, const char *title, const result_table *t) {
    if (!t || !result_rows(t))
        return;
    page_print(&r->page, "<h3>%s</h3>\n<div class=\"lists\">\n", title);
    put_words(r, t);
    page_put(&r->page, "</div>\n");
}

static status write_neighbours(report *r) {
    report_begin_section(r, report_neighbours.id, report_neighbours.title,
                         "The nearest words by cosine, which stands beside them. "
                         "<span class=\"same\">Heavy</span>: in every list of the table.");
    const result_table *runs = result_find(&r->data, "neighbours");
    put_group(r, r->n_runs > 1 ? "In each run" : "In the run", runs);
    put_group(r, "After each epoch", result_find(&r->data, "neighbours_epochs"));
    for (int i = 0; i < r->n_results; i++) {
        const report_result *from = &r->results[i];
        const result_table *t = take_result(r, from);
        put_group(
            r, result_find(&from->found, "periods") ? "In each period" : "In the compared runs", t);
    }
    report_end_section(r);
    return status_ok();
}

const report_section report_neighbours = {"neighbours", "Neighbours", has_neighbours,
                                          write_neighbours};
