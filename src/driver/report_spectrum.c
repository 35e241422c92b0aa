// SPDX-License-Identifier: Apache-2.0
/* Spectra of the vectors, from results that have them. */
#include <stdio.h>
#include <string.h>

#include "report.h"

static bool has_spectrum(const report *r) {
    for (int i = 0; i < r->n_results; i++) {
        const result_table *t = result_find(&r->results[i].found, "spectrum");
        if (t && result_rows(t))
            return true;
    }
    return false;
}

/* What the spectrum in a row is of: an epoch, or a run. */
static void name_series(const report_result *from, const result_table *t, int64_t row,
                        char text[128]) {
    const double epoch = chart_real(t, row, "epoch");
    if (epoch >= 0)
        snprintf(text, 128, "epoch %.0f", epoch);
    else
        report_run_label(from, chart_real(t, row, "run"), text);
}

static const result_table *take(report *r, const report_result *from) {
    static const result_column columns[] = {{"series", RESULT_TEXT, 0},
                                            {"index", RESULT_WHOLE, 0},
                                            {"value", RESULT_REAL, 6},
                                            {"share", RESULT_REAL, 6}};
    const result_table *t = result_find(&from->found, "spectrum");
    char name[128], series[128];
    if (!t || !result_rows(t))
        return NULL;
    result_table *to = result_add(&r->data, report_name(r, from, "spectrum", name),
                                  "eigenvalues of C = E'E / n", columns, 4);
    for (int64_t i = 0; to && i < result_rows(t); i++) {
        name_series(from, t, i, series);
        result_put_string(to, series);
        result_put_whole(to, (int64_t)chart_real(t, i, "index"));
        result_put_real(to, chart_real(t, i, "value"));
        result_put_real(to, chart_real(t, i, "share"));
    }
    return to;
}

static status write_spectrum(report *r) {
    status s = status_ok();
    report_begin_section(r, report_spectrum.id, report_spectrum.title, NULL);
    for (int i = 0; i < r->n_results && !s.code; i++) {
        char id[16];
        const result_table *t = take(r, &r->results[i]);
        if (!t || !chart_has(t, "share"))
            continue;
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
        s = chart_draw_lines(&r->page, &spec);
        report_end_figure(r, "Spectrum",
                          "Eigenvalues of EᵀE / n, both axes logarithmic. A flat line: all "
                          "directions are used alike; a steep start: few directions hold most of "
                          "the vectors, often that of frequency.",
                          t);
    }
    report_end_section(r);
    return s;
}

const report_section report_spectrum = {"spectrum", "Spectrum", has_spectrum, write_spectrum};
