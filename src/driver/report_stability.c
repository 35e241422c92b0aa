// SPDX-License-Identifier: Apache-2.0
/* Agreement between runs: results of stability. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { MOST_WORDS = 25, FEW_WORDS = 8, MOST_ROWS = 60 };

static bool has_stability(const report *r) {
    return report_count(r, "stability", "measures") || report_count(r, "stability", "pairs") ||
           report_count(r, "study", "sources");
}

/* ---- sources of noise: the overlap of all results side by side */

static bool cell_is(const result_table *t, int64_t row, const char *column, const char *text) {
    size_t length;
    return !strcmp(chart_text(t, row, column, &length), text);
}

static bool is_one(const result_table *t, const char *column) {
    size_t length;
    for (int64_t i = 1; i < result_rows(t); i++)
        if (!cell_is(t, i, column, chart_text(t, 0, column, &length)))
            return false;
    return true;
}

/* Groups of runs; differences of groups are none. */
static bool is_group(const result_table *t, int64_t row) {
    size_t length;
    return cell_is(t, row, "measure", "overlap") && isfinite(chart_real(t, row, "mean")) &&
           !strstr(chart_text(t, row, "group", &length), " - ");
}

static const result_column group_columns[] = {
    {"group", RESULT_TEXT, 0},   {"mean", RESULT_REAL, 3},   {"low", RESULT_REAL, 3},
    {"high", RESULT_REAL, 3},    {"chance", RESULT_REAL, 5}, {"n_runs", RESULT_WHOLE, 0},
    {"n_pairs", RESULT_WHOLE, 0}};
enum { GROUP_COLUMNS = sizeof group_columns / sizeof *group_columns };

/* What a study found: a row for each source, with corpus and setting where there are several. */
static void add_sources(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "sources");
    const bool several = t && (!is_one(t, "corpus") || !is_one(t, "setting"));
    char label[300];
    for (int64_t i = 0; t && to && i < result_rows(t); i++) {
        size_t length;
        snprintf(label, sizeof label, "%.90s%s%.90s%s%.90s", chart_text(t, i, "source", &length),
                 several ? ", " : "", several ? chart_text(t, i, "corpus", &length) : "",
                 several ? ", " : "", several ? chart_text(t, i, "setting", &length) : "");
        result_put_string(to, label);
        result_put_real(to, chart_real(t, i, "overlap"));
        for (int c = 2; c < 5; c++)
            result_put_real(to, chart_real(t, i, group_columns[c].name));
        for (int c = 5; c < GROUP_COLUMNS; c++)
            result_put_whole(to, (int64_t)chart_real(t, i, group_columns[c].name));
    }
}

static void add_groups(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "measures");
    char label[300];
    for (int64_t i = 0; t && to && i < result_rows(t); i++) {
        size_t length;
        if (!is_group(t, i))
            continue;
        const char *name = chart_text(t, i, "group", &length);
        const bool all = !length || !strcmp(name, "all");
        snprintf(label, sizeof label, "%.150s%s%.100s", from->label, all ? "" : ", ",
                 all ? "" : name);
        result_put_string(to, label);
        for (int c = 1; c < 5; c++)
            result_put_real(to, chart_real(t, i, group_columns[c].name));
        for (int c = 5; c < GROUP_COLUMNS; c++)
            result_put_whole(to, (int64_t)chart_real(t, i, group_columns[c].name));
    }
}

static status write_groups(report *r) {
    char id[16];
    result_table *t =
        result_add(&r->data, "sources_of_noise", "neighbour overlap within each group of runs",
                   group_columns, GROUP_COLUMNS);
    for (int i = 0; i < r->n_results; i++) {
        const report_result *from = &r->results[i];
        if (report_count(r, "study", "sources"))
            add_sources(from, t);
        else if (!strcmp(from->found.command, "stability"))
            add_groups(from, t);
    }
    if (!t || result_rows(t) < 2)
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
    report_end_figure(r, "Sources of noise",
                      "Dots: mean share of nearest neighbours that two runs of a group have in "
                      "common; bars: 95\u00a0% interval over runs; crosses: chance level. "
                      "The further left, the more the runs of that group differ, and so what they "
                      "differ in matters.",
                      t);
    return s;
}

/* ---- measures */

static void write_measures(report *r, const report_result *from, bool briefly) {
    static const char *const columns[] = {"measure", "group",  "mean",    "low",    "high",
                                          "sd",      "n_runs", "n_pairs", "chance", NULL};
    const result_table *t = report_take(r, from, "measures");
    if (t && !briefly)
        report_table(
            r, t, columns, MOST_ROWS, "Agreement between runs",
            "Means over pairs of runs. Pairs share runs and so are not independent: the "
            "intervals leave out a run at a time. Neighbour overlap and eigenspace instability "
            "predict best whether results built on the vectors agree; Procrustes "
            "distances are weaker and not comparable across dimensions.");
}

/* ---- by frequency */

static const result_column bin_columns[] = {{"series", RESULT_TEXT, 0}, {"bin", RESULT_WHOLE, 0},
                                            {"ranks", RESULT_TEXT, 0},  {"overlap", RESULT_REAL, 4},
                                            {"low", RESULT_REAL, 4},    {"high", RESULT_REAL, 4},
                                            {"chance", RESULT_REAL, 6}};

