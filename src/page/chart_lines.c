// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chart_internal.h"
#include "memory.h"

enum { MOST_NAME = 30, DODGE = 8, MOST_TICS = 8 }; /* characters; pixels between bars */

/* Rows [begin, end) of the table. */
typedef struct {
    int64_t begin, end;
    double last_x, last_y; /* where the line ends */
    double at;             /* pixels: where its name stands, from below */
    bool named;
} line;

typedef struct {
    const chart_lines *spec;
    line *lines; /* [n] */
    int n;
    chart_range x, y;
    chart_frame frame;
    bool crowd;
} picture;

static bool same_series(const chart_lines *spec, int64_t i, int64_t j) {
    size_t a, b;
    const char *x = chart_text(spec->c.data, i, spec->series, &a),
               *y = chart_text(spec->c.data, j, spec->series, &b);
    return a == b && !memcmp(x, y, a);
}

static status find_lines(picture *q) {
    const result_table *t = q->spec->c.data;
    const int64_t n = result_rows(t);
    status s = mem_new(&q->lines, (size_t)n, sizeof *q->lines, "lines of a plot");
    for (int64_t i = 0; i < n && !s.code; i++) {
        if (i == 0 || !same_series(q->spec, i - 1, i))
            q->lines[q->n++] = (line){.begin = i, .last_y = NAN};
        line *l = &q->lines[q->n - 1];
        const double y = chart_real(t, i, q->spec->y);
        l->end = i + 1;
        if (isfinite(y)) {
            l->last_x = chart_real(t, i, q->spec->x);
            l->last_y = y;
        }
    }
    q->crowd = q->n > CHART_STYLES;
    return s;
}

static bool find_ranges(picture *q) {
    const chart_lines *spec = q->spec;
    const result_table *t = spec->c.data;
    q->x = chart_range_new(spec->log_x);
    q->y = chart_range_new(spec->log_y);
    for (int64_t i = 0; i < result_rows(t); i++) {
        chart_range_see(&q->x, chart_real(t, i, spec->x));
        chart_range_see(&q->y, chart_real(t, i, spec->y));
        chart_range_see(&q->y, chart_real(t, i, spec->low));
        chart_range_see(&q->y, chart_real(t, i, spec->high));
        chart_range_see(&q->y, chart_real(t, i, spec->level));
    }
    return chart_range_finish(&q->x, false, spec->log_x ? 0 : 0.04) &&
           chart_range_finish(&q->y, spec->from_zero, 0.06);
}

/* ---- names at the ends of lines */

static double plot_height(const picture *q, const drawing *d) {
    return d->height - q->frame.top - q->frame.bottom;
}

static void choose_names(picture *q) {
    line *highest = NULL, *lowest = NULL;
    for (int i = 0; i < q->n; i++) {
        line *l = &q->lines[i];
        l->named = !q->crowd && q->n > 1 && isfinite(l->last_y);
        if (isnan(l->last_y))
            continue;
        if (!highest || l->last_y > highest->last_y)
            highest = l;
        if (!lowest || l->last_y < lowest->last_y)
            lowest = l;
    }
    if (q->crowd && highest)
        highest->named = lowest->named = true;
}

/* Characters of a name: a third of the width is enough for them. */
static int most_name(const picture *q) {
    const int third = q->spec->c.width / 3 / CHARACTER;
    return third < MOST_NAME ? third : MOST_NAME;
}

static int names_width(const picture *q) {
    int widest = 0;
    for (int i = 0; i < q->n; i++) {
        size_t length;
        const char *name = chart_text(q->spec->c.data, q->lines[i].begin, q->spec->series, &length);
        const int width = q->lines[i].named ? drawing_width(name, length) : 0;
        widest = width > widest ? width : widest;
    }
    return widest < most_name(q) ? widest : most_name(q);
}

static int compare_ends(const void *a, const void *b) {
    const line *x = *(line *const *)a, *y = *(line *const *)b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->begin < y->begin ? 1 : -1; /* the first series on top */
}

