// SPDX-License-Identifier: Apache-2.0
/* What the kinds of charts share. */
#ifndef WORDSHARD_CHART_INTERNAL_H
#define WORDSHARD_CHART_INTERNAL_H

#include <stdint.h>

#include "chart.h"
#include "drawing.h"

/* Colour roles of page.css. */
enum {
    ROLE_SERIES = 1, /* 1 ... CHART_STYLES */
    ROLE_GRID = 20,
    ROLE_FAINT = 21,    /* lines in a crowd, chance levels */
    ROLE_PAPER = 22,    /* the background */
    ROLE_CELL = 30,     /* 30 ... 38: light to dark */
    ROLE_CELL_TEXT = 40 /* the same for what is written on them */
};
enum { CELL_STEPS = 9, CHARACTER = 7, LINE = 15 }; /* of a text of 13 px: width, height */

typedef struct {
    double low, high;
    bool log;
} chart_range;

/* Nothing seen yet: low > high. */
chart_range chart_range_new(bool log);
void chart_range_see(chart_range *r, double x);
/* Some room on both sides, 0 as the lower end if wanted; whether anything was seen. */
bool chart_range_finish(chart_range *r, bool from_zero, double room);
/* Where in the range, 0 to 1. */
double chart_range_place(const chart_range *r, double x);

/* Pixels round the plot. */
typedef struct {
    int left, right, top, bottom;
} chart_frame;

/* Ranges, margins, axes with their titles; labelled_x, labelled_y: tics are set by the caller. */
void chart_axes(drawing *d, const chart *c, const chart_frame *frame, const chart_range *x,
                const chart_range *y, bool labelled_x, bool labelled_y);

/* "lc rgb '#000001' dt ... pt ..." of a series. */
const char *chart_style(int series);
int chart_shape(int series);

#endif
