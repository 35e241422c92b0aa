// SPDX-License-Identifier: Apache-2.0
/* One change of a row out of the changes that several replicas made to it. */
#ifndef WORDSHARD_FOLD_H
#define WORDSHARD_FOLD_H

#include <stddef.h>

#include "curvature.h"
#include "kernels.h"

/* In the order of --merge. */
typedef enum { FOLD_SEQUENCE, FOLD_CONTRACTION, FOLD_ADASUM, FOLD_MEAN, FOLD_SUM } fold_rule;

typedef struct {
    fold_rule rule;
    const kernels *kernel;
    const curvature *curvature; /* sequence, contraction: of the other table, at the last merge */
    double u; /* there: what a replica trained of the row (curvature.h), on average
                 over all replicas */
    int n_replicas;
} fold_settings;

/* changes[n], n >= 1, of `used` floats each, zero-padded to a multiple of ROW_QUANTUM and aligned
 * to 64 bytes; the result goes to changes[0], others may be overwritten.
 *
 *     sequence     c <- exp(-u M) c + d, d = a, b, ... in order: where the row would be if the
 *                  replicas had trained one after the other, each from where the one before left
 * it. M by its leading directions, and one number for the others contraction  a <- (1 - q_a ab /
 * 2aa) a + (1 - q_b ab / 2bb) b, in order, with q = 1 - exp(-u trace M), and 1 - (1 - q)^k for a
 * fold of k changes adasum       the same with q = 1 (Maleki et al. 2021) mean         (a + b +
 * ...) / replicas sum          a + b + ... */
void fold_changes(const fold_settings *how, float *const *changes, int n, size_t used);

#endif
