// SPDX-License-Identifier: Apache-2.0
/* How far words moved between two spaces of the same words: two epochs of a run, or runs on two
 * periods. What compares positions (displacement) is align.h's; here is what needs no rotation:
 *
 *     turnover  share of a word's k nearest neighbours that it did not have before
 *     shift     1 - cos(s(w), s'(w)): cosines of w, in each space, to its nearest neighbours in one
 *               space or the other                            (Hamilton et al. 2016: 25 neighbours)
 */
#ifndef WORDSHARD_DRIFT_H
#define WORDSHARD_DRIFT_H

#include "space.h"

enum { DRIFT_SHIFT = 25 /* neighbours in each space */ };

/* A space with its neighbours. */
typedef struct {
    space unit;         /* rows of length 1 */
    int k, k_shift;     /* at most one less than there are words */
    int32_t *nearest;   /* [n_local][k] rising rows */
    int32_t *listed;    /* [n_local][k_shift] the DRIFT_SHIFT nearest, rising */
    neighbour *ordered; /* [n_local][k] best first */
} drift_point;

/* Collective. k: neighbours for the turnover; rows has two words or more. The caller clears, also
 * after a failure. */
status drift_point_create(drift_point *p, const space *rows, int k, int threads);
void drift_point_clear(drift_point *p);

/* Local. out: [n_local], of two points with the same words and k. */
void drift_turnover(const drift_point *from, const drift_point *to, double *out);

/* What it is between words that have nothing to do with each other: 1 - k / (n - 1). */
double drift_turnover_chance(const drift_point *p);

/* Local. all: the rows of the two points on every rank (space_gather of unit). out: [n_local]; NaN
 * for a word whose cosines are all 0. */
void drift_shift(const drift_point *from, const drift_point *to, const unit_rows *all_from,
                 const unit_rows *all_to, int threads, double *out);

/* Local. Lengths of the rows; out: [n_local]. */
void drift_norms(const space *rows, double *out);

#endif
