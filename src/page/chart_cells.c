// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "chart_internal.h"
#include "memory.h"

enum { MOST_NAME = 26, MOST_NUMBERED = 14, LARGEST_CELL = 52, SMALLEST_CELL = 12, MOST_DIGITS = 4 };

/* The names of rows and columns, as rows of the table where they first stand. */
typedef struct {
    const chart_cells *spec;
    int64_t *first; /* [n] */
    bool *in_b;     /* [n]: it is the text b there, otherwise a */
    int n;
    chart_range scale;
    int digits;
} picture;

static const char *name_at(const picture *q, int i, size_t *length) {
    return chart_text(q->spec->c.data, q->first[i], q->in_b[i] ? q->spec->b : q->spec->a, length);
}

static int find_name(const picture *q, const char *text, size_t length) {
    for (int i = 0; i < q->n; i++) {
        size_t n;
        const char *name = name_at(q, i, &n);
        if (n == length && !memcmp(name, text, n))
            return i;
    }
    return -1;
}

static int name_of(const picture *q, int64_t row, bool b) {
    size_t length;
    const char *text = chart_text(q->spec->c.data, row, b ? q->spec->b : q->spec->a, &length);
    return find_name(q, text, length);
}

static status find_names(picture *q) {
    const int64_t n = result_rows(q->spec->c.data);
    status s = mem_new(&q->first, 2 * (size_t)n, sizeof *q->first, "names of a plot");
    if (!s.code)
        s = mem_new(&q->in_b, 2 * (size_t)n, sizeof *q->in_b, "names of a plot");
    for (int side = 0; side < 2; side++)
        for (int64_t i = 0; i < n && !s.code; i++)
            if (name_of(q, i, side) < 0) {
                q->first[q->n] = i;
                q->in_b[q->n++] = side;
            }
    return s;
}

/* Small differences look small: the scale spans a tenth of the largest number or more. The numbers
 * have the digits that tell them apart. */
static void choose_digits(picture *q) {
    const double span = q->scale.high - q->scale.low,
                 least = fmax(fabs(q->scale.high), fabs(q->scale.low)) / 10;
    q->digits = 2;
    while (q->digits < MOST_DIGITS && span * pow(10, q->digits) < 5)
        q->digits++;
    if (span < least) {
        q->scale.low -= (least - span) / 2;
        q->scale.high += (least - span) / 2;
    }
}

static bool find_scale(picture *q) {
    const chart_cells *spec = q->spec;
    q->scale = chart_range_new(false);
    for (int64_t i = 0; i < result_rows(spec->c.data); i++)
        chart_range_see(&q->scale, chart_real(spec->c.data, i, spec->value));
    if (q->scale.low > q->scale.high)
        return false;
    choose_digits(q);
    return true;
}

static int step_of(const picture *q, double value) {
    const double place = q->scale.high > q->scale.low ? chart_range_place(&q->scale, value) : 0.5;
    const int step = (int)(place * CELL_STEPS);
    return step < 0 ? 0 : step >= CELL_STEPS ? CELL_STEPS - 1 : step;
}

/* ---- drawing */

static void put_number(const picture *q, drawing *d, int x, int y, double value) {
    char text[32];
    snprintf(text, sizeof text, "%.*f", q->digits, value);
    fprintf(d->script, "set label %s at %d,%d center front tc rgb '#0000%02x'\n",
            drawing_string(d, text).text, x, -y, ROLE_CELL_TEXT + step_of(q, value));
}

/* Cells on both sides of the diagonal, which stays free. */
static void put_cells(const picture *q, drawing *d, bool numbers) {
    for (int64_t i = 0; i < result_rows(q->spec->c.data); i++) {
        const double value = chart_real(q->spec->c.data, i, q->spec->value);
        const int a = name_of(q, i, false), b = name_of(q, i, true);
        if (!isfinite(value) || a == b)
            continue;
        if (numbers) {
            put_number(q, d, a, b, value);
            put_number(q, d, b, a, value);
        } else {
            fprintf(d->script, "%d %d %d\n%d %d %d\n", a, -b, ROLE_CELL + step_of(q, value), b, -a,
                    ROLE_CELL + step_of(q, value));
        }
    }
}

static int names_width(const picture *q) {
    int widest = 0;
    for (int i = 0; i < q->n; i++) {
        size_t length;
        const char *name = name_at(q, i, &length);
        const int width = drawing_width(name, length);
        widest = width > widest ? width : widest;
    }
    return widest < MOST_NAME ? widest : MOST_NAME;
}

/* Rows have names and numbers, columns the numbers. */
static void put_names(const picture *q, drawing *d, double cell) {
    const int every = cell >= 18 ? 1 : 5;
    fprintf(d->script, "set ytics scale 0 offset 0,0 (");
    for (int i = 0; i < q->n; i++) {
        char text[MOST_NAME * 4 + 16];
        size_t length;
        const char *name = name_at(q, i, &length);
        const bool whole = length <= MOST_NAME * 4;
        snprintf(text, sizeof text, "%.*s  %d", whole ? (int)length : 0, name, i + 1);
        fprintf(d->script, "%s%s %d", i ? ", " : "", drawing_string(d, text).text, -i);
    }
    fprintf(d->script, ")\nset xtics scale 0 (");
    for (int i = 0; i < q->n; i++) {
        char text[16] = "";
        if ((i + 1) % every == 0 || i == 0)
            snprintf(text, sizeof text, "%d", i + 1);
        fprintf(d->script, "%s%s %d", i ? ", " : "", drawing_string(d, text).text, i);
    }
    fprintf(d->script, ")\n");
}

static status draw(const picture *q, page *p) {
    const chart *c = &q->spec->c;
    const chart_range x = {-0.5, q->n - 0.5, false}, y = {0.5 - q->n, 0.5, false};
    chart_frame frame = {
        .left = names_width(q) * CHARACTER + 50, .right = 8, .top = 6, .bottom = 26};
    double cell = (double)(c->width - frame.left - frame.right) / q->n;
    cell = fmin(LARGEST_CELL, fmax(SMALLEST_CELL, cell));
    drawing d;
    status s = drawing_begin(&d, frame.left + frame.right + (int)(q->n * cell),
                             frame.top + frame.bottom + (int)(q->n * fmin(cell, 34)));
    if (!s.code) {
        chart_axes(&d, c, &frame, &x, &y, true, true);
        fprintf(d.script, "unset grid\nunset border\n$cells << END\n");
        put_cells(q, &d, false);
        fprintf(d.script, "END\n");
        if (q->n <= MOST_NUMBERED)
            put_cells(q, &d, true);
        put_names(q, &d, cell);
        fprintf(d.script, "plot $cells using 1:2:($1-.48):($1+.48):($2-.48):($2+.48):3 "
                          "with boxxyerror lc rgb variable\n");
        s = drawing_end(&d, p, c->id, c->title);
    }
    drawing_clear(&d);
    return s;
}

status chart_draw_cells(page *p, const chart_cells *spec) {
    picture q = {.spec = spec};
    status s = find_names(&q);
    if (!s.code && find_scale(&q))
        s = draw(&q, p);
    mem_free(&q.first);
    mem_free(&q.in_b);
    return s;
}
