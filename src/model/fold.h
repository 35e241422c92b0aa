// SPDX-License-Identifier: Apache-2.0
/* One change of a row out of the changes that several replicas made to it. */
#ifndef WORDSHARD_FOLD_H
#define WORDSHARD_FOLD_H

#include <stddef.h>

#include "kernels.h"

typedef enum { FOLD_CONTRACTION, FOLD_ADASUM, FOLD_MEAN, FOLD_SUM } fold_rule;

/* changes[n], n >= 1, of `used` floats each, zero-padded to a multiple of ROW_QUANTUM and aligned
 * to 64 bytes; the result goes to changes[0].
 *
 *     sum     a + b + ...           mean    (a + b + ...) / replicas
 *     adasum  a <- (1 - ab / 2aa) a + (1 - ab / 2bb) b, in order (Maleki et al. 2021)
 *     contraction  the same with each overlap weighted by how far a replica has pulled the row
 * towards its optimum: q = 1 - exp(-u); a <- (1 - q_a ab / 2aa) a + (1 - q_b ab / 2bb) b, where q_a
 * of a fold of k changes is 1 - (1 - q)^k
 *
 * u: expected contraction of the row in one replica since the last merge, >= 0. */
void fold_changes(const kernels *k, fold_rule rule, float *const *changes, int n, size_t used,
                  int n_replicas, double u);

#endif
