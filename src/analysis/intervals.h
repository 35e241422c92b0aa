// SPDX-License-Identifier: Apache-2.0
/* Intervals for means over pairs of runs. Local.
 *
 * n runs give n (n - 1) / 2 pairs, which depend on each other: each run is in n - 1 of them. So the
 * runs are resampled, by leaving out one at a time (jackknife; Tukey 1958, for such means Arvesen
 * 1969):
 *
 *     error^2 = (n - 1) / n  sum_i (theta_-i - mean theta_-i)^2,   theta +- t(.975, n - 1) error
 *
 * Of 95 % intervals so many hold the truth, when pairs are a_i + a_j + e_ij (tests/unit): .945 or
 * more for 3 to 20 runs. Percentiles of runs drawn with replacement, the usual choice, hold it in
 * .87 of cases with 10 runs and .80 with 5. Fewer than 3 runs have no interval. */
#ifndef WORDSHARD_INTERVALS_H
#define WORDSHARD_INTERVALS_H

#include <stdint.h>

typedef struct {
    double mean;
    double sd;        /* over pairs; of a difference NaN */
    double low, high; /* 95 %; NaN where there are too few runs */
    double error;     /* standard error; NaN too */
    int n_runs, n_pairs;
} interval;

/* pairs: [n][n], symmetric; the diagonal is not looked at. NaN in a pair makes all NaN. */
interval interval_of_pairs(int n, const double *pairs);

/* The mean of n values that do not depend on each other; those that are not finite do not count.
 * n_runs and n_pairs are how many do. */
interval interval_of_values(int64_t n, const double *values);

/* The same for what lies between two bounds: so does the interval. */
interval interval_clip(interval x, double lowest, double highest);

/* What can be asked of two groups of runs, [0, n_first) and [n_first, n). */
typedef enum {
    INTERVAL_FIRST,      /* mean over the pairs within the first */
    INTERVAL_SECOND,     /* within the second */
    INTERVAL_WITHIN,     /* the mean of these two */
    INTERVAL_BETWEEN,    /* over the pairs of one run of each */
    INTERVAL_DIFFERENCE, /* FIRST - SECOND */
    INTERVAL_EXCESS      /* BETWEEN - WITHIN: 0 if the groups differ no more than their runs do */
} interval_of;

/* Runs are left out of each group in turn; degrees of freedom after Satterthwaite (1946). */
interval interval_of_groups(int n_first, int n, const double *pairs, interval_of what);

/* t such that P(|T| <= t) = .95 for Student's T (Abramowitz & Stegun 26.7.3, 26.7.4). */
double interval_t(int degrees);

#endif