/* Names do not overlap: each is at least a line above the one below; then down from the top. */
static status spread_names(picture *q, const drawing *d) {
    line **order;
    int n = 0;
    status s = mem_new(&order, (size_t)q->n, sizeof *order, "lines of a plot");
    for (int i = 0; i < q->n && !s.code; i++)
        if (q->lines[i].named) {
            q->lines[i].at = chart_range_place(&q->y, q->lines[i].last_y) * plot_height(q, d);
            order[n++] = &q->lines[i];
        }
    if (n)
        qsort(order, (size_t)n, sizeof *order, compare_ends);
    for (int i = 1; i < n; i++)
        order[i]->at = fmax(order[i]->at, order[i - 1]->at + LINE);
    for (int i = n - 1; i >= 0; i--)
        order[i]->at = fmin(order[i]->at, i == n - 1 ? plot_height(q, d) : order[i + 1]->at - LINE);
    mem_free(&order);
    return s;
}

static void put_names(const picture *q, drawing *d) {
    const double width = d->width, height = d->height;
    for (int i = 0; i < q->n; i++) {
        const line *l = &q->lines[i];
        size_t length;
        if (!l->named)
            continue;
        const char *name = chart_text(q->spec->c.data, l->begin, q->spec->series, &length);
        fprintf(d->script, "set label %s at screen %.5f,%.5f left tc rgb 'black'\n",
                drawing_short(d, name, length, most_name(q)).text,
                (width - q->frame.right + 22) / width, (q->frame.bottom + l->at) / height);
        if (!q->crowd)
            fprintf(d->script, "set label '' at screen %.5f,%.5f point %s ps 0.7 lw 1.5\n",
                    (width - q->frame.right + 13) / width, (q->frame.bottom + l->at) / height,
                    strstr(chart_style(i), "lc"));
    }
}

/* ---- data */

static void put_tics(const picture *q, drawing *d) {
    const chart_lines *spec = q->spec;
    fprintf(d->script, "set xtics (");
    for (int64_t i = q->lines[0].begin; i < q->lines[0].end; i++) {
        size_t length;
        const char *text = chart_text(spec->c.data, i, spec->x_label, &length);
        fprintf(d->script, "%s%s %.9g", i > q->lines[0].begin ? ", " : "",
                drawing_short(d, text, length, MOST_NAME).text,
                chart_real(spec->c.data, i, spec->x));
    }
    fprintf(d->script, ")\n");
}

/* Bars of several series stand side by side. */
static double dodge(const picture *q, const drawing *d, int series) {
    if (!q->spec->low || q->n < 2 || q->crowd || q->x.log)
        return 0;
    const double pixel = (q->x.high - q->x.low) / (d->width - q->frame.left - q->frame.right);
    const double apart = fmin(DODGE, 3.0 * DODGE / q->n);
    return (series - (q->n - 1) / 2.0) * apart * pixel;
}

static void put_data(const picture *q, drawing *d) {
    const chart_lines *spec = q->spec;
    const result_table *t = spec->c.data;
    for (int i = 0; i < q->n; i++) {
        fprintf(d->script, "$s%d << END\n", i);
        for (int64_t row = q->lines[i].begin; row < q->lines[i].end; row++)
            fprintf(d->script, "%.9g %.9g %.9g %.9g %.9g\n",
                    chart_real(t, row, spec->x) + dodge(q, d, i), chart_real(t, row, spec->y),
                    chart_real(t, row, spec->low), chart_real(t, row, spec->high),
                    chart_real(t, row, spec->level));
        fprintf(d->script, "END\n");
    }
}

