// SPDX-License-Identifier: Apache-2.0
/* The spectrum of an embedding: eigenvalues of C = E^T E / n, of the rows as they are or less their
 * mean (then those of the covariance), with shares and two numbers of dimensions in use:
 *
 *     effective rank       exp(-sum p log p), p = eigenvalues as shares of their sum
 *                                                                      (Roy & Vetterli 2007)
 *     participation ratio  (sum of eigenvalues)^2 / sum of squares */
#ifndef WORDSHARD_SPECTRUM_H
#define WORDSHARD_SPECTRUM_H

#include "space.h"

typedef struct {
    int64_t n;                            /* dim of the space, but n words at most */
    double *values;                       /* [n] falling */
    double total;                         /* their sum; the share of one is values[i] / total */
    double effective_rank, participation; /* NaN when all are 0 */
} spectrum;

/* Collective. Unit rows or rows as they are, what the space has. The same on every rank; the caller
 * clears, also after a failure. STATUS_INPUT for numbers that are not finite. */
status spectrum_find(const space *s, bool centred, int threads, spectrum *out);
void spectrum_clear(spectrum *s);

/* Local. The same from the singular values [k] of the rows of n words. */
status spectrum_from_singular(const double *singular, int64_t k, int64_t n_words, spectrum *out);

#endif
