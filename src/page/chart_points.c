// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "chart_internal.h"
#include "memory.h"

enum { MOST_NAME = 18, MARGIN = 10, BESIDE = 5, LETTER = 18 };

/* Pixels, y from below. */
typedef struct {
    double left, right, bottom, top;
} box;

typedef struct {
    const chart_points *spec;
    chart_range x, y;
    box *taken; /* [n_taken] by texts */
    int64_t n_taken;
    int n_groups;
} picture;

static bool find_ranges(picture *q) {
    const chart_points *spec = q->spec;
    const result_table *t = spec->c.data;
    q->x = q->y = chart_range_new(false);
    for (int64_t i = 0; i < result_rows(t); i++) {
        const double cluster = chart_real(t, i, spec->group);
        chart_range_see(&q->x, chart_real(t, i, spec->x));
        chart_range_see(&q->y, chart_real(t, i, spec->y));
        q->n_groups = cluster + 1 > q->n_groups ? (int)cluster + 1 : q->n_groups;
    }
    return chart_range_finish(&q->x, false, 0.05) && chart_range_finish(&q->y, false, 0.05);
}

static double pixel_x(const picture *q, const drawing *d, double x) {
    return MARGIN + chart_range_place(&q->x, x) * (d->width - 2 * MARGIN);
}

static double pixel_y(const picture *q, const drawing *d, double y) {
    return MARGIN + chart_range_place(&q->y, y) * (d->height - 2 * MARGIN);
}

/* Whether a text has room there; then it takes it. */
static bool take(picture *q, const drawing *d, box b) {
    if (b.left < 2 || b.right > d->width - 2 || b.bottom < 2 || b.top > d->height - 2)
        return false;
    for (int64_t i = 0; i < q->n_taken; i++) {
        const box *o = &q->taken[i];
        if (b.left < o->right && o->left < b.right && b.bottom < o->top && o->bottom < b.top)
            return false;
    }
    q->taken[q->n_taken++] = b;
    return true;
}

/* The letter of each group, at the mean of its points. */
static void put_letters(picture *q, drawing *d) {
    const chart_points *spec = q->spec;
    const result_table *t = spec->c.data;
    for (int g = 0; g < q->n_groups; g++) {
        double x = 0, y = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < result_rows(t); i++)
            if (chart_real(t, i, spec->group) == g) {
                x += chart_real(t, i, spec->x);
                y += chart_real(t, i, spec->y);
                n++;
            }
        if (!n)
            continue;
        const char letter[2] = {(char)('A' + g), 0};
        const double px = pixel_x(q, d, x / (double)n), py = pixel_y(q, d, y / (double)n);
        q->taken[q->n_taken++] = (box){px - 9, px + 9, py - 9, py + 9};
        fprintf(d->script,
                "set label %s at screen %.5f,%.5f center front font ',%d' tc rgb 'black'\n",
                drawing_text(d, letter, 1).text, px / d->width, py / d->height, LETTER);
    }
}

/* To the right of the point, or to its left; nothing where other texts are. */
static void put_word(picture *q, drawing *d, int64_t row) {
    const chart_points *spec = q->spec;
    size_t length;
    const char *word = chart_text(spec->c.data, row, spec->label, &length);
    const int characters = drawing_width(word, length);
    const double width = (characters < MOST_NAME ? characters : MOST_NAME) * CHARACTER,
                 x = pixel_x(q, d, chart_real(spec->c.data, row, spec->x)),
                 y = pixel_y(q, d, chart_real(spec->c.data, row, spec->y));
    const box right = {x + BESIDE, x + BESIDE + width, y - 7, y + 7},
              left = {x - BESIDE - width, x - BESIDE, y - 7, y + 7};
    const bool to_right = take(q, d, right);
    if (to_right || take(q, d, left))
        fprintf(d->script, "set label %s at screen %.5f,%.5f %s front font ',12' tc rgb 'black'\n",
                drawing_short(d, word, length, MOST_NAME).text,
                (to_right ? right.left : left.right) / d->width, y / d->height,
                to_right ? "left" : "right");
}

/* The most central words of each group first. */
static void put_words(picture *q, drawing *d) {
    const chart_points *spec = q->spec;
    const result_table *t = spec->c.data;
    const int64_t n = result_rows(t);
    for (int64_t weight = 0; weight < n && weight < 12; weight++)
        for (int64_t i = 0; i < n; i++)
            if (chart_real(t, i, spec->weight) == (double)weight)
                put_word(q, d, i);
}

static void put_plot(const picture *q, drawing *d) {
    const chart_points *spec = q->spec;
    const result_table *t = spec->c.data;
    for (int g = 0; g < q->n_groups; g++) {
        fprintf(d->script, "$g%d << END\n", g);
        for (int64_t i = 0; i < result_rows(t); i++)
            if (chart_real(t, i, spec->group) == g)
                fprintf(d->script, "%.9g %.9g\n", chart_real(t, i, spec->x),
                        chart_real(t, i, spec->y));
        fprintf(d->script, "END\n");
    }
    fprintf(d->script, "plot ");
    for (int g = 0; g < q->n_groups; g++)
        fprintf(d->script, "%s$g%d with points %s ps 0.45", g ? ", " : "", g, chart_style(g));
    fprintf(d->script, "\n");
}

static status draw(picture *q, page *p) {
    const chart *c = &q->spec->c;
    const chart_frame frame = {MARGIN, MARGIN, MARGIN, MARGIN};
    drawing d;
    status s = mem_new(&q->taken, (size_t)result_rows(c->data) + (size_t)q->n_groups,
                       sizeof *q->taken, "places of texts");
    if (s.code)
        return s;
    s = drawing_begin(&d, c->width, c->height);
    if (!s.code) {
        chart_axes(&d, c, &frame, &q->x, &q->y, true, true);
        fprintf(d.script, "unset tics\nunset grid\nset border 15\n");
        put_letters(q, &d);
        put_words(q, &d);
        put_plot(q, &d);
        s = drawing_end(&d, p, c->id, c->title);
    }
    drawing_clear(&d);
    return s;
}

status chart_draw_points(page *p, const chart_points *spec) {
    picture q = {.spec = spec};
    status s = find_ranges(&q) ? draw(&q, p) : status_ok();
    mem_free(&q.taken);
    return s;
}
