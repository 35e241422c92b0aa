// SPDX-License-Identifier: Apache-2.0
/* The figures that may be cited, on top: value, interval, n and chance level together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

static bool has_summary(const report *r) {
    return report_count(r, "stability", "measures") || report_count(r, "drift", "steps");
}

static const result_column columns[] = {{"what", RESULT_TEXT, 0},   {"value", RESULT_REAL, 3},
                                        {"low", RESULT_REAL, 3},    {"high", RESULT_REAL, 3},
                                        {"chance", RESULT_REAL, 5}, {"n", RESULT_TEXT, 0},
                                        {"source", RESULT_TEXT, 0}};

static void put_words_of(const report_result *from, char *text, size_t size) {
    const char *words = result_fact(&from->found, "words");
    const size_t used = strlen(text);
    if (words)
        snprintf(text + used, size - used, "%s%.20s words", used ? ", " : "", words);
}

/* What predicts best whether results that are built on the vectors agree; the others are in the
 * table of all measures. */
static bool is_cited(const char *measure) {
    return !strcmp(measure, "overlap") || !strcmp(measure, "eis");
}

static void add_measures(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "measures");
    char text[256], heading[128];
    for (int64_t i = 0; t && i < result_rows(t); i++) {
        size_t length, group_length;
        const char *measure = chart_text(t, i, "measure", &length),
                   *of = chart_text(t, i, "group", &group_length);
        if (!isfinite(chart_real(t, i, "mean")) || !is_cited(measure))
            continue;
        const bool all = !group_length || !strcmp(of, "all");
        snprintf(text, sizeof text, "%.120s%s%.100s", report_heading(measure, heading),
                 all ? "" : ", ", all ? "" : of);
        result_put_string(to, text);
        result_put_real(to, chart_real(t, i, "mean"));
        result_put_real(to, chart_real(t, i, "low"));
        result_put_real(to, chart_real(t, i, "high"));
        result_put_real(to, chart_real(t, i, "chance"));
        snprintf(text, sizeof text, "%.0f runs, %.0f pairs", chart_real(t, i, "n_runs"),
                 chart_real(t, i, "n_pairs"));
        put_words_of(from, text, sizeof text);
        result_put_string(to, text);
        result_put_string(to, from->label);
    }
}

/* ---- words that changed, by step */

static const result_column step_columns[] = {{"step", RESULT_TEXT, 0},
                                             {"words_changed", RESULT_WHOLE, 0},
                                             {"of_words", RESULT_WHOLE, 0},
                                             {"fdr", RESULT_REAL, 3},
                                             {"source", RESULT_TEXT, 0}};

static void add_steps(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "steps");
    char step[256];
    for (int64_t i = 0; t && i < result_rows(t); i++) {
        const double changed = chart_real(t, i, "n_significant"), words = chart_real(t, i, "words");
        if (!isfinite(changed))
            continue;
        report_step(from, (int64_t)chart_real(t, i, "from"), (int64_t)chart_real(t, i, "to"), step);
        result_put_string(to, step);
        result_put_whole(to, (int64_t)changed);
        result_put_whole(to, isfinite(words) ? (int64_t)words : 0);
        result_put_real(to, chart_real(t, i, "fdr"));
        result_put_string(to, from->label);
    }
}

/* ---- on the page */

static result_table *fill(report *r, const char *command, const char *name, const char *title,
                          const result_column *of, int n,
                          void (*add)(const report_result *from, result_table *to)) {
    result_table *t = result_add(&r->data, name, title, of, n);
    for (int i = 0; i < r->n_results && t; i++)
        if (!strcmp(r->results[i].found.command, command))
            add(&r->results[i], t);
    return t && result_rows(t) ? t : NULL;
}

static status write_summary(report *r) {
    report_begin_section(r, report_summary.id, report_summary.title, NULL);
    const result_table *t = fill(r, "stability", "summary", "agreement of runs, to cite", columns,
                                 sizeof columns / sizeof *columns, add_measures);
    if (t)
        report_table(r, t, NULL, 40, "Agreement of runs",
                     "Cite values with interval, n and chance level. Intervals are of 95\u00a0% "
                     "and over runs; chance is what unrelated vectors would give.");
    t = fill(r, "drift", "summary_changes", "words that changed, to cite", step_columns,
             sizeof step_columns / sizeof *step_columns, add_steps);
    if (t)
        report_table(
            r, t, NULL, 40, "Words that changed",
            "Words that changed more than words change between parts of the shuffled "
            "documents (controls), at this false discovery rate over the words of a step.");
    report_end_section(r);
    return status_ok();
}

const report_section report_summary = {"summary", "Summary", has_summary, write_summary};
