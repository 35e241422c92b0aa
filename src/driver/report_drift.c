// SPDX-License-Identifier: Apache-2.0
/* Change of the vectors: results of drift, between the epochs of a run and between periods. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { MOST_WORDS = 40, MOST_PLOTTED = 25 };

static bool is_drift(const report_result *x, const char *table) {
    const result_table *t = result_find(&x->found, table);
    return !strcmp(x->found.command, "drift") && t && result_rows(t);
}

/* Lines over frequency of the first of the columns that there is, one for each step. */
static status write_bins(report *r, const report_result *from, const char *const *columns,
                         const char *how) {
    char id[16], heading[128];
    const result_table *t = report_bins(r, from, columns);
    while (t && *columns && !chart_has(t, *columns))
        columns++;
    if (!t || !*columns)
        return status_ok();
    report_begin_figure(r, false);
    const chart_lines spec = {.c = {.data = t,
                                    .id = report_chart_id(r, 0, id),
                                    .title = "Change by frequency of the words",
                                    .width = CHART_WIDTH,
                                    .x_title = "rank of the word by frequency",
                                    .y_title = report_heading(*columns, heading)},
                              .series = "series",
                              .x = "bin",
                              .x_label = "ranks",
                              .y = *columns,
                              .level = chart_has(t, "control") ? "control" : NULL,
                              .level_name = "shuffled control",
                              .from_zero = true,
                              .points = true};
    const status s = chart_draw_lines(&r->page, &spec);
    report_end_figure(r, "Change by frequency", how, t);
    return s;
}

/* ---- between epochs */

static bool has_epochs(const report *r) {
    return report_count(r, "drift", "epochs");
}

static void write_epoch_words(report *r, const report_result *from) {
    static const char *const by[] = {"displacement_aligned", "displacement", "turnover"};
    static const char *const shown[] = {"word",
                                        "rank",
                                        "count",
                                        "displacement_aligned",
                                        "path_displacement_aligned",
                                        "norm_change",
                                        "turnover",
                                        "path_turnover",
                                        NULL};
    const result_table *words = result_find(&from->found, "words"),
                       *t = report_take(r, from, "moved");
    char name[128];
    if (!words)
        return;
    report_take(r, from, "words");
    for (size_t i = 0; i < sizeof by / sizeof *by && !t; i++)
        if (chart_has(words, by[i]))
            t = report_select(r, words, report_name(r, from, "most_moved", name),
                              "words that moved most", by[i], true, MOST_WORDS);
    if (t)
        report_table(r, t, shown, 0, "Words that moved most during training",
                     "From the first epoch to the last; path: summed over the steps. A single run: "
                     "there is no interval, and "
                     "another seed would name other words.");
}

static status write_epoch_result(report *r, const report_result *from) {
    static const char *const shown[] = {
        "displacement_aligned", "turnover",       "neighbourhood_shift", "norm",   "norm_change",
        "update_norm",          "effective_rank", "participation_ratio", "purity", NULL};
    static const char *const bins[] = {"displacement_aligned", "turnover", "displacement", "words",
                                       NULL};
    const result_table *t = report_take(r, from, "epochs");
    int n;
    report_put_name(r, from);
    report_begin_figure(r, true);
    const chart_lines spec = {
        .c = {.data = t, .width = CHART_PANEL, .height = 210, .x_title = "epoch"},
        .x = "to",
        .from_zero = true,
        .points = true};
    status s = report_panels(r, &spec, shown, &n);
    report_end_figure(r, "What each epoch changed",
                      "Each point compares the snapshot of an epoch with the one before it, after "
                      "the best rotation where it says aligned. Displacement: 1 − cosine; "
                      "turnover: share of nearest neighbours that are new; cluster agreement: with "
                      "the clusters of the last epoch.",
                      t);
    if (!s.code)
        s = write_bins(r, from, bins,
                       "One line for each step between snapshots, from the most frequent words on "
                       "the left to the rarest on the right.");
    write_epoch_words(r, from);
    return s;
}

static status write_epochs(report *r) {
    status s = status_ok();
    report_begin_section(r, report_epochs.id, report_epochs.title, NULL);
    for (int i = 0; i < r->n_results && !s.code; i++)
        if (is_drift(&r->results[i], "epochs"))
            s = write_epoch_result(r, &r->results[i]);
    report_end_section(r);
    return s;
}

