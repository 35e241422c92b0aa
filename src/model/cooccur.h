// SPDX-License-Identifier: Apache-2.0
/* Counting co-occurrences by row gather: the places of each word are found by a counting sort; for
 * one word after the other the neighbours of its places are added into a dense row, which leaves as
 * a sorted row of a cooc_matrix. No list of pairs, no sorting, no merging.
 *
 *     X_ij = sum over pairs of places p, q of words i, j, 1 <= |p - q| <= window, in one document,
 *            of 1 / |p - q| (inverse) or of 1 (flat)
 *
 * A pair of equal words counts twice, as in GloVe's cooccur (Pennington et al. 2014): each is in
 * the other's window. Weights are whole numbers of 1 / denominator, so that sums are exact and have
 * no order. */
#ifndef WORDSHARD_COOCCUR_H
#define WORDSHARD_COOCCUR_H

#include "cooc_matrix.h"

typedef enum { WEIGHTING_INVERSE, WEIGHTING_FLAT } cooccur_weighting; /* as in options.def */

enum {
    COOCCUR_WINDOW = 1000, /* widest */
    COOCCUR_EXACT = 22     /* widest whose inverse distances are exact */
};

typedef struct {
    int window;
    int64_t denominator;                  /* flat: 1 */
    uint32_t weights[COOCCUR_WINDOW + 1]; /* at distance 1..window */
    uint64_t reach;                       /* the most that one place adds to a row */
} cooccur_rule;

/* Inverse distances: the denominator is the least common multiple of 1..window as far as
 * COOCCUR_EXACT, and 2^30 beyond, where 2^30 / distance is rounded to the nearest whole number: the
 * relative error of a count is then at most window / 2^31. */
void cooccur_rule_init(cooccur_rule *r, int window, cooccur_weighting weighting);

/* Tokens with COOCCUR_END before the first, between documents and behind the last; COOCCUR_ROOM
 * more numbers can be read on both sides. */
typedef struct {
    const int32_t *ids;
    int64_t begin, end; /* places that are counted, [begin, end); their windows may reach beyond */
} cooccur_text;

enum { COOCCUR_END = INT32_MAX, COOCCUR_ROOM = 16 };

/* A text has at most so many numbers. */
static const int64_t COOCCUR_PLACES = INT64_C(0x80000000);

typedef struct cooccur cooccur;

/* Sort the places and cut the rows into batches. Borrows all that it is given. check: asked now and
 * then by every thread, with its number, whether to go on; NULL: always. */
status cooccur_create(cooccur **c, const cooccur_text *text, int64_t n_words,
                      const cooccur_rule *rule, int n_threads, status (*check)(int thread));
void cooccur_destroy(cooccur **c);

/* The most bytes that cooccur_create takes for n places, and that the parts of one batch take for
 * each thread. */
int64_t cooccur_bytes(int64_t n_words, int64_t n, int n_threads);
int64_t cooccur_batch_bytes(int64_t n_words);

/* Batches of rows; the last one ends with row V. */
int64_t cooccur_batches(const cooccur *c);

/* Count batches [begin, end): parts[end - begin] become matrices of their rows (cooc_matrix_clear),
 * the same for any number of threads. */
status cooccur_count(cooccur *c, int64_t begin, int64_t end, cooc_matrix *parts);

#endif
