// SPDX-License-Identifier: Apache-2.0
/* drift between periods: what is measured, step by step, and the tables of it. */
#ifndef WORDSHARD_DRIFT_PERIODS_H
#define WORDSHARD_DRIFT_PERIODS_H

#include "comparison.h"
#include "drift_groups.h"
#include "intervals.h"
#include "result.h"

/* One word in one step, over the pairs of a run of the one period and a run of the other. */
typedef struct {
    double displacement, shift, turnover; /* means over pairs */
    double change, low, high;             /* of what --change names, with its interval over runs */
    double within;      /* the same change between two runs of one period; NaN with single runs */
    double expected;    /* mean over controls; NaN without */
    double score, p, q; /* significance.h; NaN without controls */
    bool significant;
} drift_word;

/* The mean over the words of a bin. */
typedef struct {
    interval change, within; /* over runs */
    double expected, displacement, shift, turnover;
    int64_t n_significant;
} drift_mean;

typedef struct {
    drift_ends ends;
    int n_controls;    /* that have both periods */
    drift_word *words; /* [n], the same on every rank */
    drift_mean *bins;  /* [n_bins + 1], the last of all words */
    int64_t n_null;    /* values that p was counted from */
} drift_step;

typedef struct {
    const options *o;
    const comm *world;
    int threads, k, n_bins;
    drift_groups groups;
    comparison words; /* of all runs of all sets */
    int n_steps;
    drift_step *steps;
    double turnover_chance, told;
} drift_periods;

/* Collective. */
status drift_periods_run(const options *o, const comm *world);

/* Collective, as it asks for the neighbours of the words that changed most. */
status drift_periods_tabulate(const drift_periods *d, result *r);

#endif
