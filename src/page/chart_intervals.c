// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "chart_internal.h"

enum { MOST_NAME = 34, ROW = 22 };

static int64_t rows_of(const chart_intervals *spec) {
    const int64_t n = result_rows(spec->c.data);
    return spec->most && n > spec->most ? spec->most : n;
}

static bool find_range(const chart_intervals *spec, chart_range *r) {
    *r = chart_range_new(false);
    for (int64_t i = 0; i < rows_of(spec); i++) {
        const result_table *t = spec->c.data;
        chart_range_see(r, chart_real(t, i, spec->value));
        chart_range_see(r, chart_real(t, i, spec->low));
        chart_range_see(r, chart_real(t, i, spec->high));
        chart_range_see(r, chart_real(t, i, spec->other));
    }
    return chart_range_finish(r, spec->from_zero, 0.04);
}

static int names_width(const chart_intervals *spec) {
    int widest = 4;
    for (int64_t i = 0; i < rows_of(spec); i++) {
        size_t length;
        const char *name = chart_text(spec->c.data, i, spec->label, &length);
        const int width = drawing_width(name, length);
        widest = width > widest ? width : widest;
    }
    return widest < MOST_NAME ? widest : MOST_NAME;
}

/* The first row of the table is on top. */
static void put_tics(const chart_intervals *spec, drawing *d) {
    fprintf(d->script, "set ytics scale 0 offset 0,0 (");
    for (int64_t i = 0; i < rows_of(spec); i++) {
        size_t length;
        const char *name = chart_text(spec->c.data, i, spec->label, &length);
        fprintf(d->script, "%s%s %d", i ? ", " : "", drawing_short(d, name, length, MOST_NAME).text,
                (int)-i);
    }
    fprintf(d->script, ")\n");
}

static bool is_sure(const chart_intervals *spec, int64_t row) {
    size_t length;
    return !spec->sure || strcmp(chart_text(spec->c.data, row, spec->sure, &length), "no") != 0;
}

static void put_plot(const chart_intervals *spec, drawing *d) {
    const result_table *t = spec->c.data;
    fprintf(d->script, "$rows << END\n");
    for (int64_t i = 0; i < rows_of(spec); i++)
        fprintf(d->script, "%d %.9g %.9g %.9g %.9g %d\n", (int)-i, chart_real(t, i, spec->value),
                chart_real(t, i, spec->low), chart_real(t, i, spec->high),
                chart_real(t, i, spec->other), is_sure(spec, i));
    fprintf(d->script, "END\nplot ");
    if (spec->low)
        fprintf(d->script,
                "$rows using 3:1:($4-$3):(0) with vectors nohead lc rgb '#0000%02x' lw 2, ",
                ROLE_SERIES);
    if (spec->other)
        fprintf(d->script, "$rows using 5:1 with points pt 2 ps 0.7 lw 1.5 lc rgb '#0000%02x', ",
                ROLE_SERIES + 1);
    fprintf(
        d->script,
        "$rows using ($6 == 1 ? $2 : NaN):1 with points pt 7 ps 0.8 lc rgb '#0000%02x', "
        "$rows using ($6 == 1 ? NaN : $2):1 with points pt 7 ps 0.8 lc rgb '#0000%02x', "
        "$rows using ($6 == 1 ? NaN : $2):1 with points pt 6 ps 0.8 lw 1.5 lc rgb '#0000%02x'\n",
        ROLE_SERIES, ROLE_PAPER, ROLE_SERIES);
}

static status draw(page *p, const chart_intervals *spec, const chart_range *x) {
    const int rows = (int)rows_of(spec);
    const chart_range y = {-rows + 0.4, 0.6, false};
    const chart_frame frame = {.left = names_width(spec) * CHARACTER + 20,
                               .right = 18,
                               .top = 8,
                               .bottom = spec->c.x_title ? 50 : 28};
    drawing d;
    status s = drawing_begin(&d, spec->c.width, rows * ROW + frame.top + frame.bottom);
    if (!s.code) {
        chart_axes(&d, &spec->c, &frame, x, &y, false, true);
        put_tics(spec, &d);
        put_plot(spec, &d);
        s = drawing_end(&d, p, spec->c.id, spec->c.title);
    }
    drawing_clear(&d);
    return s;
}

status chart_draw_intervals(page *p, const chart_intervals *spec) {
    chart_range x;
    return find_range(spec, &x) ? draw(p, spec, &x) : status_ok();
}
