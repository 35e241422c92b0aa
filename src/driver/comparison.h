// SPDX-License-Identifier: Apache-2.0
/* Several runs, or epochs of runs, seen as the same words: what drift, stability, align and report
 * begin with. */
#ifndef WORDSHARD_COMPARISON_H
#define WORDSHARD_COMPARISON_H

#include "embedding.h"
#include "space.h"

typedef struct {
    const options *o;
    const comm *world;
    int n_runs;
    embedding *runs;  /* [n_runs] */
    int64_t n_shared; /* words that all runs have */
    int64_t n;        /* of these the most frequent, at most --top */
    int32_t *places;  /* [n_runs][n] where each is in each run */
    int64_t *counts;  /* [n] mean of the runs' counts; zeros where no run has counts */
} comparison;

/* Collective. Open the runs and find their shared words, by --case; ordered by the sum of their
 * places in the runs, then by bytes: the order of runs does not matter. STATUS_INPUT when no word
 * is shared, naming the runs with the fewest in common. The caller closes, also after a failure. */
status comparison_open(comparison *c, int n_runs, char *const *paths, const options *o,
                       const comm *world);
void comparison_close(comparison *c);

/* Local. As the first run spells it; not terminated. */
const char *comparison_word(const comparison *c, int64_t row, size_t *length);
const char *comparison_path(const comparison *c, int run);

/* Collective. The shared words of a run (epoch 0 = its final vectors) as they are, by --table.
 * STATUS_INPUT for numbers that are not finite. */
status comparison_space(const comparison *c, int run, int epoch, space *out);
/* The first n of them only. */
status comparison_space_top(const comparison *c, int run, int epoch, int64_t n, space *out);

/* ---- frequency bins: words by their rank in the comparison, 1-100, 101-300, 301-1000, ... */
int comparison_bins(int64_t n);
/* Rows [begin, end) of a bin. */
void comparison_bin(int64_t n, int bin, int64_t *begin, int64_t *end);

#endif
