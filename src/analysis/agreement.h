// SPDX-License-Identifier: Apache-2.0
/* How far two embeddings X [n, d] and Y [n, e] of the same n words are alike as wholes. Rows have
 * length 1.
 *
 * What concerns one space is worked out once (agreement_prepare): X = U S V^T by a distributed QR
 * (dense.h). All measures of a pair but Spearman's and the cosines of words then follow from the
 * small matrix A = U_x^T U_y, as X^T Y = V_x S_x A S_y V_y^T; so pairs are cheap.
 *
 *     EIS   tr((UU' + WW' - 2 WW'UU') Sigma) / tr(Sigma),  Sigma = (EE')^alpha + (FF')^alpha,
 *           U, W left singular vectors of X, Y; E, F references    (Leszczynski et al. 2020)
 *     eigenspace overlap  ||U'W||_F^2 / max(d, e)                  (May et al. 2019)
 *     PIP loss            ||XX' - YY'||_F                          (Yin & Shen 2018)
 *     linear CKA          ||Y'X||_F^2 / (||X'X||_F ||Y'Y||_F), columns centred
 *                                                                  (Kornblith et al. 2019)
 *     RSA                 Pearson's and Spearman's correlation of the n (n - 1) / 2 cosines of
 * words in X with those in Y                     (Kriegeskorte et al. 2008) Procrustes cosine of
 * words after orthogonal alignment, and ||XR - Y||_F (align.h)
 *
 * d and e are ranks: singular values below max(n, d) 2^-52 of the largest are none. Values agree to
 * about 1e-12 on any number of ranks; those of Spearman to the bit. */
#ifndef WORDSHARD_AGREEMENT_H
#define WORDSHARD_AGREEMENT_H

#include "dense.h"
#include "rsa.h"
#include "space.h"

/* Which to measure. */
enum {
    AGREEMENT_EIS = 1 << 0,
    AGREEMENT_OVERLAP = 1 << 1,
    AGREEMENT_PIP = 1 << 2,
    AGREEMENT_CKA = 1 << 3,
    AGREEMENT_PEARSON = 1 << 4,
    AGREEMENT_SPEARMAN = 1 << 5, /* n^2 d operations, the others n d^2 */
    AGREEMENT_PROCRUSTES = 1 << 6,
    AGREEMENT_CHEAP = AGREEMENT_EIS | AGREEMENT_OVERLAP | AGREEMENT_PIP | AGREEMENT_CKA |
                      AGREEMENT_PEARSON | AGREEMENT_PROCRUSTES,
    AGREEMENT_ALL = (1 << 7) - 1
};

typedef struct {
    space rows;      /* of length 1 */
    dense_svd svd;   /* of the rows, scaled in doubles */
    double *sums;    /* [rank] U' 1 */
    double *lengths; /* [n_local] squared: 1, or 0 */
    rsa_ranks ranks; /* of its cosines, made when Spearman's correlation is first asked for */
} agreement_space;

typedef struct {
    unsigned measures;
    double alpha; /* of EIS; 3 in the paper */
    /* E and F of EIS; NULL: X and Y themselves. */
    const agreement_space *references[2];
    int threads;
} agreement_settings;

/* NaN for what was not asked for or is not defined. */
typedef struct {
    double eis, eigenspace_overlap, pip, cka, rsa_pearson, rsa_spearman;
    double procrustes_cosine;   /* mean over words; NaN when the dimensions differ */
    double procrustes_residual; /* NaN when the dimensions differ */
} agreement_values;

/* Collective. s: rows of any length. The caller clears, also after a failure. STATUS_INPUT for
 * numbers that are not finite, or when all are 0. */
status agreement_prepare(agreement_space *a, const space *s, int threads);
void agreement_clear(agreement_space *a);

/* Collective. The same values on every rank. */
status agreement_measure(agreement_space *x, agreement_space *y, const agreement_settings *settings,
                         agreement_values *out);

/* Collective. What these measures would be on average if the words of Y were dealt anew at random:
 * exact expectations for EIS without references, eigenspace overlap and CKA; 0 for RSA; for PIP
 * the root of the expected square; NaN for the others. */
status agreement_chance(const agreement_space *x, const agreement_space *y,
                        const agreement_settings *settings, agreement_values *out);

#endif
