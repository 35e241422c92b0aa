// SPDX-License-Identifier: Apache-2.0
/* Agreement between runs: results of stability. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { MOST_WORDS = 25, MOST_ROWS = 60 };

static bool has_stability(const report *r) {
    return report_has(r, "stability", "measures") || report_has(r, "stability", "pairs");
}

/* ---- measures, by group */

static bool is_measure(const result_table *t, int64_t row, const char *name) {
    size_t length;
    const char *text = chart_text(t, row, "measure", &length);
    return length == strlen(name) && !memcmp(text, name, length);
}

/* The groups' overlap, one row each. */
static const result_table *take_groups(report *r, const report_result *from) {
    static const result_column columns[] = {
        {"group", RESULT_TEXT, 0},   {"mean", RESULT_REAL, 3},   {"low", RESULT_REAL, 3},
        {"high", RESULT_REAL, 3},    {"chance", RESULT_REAL, 5}, {"n_runs", RESULT_WHOLE, 0},
        {"n_pairs", RESULT_WHOLE, 0}};
    const result_table *t = result_find(&from->found, "measures");
    char name[128];
    result_table *to = NULL;
    int n = 0;
    for (int64_t i = 0; t && i < result_rows(t); i++)
        n += is_measure(t, i, "overlap");
    if (n > 1)
        to = result_add(&r->data, report_name(r, from, "groups", name),
                        "neighbour overlap within each group of runs", columns,
                        sizeof columns / sizeof *columns);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        size_t length;
        if (!is_measure(t, i, "overlap"))
            continue;
        const char *name_of_group = chart_text(t, i, "group", &length);
        result_put_text(to, name_of_group, length);
        for (int c = 1; c < 5; c++)
            result_put_real(to, chart_real(t, i, columns[c].name));
        for (int c = 5; c < 7; c++)
            result_put_whole(to, (int64_t)chart_real(t, i, columns[c].name));
    }
    return to;
}

static status write_groups(report *r, const report_result *from) {
    char id[16];
    const result_table *t = take_groups(r, from);
    if (!t)
        return status_ok();
    report_begin_figure(r, false);
    const chart_intervals spec = {.c = {.data = t,
                                        .id = report_chart_id(r, 0, id),
                                        .title = "Neighbour overlap by group of runs",
                                        .width = CHART_WIDTH,
                                        .x_title = "overlap of the nearest neighbours"},
                                  .label = "group",
                                  .value = "mean",
                                  .low = "low",
                                  .high = "high",
                                  .other = "chance",
                                  .from_zero = true};
    const status s = chart_draw_intervals(&r->page, &spec);
    report_end_figure(
        r, "Sources of noise",
        "Dots: mean share of nearest neighbours that two runs of a group have in "
        "common; bars: 95\u00a0% interval, by resampling runs; crosses: chance level. The "
        "further left, the more that source of noise changes the neighbours.",
        t);
    return s;
}

static void write_measures(report *r, const report_result *from) {
    static const char *const columns[] = {"measure", "group",  "mean",    "low",    "high",
                                          "sd",      "n_runs", "n_pairs", "chance", NULL};
    const result_table *t = report_take(r, from, "measures");
    if (t)
        report_table(r, t, columns, MOST_ROWS, "Agreement between runs",
                     "Means over pairs of runs. Pairs share runs and so are not independent: the "
                     "intervals resample runs. Neighbour overlap and eigenspace instability "
                     "predict best whether results built on the vectors agree; Procrustes "
                     "distances are weaker and not comparable across dimensions.");
}

/* ---- by frequency */

static status write_bins(report *r, const report_result *from) {
    static const char *const columns[] = {"words",   "overlap", "low",    "high",
                                          "jaccard", "sd",      "chance", NULL};
    char id[16];
    const result_table *t = report_bins(r, from, columns);
    if (!t || !chart_has(t, "overlap"))
        return status_ok();
    report_begin_figure(r, false);
    const chart_lines spec = {.c = {.data = t,
                                    .id = report_chart_id(r, 0, id),
                                    .title = "Neighbour overlap by frequency of the words",
                                    .width = CHART_WIDTH,
                                    .x_title = "rank of the word by frequency",
                                    .y_title = "overlap of the nearest neighbours"},
                              .x = "bin",
                              .x_label = "ranks",
                              .y = "overlap",
                              .low = "low",
                              .high = "high",
                              .level = "chance",
                              .level_name = "chance",
                              .from_zero = true,
                              .points = true};
    const status s = chart_draw_lines(&r->page, &spec);
    report_end_figure(
        r, "Stability by frequency",
        "Share of nearest neighbours that two runs have in common, from the most "
        "frequent words on the left to the rarest on the right. Bars: 95\u00a0% interval "
        "by resampling runs; dotted: what runs without any relation would share.",
        t);
    return s;
}

/* ---- pairs */

