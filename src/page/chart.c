// SPDX-License-Identifier: Apache-2.0
#include "chart.h"

#include <math.h>
#include <string.h>

#include "chart_internal.h"

/* ---- cells of a table */

double chart_real(const result_table *t, int64_t row, const char *column) {
    const int c = column ? result_column_find(t, column) : -1;
    return c < 0 || result_column_at(t, c)->type == RESULT_TEXT ? NAN : result_real(t, row, c);
}

const char *chart_text(const result_table *t, int64_t row, const char *column, size_t *length) {
    const int c = column ? result_column_find(t, column) : -1;
    *length = 0;
    return c < 0 || result_column_at(t, c)->type != RESULT_TEXT ? ""
                                                                : result_text(t, row, c, length);
}

bool chart_has(const result_table *t, const char *column) {
    for (int64_t i = 0; t && i < result_rows(t); i++)
        if (isfinite(chart_real(t, i, column)))
            return true;
    return false;
}

/* ---- ranges */

/* Numbers that no measure has; what differs by less than this part is drawn as one value. */
static const double TOO_LARGE = 1e30, ONE_VALUE = 1e-6;

chart_range chart_range_new(bool log) {
    return (chart_range){INFINITY, -INFINITY, log};
}

void chart_range_see(chart_range *r, double x) {
    if (!(fabs(x) < TOO_LARGE) || (r->log && x < 1 / TOO_LARGE))
        return;
    r->low = fmin(r->low, x);
    r->high = fmax(r->high, x);
}

bool chart_range_finish(chart_range *r, bool from_zero, double room) {
    if (r->low > r->high)
        return false;
    if (r->log) {
        const double more = fmax(pow(r->high / r->low, room), 1.01);
        r->low /= more;
        r->high *= more;
        return true;
    }
    const bool positive = r->low >= 0, negative = r->high <= 0;
    double width = r->high - r->low;
    if (from_zero)
        width = fmax(r->high, 0) - fmin(r->low, 0);
    const double largest = fmax(fabs(r->low), fabs(r->high));
    if (!(width > ONE_VALUE * largest))
        width = largest > 0 ? largest : 1;
    r->low -= room * width;
    r->high += room * width;
    if (from_zero && positive)
        r->low = 0;
    else if (from_zero && negative)
        r->high = 0;
    return true;
}

double chart_range_place(const chart_range *r, double x) {
    return r->log ? log(x / r->low) / log(r->high / r->low) : (x - r->low) / (r->high - r->low);
}

/* ---- axes */

static void put_range(drawing *d, const char *axis, const chart_range *r) {
    fprintf(d->script, "set %srange [%.9g:%.9g]\n", axis, r->low, r->high);
    if (r->log)
        fprintf(d->script, "set logscale %s\n", axis);
}

void chart_axes(drawing *d, const chart *c, const chart_frame *frame, const chart_range *x,
                const chart_range *y, bool labelled_x, bool labelled_y) {
    const double width = d->width, height = d->height;
    put_range(d, "x", x);
    put_range(d, "y", y);
    fprintf(d->script,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            frame->left / width, 1 - frame->right / width, 1 - frame->top / height,
            frame->bottom / height);
    fprintf(d->script,
            "set border 3 lc rgb '#0000%02x'\nset tics nomirror out scale 0.5 offset 0,0.3 "
            "textcolor rgb 'black'\n"
            "set grid lt 1 dt solid lw 0.8 lc rgb '#0000%02x'\n",
            ROLE_GRID, ROLE_GRID);
    if (!labelled_x)
        fprintf(d->script, "set xtics format '%%h'%s\n", x->log ? "" : " autofreq");
    if (!labelled_y)
        fprintf(d->script, "set ytics offset 0,0 format '%%h'\n");
    if (c->x_title)
        fprintf(d->script, "set label %s at screen %.5f,%.5f center tc rgb 'black'\n",
                drawing_string(d, c->x_title).text,
                (frame->left + width - frame->right) / 2 / width, 9 / height);
    if (c->y_title)
        fprintf(d->script, "set label %s at screen %.5f,%.5f left tc rgb 'black'\n",
                drawing_string(d, c->y_title).text, 4 / width, 1 - 9 / height);
}

const char *chart_style(int series) {
    static const char *const styles[CHART_STYLES] = {
        "lc rgb '#000001' dt solid pt 7", "lc rgb '#000002' dt (12,5) pt 5",
        "lc rgb '#000003' dt (3,4) pt 9", "lc rgb '#000004' dt (12,4,3,4) pt 13",
        "lc rgb '#000005' dt solid pt 6", "lc rgb '#000006' dt (12,5) pt 4",
        "lc rgb '#000007' dt (3,4) pt 8", "lc rgb '#000008' dt (12,4,3,4) pt 12",
    };
    return styles[series % CHART_STYLES];
}

int chart_shape(int series) {
    static const int shapes[CHART_STYLES] = {7, 5, 9, 13, 6, 4, 8, 12};
    return shapes[series % CHART_STYLES];
}
