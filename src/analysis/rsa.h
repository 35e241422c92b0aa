// SPDX-License-Identifier: Apache-2.0
/* Representational similarity by ranks: Spearman's correlation of the cosines of all n (n - 1) / 2
 * pairs of words in two spaces (Kriegeskorte, Mur & Bandettini 2008).
 *
 * Of few words the cosines are sorted. Of more than RSA_EXACT they are not held: they come from
 * sgemm in tiles of a fixed shape, each on one thread, dealt to ranks and threads, and fall into
 * 2^17 bins of 20 standard deviations around their mean, as a sample of pairs tells these. A first
 * pass over a space counts them; all of a bin share their mean rank. A pass over a pair adds up the
 * products of ranks, tile by tile in a fixed order: the same bits on any number of ranks and
 * threads of one kind of processor. With p the share of the fullest bin and N pairs the error is
 * about p^2 + 2 sqrt(p) / N: below 1e-7. */
#ifndef WORDSHARD_RSA_H
#define WORDSHARD_RSA_H

#include "space.h"

enum { RSA_EXACT = 1024 };

typedef struct {
    float *ranks;        /* [bins] mean rank of the bin, as a share of all pairs, less 1/2 */
    double variance;     /* of the ranks over all pairs */
    float middle, scale; /* bin of a cosine: (cosine - middle) scale + bins / 2 */
} rsa_ranks;

/* Collective. rows: more than RSA_EXACT, of length 1 or 0, the same on every rank (space_gather).
 */
status rsa_rank(rsa_ranks *r, const unit_rows *rows, const comm *world, int threads);
void rsa_clear(rsa_ranks *r);

/* Collective. NaN when all cosines of a space are alike. */
status rsa_spearman(const unit_rows *x, const rsa_ranks *x_ranks, const unit_rows *y,
                    const rsa_ranks *y_ranks, const comm *world, int threads, double *rho);

/* Local. The same of few words. x [n][x_dim], y [n][y_dim]: rows of length 1 or 0. NaN with fewer
 * than 3 words too. */
status rsa_sorted(int64_t n, const double *x, int64_t x_dim, const double *y, int64_t y_dim,
                  double *rho);

#endif
