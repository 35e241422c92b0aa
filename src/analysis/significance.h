// SPDX-License-Identifier: Apache-2.0
/* Which words changed more than chance makes words change. Local.
 *
 * The change D(w) of each word between two periods is compared with its change D_c(w) between the
 * parts of C controls: the same documents dealt at random to two parts of the same sizes, with as
 * many runs. Were documents exchangeable between periods, the real split would be one more random
 * one, so controls show what D is without drift (Dubossarsky et al. 2017).
 *
 *     r(w) = D(w) - mean_c D_c(w)              and for each control, from the C - 1 others,
 *     r_c(w) = D_c(w) - mean_c' D_c'(w)        (C = 1: r = D, nothing is taken off)
 *     t(w) = r(w) / s(w)                       s^2 = (K s0^2 + (C - 1) v(w)) / (K + C - 1)
 *
 * with v the variance of D_c(w) over controls and s0^2 its mean over words of similar frequency: a
 * word's own noise is in the denominator, moderated by that of its likes, as a few controls tell
 * little about one word (Tusher et al. 2001; Smyth 2004). With C < 3, s = 1. Then t and all t_c are
 * centred and scaled by the median and the median deviation of the t_c of the SIGNIFICANCE_LIKES
 * words nearest in frequency, and
 *
 *     p(w) = (1 + #{t_c(w') >= t(w)}) / (1 + #{t_c(w')})   over all controls and words.
 *
 * Each t_c misses one control, so its noise is a little larger than that of t: p errs on the large
 * side. The smallest p is 1 / (1 + C n): with n words, C controls and a rate of .05, at least 20 /
 * C words must stand out together. */
#ifndef WORDSHARD_SIGNIFICANCE_H
#define WORDSHARD_SIGNIFICANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"

enum { SIGNIFICANCE_LIKES = 400, SIGNIFICANCE_PRIOR = 10 /* K */ };

typedef struct {
    int64_t n;                    /* words, by falling frequency */
    int n_controls;               /* C, at least 1 */
    const double *change;         /* [n] D; NaN: not tested */
    const double *const *control; /* [C][n] D_c; a word with a NaN is left out */
} significance_task;

/* expected: [n] mean of D_c, the chance level of the change. score: [n] the centred and scaled t.
 * p: [n]. NaN where a word is left out. *n_null = values that p was counted from. */
status significance_test(const significance_task *task, double *expected, double *score, double *p,
                         int64_t *n_null);

/* Adjusted p: the lowest rate of false discoveries at which a word is still among the discoveries.
 * Benjamini & Hochberg (1995) for independent or positively dependent p; any_dependence: Benjamini
 * & Yekutieli (2001), larger by sum 1 / i. NaN stays NaN and does not count. */
status significance_adjust(int64_t n, const double *p, bool any_dependence, double *q);

#endif