static void put_plot(const picture *q, drawing *d) {
    const chart_lines *spec = q->spec;
    fprintf(d->script, "plot ");
    if (spec->level)
        fprintf(d->script, "$s0 using 1:5 with lines lc rgb '#0000%02x' lw 1.5 dt (2,3), ",
                ROLE_FAINT);
    for (int i = 0; i < q->n; i++) {
        if (spec->low)
            fprintf(d->script,
                    "$s%d using 1:3:(0):($4-$3) with vectors nohead lc rgb '#0000%02x' lw 1.5, ", i,
                    q->crowd ? ROLE_FAINT : ROLE_SERIES + i);
        if (q->crowd)
            fprintf(d->script, "$s%d using 1:2 with lines lc rgb '#0000%02x' lw 1", i, ROLE_FAINT);
        else
            fprintf(d->script, "$s%d using 1:2 with %s %s lw 2%s", i,
                    spec->points ? "linespoints" : "lines", chart_style(i),
                    spec->points ? " ps 0.7" : "");
        fprintf(d->script, "%s", i + 1 < q->n ? ", " : "\n");
    }
}

/* What the dotted line is, at its last point, away from the lines if there is room. */
static const double ROOM_BELOW = 0.12; /* of the height */

static void put_level_name(const picture *q, drawing *d) {
    const chart_lines *spec = q->spec;
    if (!spec->level || !spec->level_name || !chart_has(spec->c.data, spec->level))
        return;
    const line *l = &q->lines[0];
    const double level = chart_real(spec->c.data, l->end - 1, spec->level);
    const bool below = level < l->last_y && chart_range_place(&q->y, level) > ROOM_BELOW;
    fprintf(d->script, "set label %s at %.9g,%.9g right offset 0,%s tc rgb 'black'\n",
            drawing_string(d, spec->level_name).text, l->last_x, level, below ? "-0.8" : "0.6");
}

/* Pixels of the text below the last point. */
static int last_tic_width(const picture *q) {
    size_t length;
    const char *text = chart_text(q->spec->c.data, q->lines[0].end - 1, q->spec->x_label, &length);
    const int width = drawing_width(text, length);
    return (width < MOST_NAME ? width : MOST_NAME) * CHARACTER;
}

/* Epochs have no halves. */
static void put_whole_tics(const picture *q, drawing *d) {
    const int column = result_column_find(q->spec->c.data, q->spec->x);
    const double width = q->x.high - q->x.low;
    if (q->x.log || column < 0 || result_column_at(q->spec->c.data, column)->type != RESULT_WHOLE)
        return;
    double step = 1;
    while (width / step > MOST_TICS)
        step *= fmod(log10(step), 1) < 0.1 ? 2 : 2.5;
    fprintf(d->script, "set xtics %.9g\n", ceil(step));
}

static status draw(picture *q, page *p) {
    const chart *c = &q->spec->c;
    drawing d;
    status s = drawing_begin(&d, c->width, c->height ? c->height : 300);
    choose_names(q);
    const int names = names_width(q);
    q->frame = (chart_frame){.left = 58,
                             .right = names ? names * CHARACTER + 26 : 14,
                             .top = c->y_title ? 28 : 10,
                             .bottom = c->x_title ? 50 : 28};
    if (q->spec->x_label && q->frame.right < last_tic_width(q) / 2)
        q->frame.right = last_tic_width(q) / 2;
    if (!s.code)
        s = spread_names(q, &d);
    if (!s.code) {
        chart_axes(&d, c, &q->frame, &q->x, &q->y, q->spec->x_label, false);
        put_whole_tics(q, &d);
        if (q->spec->x_label)
            put_tics(q, &d);
        put_names(q, &d);
        put_level_name(q, &d);
        put_data(q, &d);
        put_plot(q, &d);
        s = drawing_end(&d, p, c->id, c->title);
    }
    drawing_clear(&d);
    return s;
}

status chart_draw_lines(page *p, const chart_lines *spec) {
    picture q = {.spec = spec};
    status s = find_lines(&q);
    if (!s.code && find_ranges(&q))
        s = draw(&q, p);
    mem_free(&q.lines);
    return s;
}