static const char *run_label(const report_result *from, double run, char text[128]) {
    const result_table *runs = result_find(&from->found, "runs");
    size_t length = 0;
    const char *path = runs && run >= 0 && run < (double)result_rows(runs)
                           ? chart_text(runs, (int64_t)run, "run", &length)
                           : "";
    for (const char *end = path + length, *c = end; c > path; c--)
        if (c[-1] == '/') {
            length = (size_t)(end - c);
            path = c;
            break;
        }
    if (length > 3 && !memcmp(path + length - 3, ".h5", 3))
        length -= 3;
    if (length)
        snprintf(text, 128, "%.*s", length < 120 ? (int)length : 120, path);
    else
        snprintf(text, 128, "run %.0f", run + 1);
    return text;
}

static const result_table *take_pairs(report *r, const report_result *from) {
    static const char *const measures[] = {
        "overlap",     "jaccard",      "eis", "eigenspace_overlap", "pip",
        "rsa_pearson", "rsa_spearman", "cka", "procrustes_cosine",  "procrustes_residual"};
    enum { N = 2 + sizeof measures / sizeof *measures };
    const result_table *t = result_find(&from->found, "pairs");
    result_column columns[N] = {{"a", RESULT_TEXT, 0}, {"b", RESULT_TEXT, 0}};
    char name[128], label[128];
    for (int c = 2; c < N; c++)
        columns[c] = (result_column){measures[c - 2], RESULT_REAL, 4};
    if (!t || !result_rows(t))
        return NULL;
    result_table *to =
        result_add(&r->data, report_name(r, from, "pairs", name), "pairs of runs", columns, N);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        result_put_string(to, run_label(from, chart_real(t, i, "a"), label));
        result_put_string(to, run_label(from, chart_real(t, i, "b"), label));
        for (int c = 2; c < N; c++)
            result_put_real(to, chart_real(t, i, columns[c].name));
    }
    return to;
}

/* The first measure that was taken. */
static const char *choose_measure(const result_table *t) {
    for (int c = 2; c < result_columns(t); c++)
        if (chart_has(t, result_column_at(t, c)->name))
            return result_column_at(t, c)->name;
    return NULL;
}

static status write_pairs(report *r, const report_result *from) {
    const result_table *t = take_pairs(r, from);
    const char *measure = t ? choose_measure(t) : NULL;
    char id[16], heading[128], title[256];
    if (!measure || result_rows(t) < 3)
        return status_ok();
    report_begin_figure(r, false);
    snprintf(title, sizeof title, "Similarity of runs: %s", report_heading(measure, heading));
    const chart_cells spec = {
        .c = {.data = t, .id = report_chart_id(r, 0, id), .title = title, .width = CHART_WIDTH},
        .a = "a",
        .b = "b",
        .value = measure,
        .digits = 2,
        .low = NAN,
        .high = NAN};
    const status s = chart_draw_cells(&r->page, &spec);
    report_end_figure(r, title,
                      "Each cell is a pair of runs, the darker the higher; columns have the "
                      "numbers of the rows. Blocks show runs that are closer to each other than to "
                      "the rest. The other measures are in the CSV.",
                      t);
    return s;
}

/* ---- words */

static void write_words(report *r, const report_result *from) {
    static const char *const columns[] = {"word", "rank", "mean",   "low",
                                          "high", "sd",   "cosine", NULL};
    const result_table *words = result_find(&from->found, "words");
    char name[128];
    if (!words || !chart_has(words, "mean"))
        return;
    report_take(r, from, "words");
    const result_table *least = report_select(r, words, report_name(r, from, "least_stable", name),
                                              "least stable words", "mean", false, MOST_WORDS);
    if (least)
        report_table(r, least, columns, 0, "The least stable words",
                     "Mean overlap of the word's nearest neighbours over pairs of runs. Claims "
                     "about the neighbours of these words do not survive another run.");
    const result_table *most = report_select(r, words, report_name(r, from, "most_stable", name),
                                             "most stable words", "mean", true, MOST_WORDS);
    if (most)
        report_table(r, most, columns, 0, "The most stable words", "The other end of the list.");
}

static status write_stability(report *r) {
    status s = status_ok();
    report_begin_section(r, report_stability.id, report_stability.title,
                         "What another run would change, all else being as it is.");
    for (int i = 0; i < r->n_results && !s.code; i++) {
        const report_result *from = &r->results[i];
        if (strcmp(from->found.command, "stability") != 0)
            continue;
        if (r->n_results > 1) {
            page_put(&r->page, "<h3>");
            page_word(&r->page, from->label, strlen(from->label));
            page_put(&r->page, "</h3>\n");
        }
        s = write_groups(r, from);
        if (!s.code)
            s = write_bins(r, from);
        if (!s.code)
            s = write_pairs(r, from);
        write_measures(r, from);
        write_words(r, from);
    }
    report_end_section(r);
    return s;
}

const report_section report_stability = {"stability", "Agreement between runs", has_stability,
                                         write_stability};
