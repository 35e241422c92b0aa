// SPDX-License-Identifier: Apache-2.0
/* Word vectors from the leading eigenpairs of positive PMI (ppmi.h, eigen.h), for --model ppmi-svd
 * and --init svd. */
#ifndef WORDSHARD_PPMI_SVD_H
#define WORDSHARD_PPMI_SVD_H

#include "comm.h"
#include "cooccurrence.h"
#include "eigen.h"
#include "options.h"

typedef struct {
    const comm *world;
    symmetric matrix;  /* until the vectors are there */
    eigen_pairs pairs; /* this rank's rows of the vectors, scaled */
    double *bias;      /* [V] of ppmi.h, on every rank: log X_ij is about v_i . c_j + b_i + b_j */
    int64_t *cuts;     /* [ranks + 1] rank r has rows [cuts[r], cuts[r + 1]) */
    int64_t n_words, n_cells;
    double power;             /* of the eigenvalues that was used */
    double ppmi_seconds;      /* from counts to the matrix */
    double iteration_seconds; /* from there to the vectors */
} ppmi_svd;

/* Bytes on a rank beside the counts: at the making of the matrix, and at the iterations, whichever
 * is more. Local. */
double ppmi_svd_bytes(const options *o, const comm *world, int64_t n_words, int64_t n_nonzeros);

/* Collective. The matrix; the counts are not needed afterwards. */
status ppmi_svd_begin(ppmi_svd *v, const cooccurrence *counts, const options *o, const comm *world);

/* Collective. The vectors; the matrix is gone afterwards. n_tokens: of the corpus, which decides on
 * the power if --eigenvalue-power does not. */
status ppmi_svd_finish(ppmi_svd *v, const options *o, const kernels *kernel, int64_t n_tokens);

void ppmi_svd_clear(ppmi_svd *v);

#endif
