// SPDX-License-Identifier: Apache-2.0
/* How far runs agree on the neighbours of words: of each word, by bins of frequency, and of all
 * words, for one group of runs or two. Words are rows of the runs' spaces, cut over ranks.
 *
 *     stability_open; stability_add for each run; stability_measure; stability_close */
#ifndef WORDSHARD_STABILITY_H
#define WORDSHARD_STABILITY_H

#include "comm.h"
#include "neighbours.h"

typedef struct {
    int n_runs;
    int n_first;            /* runs [0, n_first) are the first group; n_runs = there is one group */
    int k;                  /* neighbours; less than the words of a space */
    int64_t n;              /* words that are asked for */
    const int32_t *queries; /* [n] their rows, rising; must outlive the rest */
    int n_bins;
    const int64_t *ends; /* [n_bins] rows at which bins end */
    int threads;
} stability_settings;

/* Stability of a word: mean overlap over pairs of runs of a group (Wendlandt et al. 2018). Means
 * NaN: groups of one run. */
typedef struct {
    double mean, sd, low, high;
    /* two groups: over pairs of one run of each, and how much more that is (INTERVAL_EXCESS) */
    double between, excess, excess_low, excess_high;
} stability_word;

typedef struct {
    stability_settings of;
    const comm *world;
    int64_t begin, n_local; /* words here */
    int32_t *lists;         /* [n_runs][n_local][k] */
    int n_added;
    /* Measured, the same on every rank: [n_bins + 1][n_runs][n_runs], the last one of all words;
     * NaN for a bin without words. */
    double *overlap, *jaccard;
    int64_t *bin_words;    /* [n_bins + 1] */
    double jaccard_of_all; /* j@k of all runs at once (Hellrich & Hahn 2016) */
    stability_word *words; /* [n] */
} stability;

/* Local. The caller closes, also after a failure. */
status stability_open(stability *s, const stability_settings *of, const comm *world);
void stability_close(stability *s);

/* Local. The next run; all: its unit rows, every word. */
status stability_add(stability *s, const unit_rows *all);

/* Collective. Sums over words are of whole numbers: the same bits on any number of ranks. */
status stability_measure(stability *s);

#endif