const report_section report_epochs = {"epochs", "Drift between epochs", has_epochs, write_epochs};

/* ---- between periods */

static bool has_periods(const report *r) {
    return report_count(r, "drift", "steps");
}

/* Steps with their names. */
static const result_table *take_steps(report *r, const report_result *from) {
    static const char *const numbers[] = {"change",
                                          "low",
                                          "high",
                                          "within",
                                          "control",
                                          "displacement_aligned",
                                          "neighbourhood_shift",
                                          "turnover",
                                          "n_controls",
                                          "n_significant",
                                          "fdr"};
    enum { N = 2 + sizeof numbers / sizeof *numbers };
    const result_table *t = result_find(&from->found, "steps");
    result_column columns[N] = {{"step", RESULT_TEXT, 0}, {"number", RESULT_WHOLE, 0}};
    char name[128], text[256];
    int n = 2;
    for (int c = 2; c < N; c++)
        if (result_column_find(t, numbers[c - 2]) >= 0)
            columns[n++] = (result_column){numbers[c - 2], RESULT_REAL,
                                           strncmp(numbers[c - 2], "n_", 2) ? 4 : 0};
    result_table *to = result_add(&r->data, report_name(r, from, "steps", name),
                                  "steps between periods", columns, n);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        result_put_string(to, report_step(from, (int64_t)chart_real(t, i, "from"),
                                          (int64_t)chart_real(t, i, "to"), text));
        result_put_whole(to, i + 1);
        for (int c = 2; c < n; c++)
            result_put_real(to, chart_real(t, i, columns[c].name));
    }
    return to;
}

static status write_steps(report *r, const report_result *from) {
    static const char *const shown[] = {"change",   "displacement_aligned", "neighbourhood_shift",
                                        "turnover", "n_significant",        NULL};
    static const char *const columns[] = {"step",          "change",  "low",      "high",
                                          "within",        "control", "turnover", "n_controls",
                                          "n_significant", "fdr",     NULL};
    const result_table *t = take_steps(r, from);
    status s = status_ok();
    int n;
    if (t && result_rows(t) > 1) {
        report_begin_figure(r, true);
        const chart_lines spec = {.c = {.data = t, .width = CHART_PANEL, .height = 220},
                                  .x = "number",
                                  .x_label = "step",
                                  .from_zero = true,
                                  .points = true};
        s = report_panels(r, &spec, shown, &n);
        report_end_figure(r, "Change from period to period", "Means over the shared words.", t);
    }
    if (t)
        report_table(
            r, t, columns, 0, "Steps",
            "Significant words: those that changed more than words change between parts of "
            "the shuffled documents, at the false discovery rate given.");
    return s;
}

/* The words that changed most with names for their rows: word, step. */
static const result_table *take_changed(report *r, const report_result *from) {
    static const result_column columns[] = {
        {"label", RESULT_TEXT, 0}, {"word", RESULT_TEXT, 0},   {"step", RESULT_TEXT, 0},
        {"rank", RESULT_WHOLE, 0}, {"change", RESULT_REAL, 3}, {"low", RESULT_REAL, 3},
        {"high", RESULT_REAL, 3},  {"within", RESULT_REAL, 3}, {"control", RESULT_REAL, 3},
        {"p", RESULT_REAL, 4},     {"q", RESULT_REAL, 4},      {"significant", RESULT_TEXT, 0}};
    enum { N = sizeof columns / sizeof *columns };
    const result_table *listed = result_find(&from->found, "changed"),
                       *most = listed ? listed : result_find(&from->found, "words"),
                       *steps = result_find(&from->found, "steps");
    char name[128], text[256], label[512];
    int64_t best[MOST_WORDS];
    status s = status_ok();
    const int64_t n = most ? report_best(most, chart_has(most, "excess") ? "excess" : "change",
                                         true, MOST_WORDS, best, &s)
                           : 0;
    r->data.failure = status_first(r->data.failure, s);
    result_table *to = n ? result_add(&r->data, report_name(r, from, "most_changed", name),
                                      "words that changed most", columns, N)
                         : NULL;
    for (int64_t k = 0; to && k < n; k++) {
        const int64_t i = best[k];
        size_t length;
        const char *word = chart_text(most, i, "word", &length);
        report_step(from, (int64_t)chart_real(most, i, "from"), (int64_t)chart_real(most, i, "to"),
                    text);
        /* U+2068 ... U+2069: a word of another direction does not turn the rest around */
        snprintf(label, sizeof label, "\u2068%.*s\u2069%s%s", length < 200 ? (int)length : 200,
                 word, result_rows(steps) > 1 ? "  " : "", result_rows(steps) > 1 ? text : "");
        result_put_string(to, label);
        result_put_text(to, word, length);
        result_put_string(to, text);
        result_put_whole(to, (int64_t)chart_real(most, i, "rank"));
        for (int c = 4; c < N - 1; c++)
            result_put_real(to, chart_real(most, i, columns[c].name));
        result_put_string(to, chart_real(most, i, "significant") == 1 ? "yes" : "no");
    }
    return to;
}

