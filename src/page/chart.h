// SPDX-License-Identifier: Apache-2.0
/* The kinds of plots of a report, each drawn from a table: what is seen is what is in the CSV.
 * Columns are given by name; NULL: none. Colour is never alone: series differ in dashes and
 * shapes, cells hold their number, and names stand beside what they name. For rank 0. */
#ifndef WORDSHARD_CHART_H
#define WORDSHARD_CHART_H

#include <stdbool.h>

#include "page.h"
#include "result.h"

enum { CHART_WIDTH = 800, CHART_PANEL = 388 }; /* whole measure of the page, half of it */
enum { CHART_STYLES = 8 };                     /* series that can be told apart */

/* What all charts have. id: of the element; title: what it shows, for who cannot see it. */
typedef struct {
    const result_table *data;
    const char *id, *title;
    int width, height; /* 0: what the data need */
    const char *x_title, *y_title;
} chart;

/* Whether a column is there and has a number. */
bool chart_has(const result_table *t, const char *column);
/* The number in a cell, NaN without the column; the text, "" without it. */
double chart_real(const result_table *t, int64_t row, const char *column);
const char *chart_text(const result_table *t, int64_t row, const char *column, size_t *length);

/* Lines from point to point, one for each run of rows with the same series, named at its end; more
 * than CHART_STYLES are thin lines of which the highest and the lowest are named. */
typedef struct {
    chart c;
    const char *series;         /* text */
    const char *x, *x_label;    /* x_label: text for each x of the first series */
    const char *y, *low, *high; /* intervals as vertical bars */
    const char *level;          /* a number beside each point, dotted: the chance level */
    const char *level_name;
    bool log_x, log_y, from_zero; /* from_zero: the axis of y begins there */
    bool points;                  /* marks on the lines */
} chart_lines;
status chart_draw_lines(page *p, const chart_lines *spec);

/* A row for each row of the table: its name, a point, its interval, and perhaps another point (a
 * control, a chance level) as a cross. */
typedef struct {
    chart c;
    const char *label; /* text */
    const char *value, *low, *high, *other;
    const char *sure; /* text: the point is open where it is "no" */
    bool from_zero;
    int64_t most; /* rows */
} chart_intervals;
status chart_draw_intervals(page *p, const chart_intervals *spec);

/* A square of cells, darker for higher values: one for each row of the table, at (column, row);
 * their names are texts a, b of the cell, in order of first appearance. */
typedef struct {
    chart c;
    const char *a, *b; /* text */
    const char *value;
} chart_cells;
status chart_draw_cells(page *p, const chart_cells *spec);

/* Points with a shape for their group, and some words beside theirs where there is room, in order
 * of rows. */
typedef struct {
    chart c;
    const char *x, *y;
    const char *group;  /* whole, 0, 1 ...; shown as A, B ... */
    const char *label;  /* text */
    const char *weight; /* whole: rank of the label within its group, the first is shown first */
} chart_points;
status chart_draw_points(page *p, const chart_points *spec);

#endif