/* The rows of one series; of overlaps between groups there are no intervals. */
static void add_bins(const result_table *bins, const char *series, const char *column,
                     result_table *to) {
    char text[64];
    const bool between = !strcmp(column, "between");
    for (int64_t i = 0; to && i < result_rows(bins); i++) {
        snprintf(text, sizeof text, "%.0f–%.0f", chart_real(bins, i, "first"),
                 chart_real(bins, i, "last"));
        result_put_string(to, series);
        result_put_whole(to, i + 1);
        result_put_string(to, text);
        result_put_real(to, chart_real(bins, i, column));
        result_put_real(to, between ? NAN : chart_real(bins, i, "low"));
        result_put_real(to, between ? NAN : chart_real(bins, i, "high"));
        result_put_real(to, chart_real(bins, i, "chance"));
    }
}

static status draw_bins(report *r, const result_table *t) {
    char id[16];
    report_begin_figure(r, false);
    const chart_lines spec = {.c = {.data = t,
                                    .id = report_chart_id(r, 0, id),
                                    .title = "Neighbour overlap by frequency of the words",
                                    .width = CHART_WIDTH,
                                    .x_title = "rank of the word by frequency",
                                    .y_title = "overlap of the nearest neighbours"},
                              .series = "series",
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
    report_end_figure(r, "Stability by frequency",
                      "Share of nearest neighbours that two runs have in common, from the most "
                      "frequent words on the left to the rarest on the right. Bars: 95\u00a0% "
                      "interval over runs; dotted: what runs without any relation would share.",
                      t);
    return s;
}

static result_table *new_bins(report *r, const char *name) {
    return result_add(&r->data, name, "neighbour overlap by frequency of the words", bin_columns,
                      sizeof bin_columns / sizeof *bin_columns);
}

static status write_bins(report *r, const report_result *from) {
    const result_table *bins = result_find(&from->found, "bins");
    char name[128];
    if (!chart_has(bins, "overlap"))
        return status_ok();
    result_table *t = new_bins(r, report_name(r, from, "by_frequency", name));
    add_bins(bins, "same group", "overlap", t);
    if (chart_has(bins, "between"))
        add_bins(bins, "other group", "between", t);
    return t ? draw_bins(r, t) : status_ok();
}

/* Of many results a line each. */
static status write_all_bins(report *r) {
    result_table *t = new_bins(r, "by_frequency");
    for (int i = 0; i < r->n_results; i++) {
        const result_table *bins = result_find(&r->results[i].found, "bins");
        if (!strcmp(r->results[i].found.command, "stability") && chart_has(bins, "overlap"))
            add_bins(bins, r->results[i].label, "overlap", t);
    }
    return t && result_rows(t) ? draw_bins(r, t) : status_ok();
}

/* ---- pairs */

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
        result_put_string(to, report_run_label(from, chart_real(t, i, "a"), label));
        result_put_string(to, report_run_label(from, chart_real(t, i, "b"), label));
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
        .value = measure};
    const status s = chart_draw_cells(&r->page, &spec);
    report_end_figure(
        r, title,
        "Each cell is a pair of runs, the stronger its colour the higher; columns have the "
        "numbers of the rows. Blocks show runs that are closer to each other than to "
        "the rest. The other measures are in the CSV.",
        t);
    return s;
}

/* ---- words */

/* briefly: the least stable only. */
static void write_words(report *r, const report_result *from, bool briefly) {
    static const char *const columns[] = {"word", "rank", "count",        "mean",    "low",
                                          "high", "sd",   "displacement", "between", NULL};
    const result_table *words = result_find(&from->found, "words");
    char name[128];
    if (!chart_has(words, "mean"))
        return;
    report_take(r, from, "words");
    const result_table *least = report_take(r, from, "least_stable");
    if (!least)
        least = report_select(r, words, report_name(r, from, "least_stable", name),
                              "least stable words", "mean", false, MOST_WORDS);
    if (least)
        report_table(r, least, columns, briefly ? FEW_WORDS : MOST_WORDS,
                     "The least stable of the frequent words",
                     "Mean overlap of the word's nearest neighbours over pairs of runs. What is "
                     "said of the neighbours of these words does not stand with another run.");
    const result_table *most = report_select(r, words, report_name(r, from, "most_stable", name),
                                             "most stable words", "mean", true, MOST_WORDS);
    if (most && !briefly)
        report_table(r, most, columns, 0, "The most stable words", "The other end of the list.");
}

static status write_result(report *r, const report_result *from, bool briefly) {
    status s = briefly ? status_ok() : write_bins(r, from);
    if (!s.code && !briefly)
        s = write_pairs(r, from);
    write_measures(r, from, briefly);
    write_words(r, from, briefly);
    return s;
}

static status write_stability(report *r) {
    const bool briefly = report_count(r, "stability", "measures") > REPORT_FEW;
    report_begin_section(r, report_stability.id, report_stability.title,
                         "What another run would change, all else being as it is.");
    status s = write_groups(r);
    if (!s.code && briefly)
        s = write_all_bins(r);
    for (int i = 0; i < r->n_results && !s.code; i++) {
        const report_result *from = &r->results[i];
        if (strcmp(from->found.command, "stability") != 0)
            continue;
        report_put_name(r, from);
        s = write_result(r, from, briefly);
    }
    report_end_section(r);
    return s;
}

const report_section report_stability = {"stability", "Agreement between runs", has_stability,
                                         write_stability};
