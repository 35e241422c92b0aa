// SPDX-License-Identifier: Apache-2.0
/* The figures that may be cited, on top: value, interval, n and chance level together. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

static bool has_summary(const report *r) {
    return report_has(r, "stability", "measures") || report_has(r, "drift", "steps");
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

static void add_measures(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "measures");
    char text[256], heading[128];
    for (int64_t i = 0; t && i < result_rows(t); i++) {
        size_t length, group_length;
        const char *measure = chart_text(t, i, "measure", &length),
                   *of = chart_text(t, i, "group", &group_length);
        if (!isfinite(chart_real(t, i, "mean")))
            continue;
        snprintf(text, sizeof text, "%.120s%s%.100s", report_heading(measure, heading),
                 group_length ? ", " : "", of);
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

/* Share of the words that changed significantly, by step. */
static void add_steps(const report_result *from, result_table *to) {
    const result_table *t = result_find(&from->found, "steps");
    char text[300], step[256];
    for (int64_t i = 0; t && i < result_rows(t); i++) {
        const double found = chart_real(t, i, "n_significant");
        if (!isfinite(found))
            continue;
        report_step(from, (int64_t)chart_real(t, i, "from"), (int64_t)chart_real(t, i, "to"), step);
        snprintf(text, sizeof text, "words changed, %s", step);
        result_put_string(to, text);
        result_put_real(to, found);
        for (int c = 2; c < 5; c++)
            result_put_real(to, NAN);
        *text = '\0';
        if (isfinite(chart_real(t, i, "fdr")))
            snprintf(text, sizeof text, "false discovery rate %.3g", chart_real(t, i, "fdr"));
        put_words_of(from, text, sizeof text);
        result_put_string(to, text);
        result_put_string(to, from->label);
    }
}

static status write_summary(report *r) {
    result_table *t = result_add(&r->data, "summary", "figures to cite", columns,
                                 sizeof columns / sizeof *columns);
    for (int i = 0; i < r->n_results && t; i++) {
        if (!strcmp(r->results[i].found.command, "stability"))
            add_measures(&r->results[i], t);
        if (!strcmp(r->results[i].found.command, "drift"))
            add_steps(&r->results[i], t);
    }
    if (!t)
        return status_ok();
    report_begin_section(r, report_summary.id, report_summary.title, NULL);
    report_table(r, t, NULL, 40, "Figures to cite",
                 "Give them with their interval, n and chance level. Intervals are of 95 % and "
                 "resample runs; chance is what unrelated vectors would give.");
    report_end_section(r);
    return status_ok();
}

const report_section report_summary = {"summary", "Summary", has_summary, write_summary};