/* What is known of the significance of the words in the table. */
static void tell_significance(const result_table *t, char text[160]) {
    int64_t n = 0;
    for (int64_t i = 0; i < result_rows(t); i++) {
        size_t length;
        n += !strcmp(chart_text(t, i, "significant", &length), "yes");
    }
    if (!chart_has(t, "q"))
        snprintf(text, 160, "Without control runs it is not known which of them are significant.");
    else if (n)
        snprintf(text, 160, "%lld of these %lld are significant (filled dots).", (long long)n,
                 (long long)result_rows(t));
    else
        snprintf(text, 160, "<b>None of them is significant</b> (open dots).");
}

static status write_changed(report *r, const report_result *from) {
    static const char *const shown[] = {"word", "step", "rank",        "change",
                                        "low",  "high", "within",      "control",
                                        "p",    "q",    "significant", NULL};
    const result_table *t = take_changed(r, from);
    char id[16];
    if (!t)
        return status_ok();
    report_begin_figure(r, false);
    const chart_intervals spec = {.c = {.data = t,
                                        .id = report_chart_id(r, 0, id),
                                        .title = "Words that changed most, with intervals",
                                        .width = CHART_WIDTH,
                                        .x_title = "change"},
                                  .label = "label",
                                  .value = "change",
                                  .low = "low",
                                  .high = "high",
                                  .other = chart_has(t, "control")  ? "control"
                                           : chart_has(t, "within") ? "within"
                                                                    : NULL,
                                  .sure = chart_has(t, "q") ? "significant" : NULL,
                                  .from_zero = true,
                                  .most = MOST_PLOTTED};
    const status s = chart_draw_intervals(&r->page, &spec);
    char significance[160], how[700];
    tell_significance(t, significance);
    snprintf(how, sizeof how, "%s %s", significance,
             "Significant ones first, then by what exceeds the control. Dots: change between the "
             "periods; bars: 95\u00a0% interval over runs; crosses: "
             "the change of the same word in the shuffled control (or, without one, "
             "between runs of a period). With few runs bars are long: the test is told by q, not "
             "by them.");
    report_end_figure(r, "Words that changed most", how, t);
    report_table(r, t, shown, 0, "Words that changed most",
                 "q: smallest false discovery rate at which the word would be called changed.");
    return s;
}

static status write_periods(report *r) {
    static const char *const bins[] = {"change",        "within", "control",
                                       "n_significant", "words",  NULL};
    status s = status_ok();
    report_begin_section(r, report_periods.id, report_periods.title, NULL);
    for (int i = 0; i < r->n_results && !s.code; i++) {
        const report_result *from = &r->results[i];
        if (!is_drift(from, "steps"))
            continue;
        report_put_name(r, from);
        s = write_changed(r, from);
        if (!s.code)
            s = write_steps(r, from);
        if (!s.code)
            s = write_bins(r, from, bins,
                           "One line for each step, from the most frequent words on the left to "
                           "the rarest on the right. Rare words move more by chance alone: compare "
                           "with the control.");
        report_take(r, from, "words");
    }
    report_end_section(r);
    return s;
}

const report_section report_periods = {"periods", "Change between periods", has_periods,
                                       write_periods};
