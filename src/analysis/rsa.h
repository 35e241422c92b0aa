// SPDX-License-Identifier: Apache-2.0
/* Representational similarity by ranks: Spearman's correlation of the cosines of all n (n - 1) / 2
 * pairs of words in two spaces, without holding them (Kriegeskorte, Mur & Bandettini 2008).
 *
 * Cosines come from sgemm in tiles of a fixed shape, each on one thread, dealt to ranks and
 * threads, and fall into 2^22 equal bins of [-1, 1]. A first pass over a space counts them; all of
 * a bin share their mean rank. A pass over a pair adds up the products of ranks, tile by tile in a
 * fixed order: the same bits on any number of ranks and threads of one kind of processor. With p
 * the largest share of a bin the error is at most about p^2. */
#ifndef WORDSHARD_RSA_H
#define WORDSHARD_RSA_H

#include "space.h"

typedef struct {
    float *ranks;    /* [bins] mean rank of the bin, as a share of all pairs, less 1/2 */
    double variance; /* of the ranks over all pairs */
} rsa_ranks;

/* Collective. rows: of length 1 or 0, the same on every rank (space_gather). */
status rsa_rank(rsa_ranks *r, const unit_rows *rows, const comm *world, int threads);
void rsa_clear(rsa_ranks *r);

/* Collective. NaN with fewer than 3 words, or when all cosines of a space are alike. */
status rsa_spearman(const unit_rows *x, const rsa_ranks *x_ranks, const unit_rows *y,
                    const rsa_ranks *y_ranks, const comm *world, int threads, double *rho);

#endif
