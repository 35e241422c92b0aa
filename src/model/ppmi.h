// SPDX-License-Identifier: Apache-2.0
/* Positive pointwise mutual information of a co-occurrence matrix (Bullinaria & Levy 2007; Levy,
 * Goldberg & Dagan 2015), made symmetric so that it has eigenvectors:
 *
 *     q_i = 2^bits s_i,  s_i = min(1, sqrt(t / f_i) + t / f_i)     whole numbers; s = 1 for t = 0
 *     X'_ij = X_ij s_i s_j,  R_i = sum_j X'_ij,  Z = sum_i R_i^a
 *     PMI_ij = log X'_ij - (1 + a) / 2 (log R_i + log R_j) + log Z - log k
 *            = log X_ij - b_i - b_j - log k,   b_i = ((1 + a) log R_i - log Z) / 2 - log s_i
 *
 * f_i is the word's part of all co-occurrence, t the weights' threshold, a the smoothing of the
 * distribution of contexts, k the shift. With smoothing, "i predicts j" and "j predicts i" differ;
 * this is their mean, the logarithm of the geometric mean of X'_ij S / (R_i R_j) smoothed in i and
 * in j. s is word2vec's probability of keeping a word in sub-sampling, here a weight of every count
 * instead of a draw: exact, and free.
 *
 * R is summed in whole numbers, X_ij times denominator and q, so it does not depend on the order of
 * summation. bits is chosen so that no sum can overflow: 30, fewer where counts are huge. */
#ifndef WORDSHARD_PPMI_H
#define WORDSHARD_PPMI_H

#include <stdint.h>

#include "cooc_matrix.h"

typedef struct {
    double smoothing; /* a */
    double shift;     /* k >= 1 */
    double weights;   /* t; 0 = none */
} ppmi_settings;

typedef struct {
    ppmi_settings set;
    int64_t n_words;
    double denominator; /* of the counts */
    int bits;
    int64_t *factors; /* [V] q */
    int64_t *sums;    /* [V] sum_j X_ij q_j denominator, so far */
    double *bias;     /* [V] b; 0 for a word without co-occurrences */
} ppmi;

status ppmi_create(ppmi *p, const ppmi_settings *settings, int64_t n_words);
void ppmi_clear(ppmi *p);

/* Add the cells of m, both triangles, to p->sums. The parts of a matrix are added one by one, on
 * one process or on several, whose sums the caller then adds up. */
void ppmi_add(ppmi *p, const cooc_matrix *m, int n_threads);

/* p->sums is complete: choose q by it and start the sums anew, which ppmi_add must fill again. Only
 * for weights > 0. */
void ppmi_weigh(ppmi *p);

/* p->sums is complete: b. */
void ppmi_finish(ppmi *p);

/* values[c] = max(0, PMI) of each cell c of m. */
void ppmi_values(const ppmi *p, const cooc_matrix *m, float *values, int n_threads);

#endif
