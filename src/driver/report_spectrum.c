// SPDX-License-Identifier: Apache-2.0
/* Spectra of the vectors, from results that have them. */
#include <stdio.h>
#include <string.h>

#include "report.h"

/* What the spectrum in a row is of: an epoch, or a run. */
static void name_series(const report_result *from, const result_table *t, int64_t row,
                        char text[128]) {
    const double epoch = chart_real(t, row, "epoch");
    if (epoch >= 0)
        snprintf(text, 128, "epoch %.0f", epoch);
    else
        report_run_label(from, chart_real(t, row, "run"), text);
}

static const result_column columns[] = {{"series", RESULT_TEXT, 0},
                                        {"index", RESULT_WHOLE, 0},
                                        {"value", RESULT_REAL, 6},
                                        {"share", RESULT_REAL, 6}};

static bool has_shares(const report_result *from) {
    return chart_has(result_find(&from->found, "spectrum"), "share");
}

/* series: what its first spectrum is called, and the others are left out; NULL: all by their own
 * names. */
static void add_spectra(const report_result *from, const char *series, result_table *to) {
    const result_table *t = result_find(&from->found, "spectrum");
    char first[128], name[128];
    name_series(from, t, 0, first);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        name_series(from, t, i, name);
        if (series && strcmp(first, name) != 0)
            break;
        result_put_string(to, series ? series : name);
        result_put_whole(to, (int64_t)chart_real(t, i, "index"));
        result_put_real(to, chart_real(t, i, "value"));
        result_put_real(to, chart_real(t, i, "share"));
    }
}

static status draw(report *r, const result_table *t, const char *what) {
    char id[16], how[512];
    report_begin_figure(r, false);
    const chart_lines spec = {.c = {.data = t,
                                    .id = report_chart_id(r, 0, id),
                                    .title = "Eigenvalues of the vectors",
                                    .width = CHART_WIDTH,
                                    .x_title = "eigenvalue, from the largest",
                                    .y_title = "share of their sum"},
                              .series = "series",
                              .x = "index",
                              .y = "share",
                              .log_x = true,
                              .log_y = true};
    const status s = chart_draw_lines(&r->page, &spec);
    snprintf(how, sizeof how,
             "Eigenvalues of EᵀE / n, both axes logarithmic; %s. A flat line: all directions are "
             "used alike; a steep start: few directions hold most of the vectors, often that of "
             "frequency.",
             what);
    report_end_figure(r, "Spectrum", how, t);
    return s;
}

static int count_spectra(const report *r) {
    int n = 0;
    for (int i = 0; i < r->n_results; i++)
        n += has_shares(&r->results[i]);
    return n;
}

/* Of many results one line each. */
static status write_together(report *r) {
    result_table *t = result_add(&r->data, "spectra", "eigenvalues of C = E'E / n", columns, 4);
    for (int i = 0; i < r->n_results; i++)
        if (has_shares(&r->results[i]))
            add_spectra(&r->results[i], r->results[i].label, t);
    return t ? draw(r, t, "of each result the first run") : status_ok();
}

static status write_each(report *r) {
    status s = status_ok();
    for (int i = 0; i < r->n_results && !s.code; i++) {
        char name[128];
        if (!has_shares(&r->results[i]))
            continue;
        result_table *t = result_add(&r->data, report_name(r, &r->results[i], "spectrum", name),
                                     "eigenvalues of C = E'E / n", columns, 4);
        add_spectra(&r->results[i], NULL, t);
        if (t)
            s = draw(r, t, "a line for each run or epoch");
    }
    return s;
}

static status write_spectrum(report *r) {
    report_begin_section(r, report_spectrum.id, report_spectrum.title, NULL);
    const status s = count_spectra(r) > REPORT_FEW ? write_together(r) : write_each(r);
    report_end_section(r);
    return s;
}

static bool has_spectrum(const report *r) {
    return count_spectra(r) > 0;
}

const report_section report_spectrum = {"spectrum", "Spectrum", has_spectrum, write_spectrum};
