// SPDX-License-Identifier: Apache-2.0
/* Word vectors from the leading eigenpairs of positive PMI (ppmi.h, eigen.h), for --model ppmi-svd
 * and --init svd. */
#ifndef WORDSHARD_PPMI_SVD_H
#define WORDSHARD_PPMI_SVD_H

#include "comm.h"
#include "cooc_size.h"
#include "cooccurrence.h"
#include "eigen.h"
#include "job_shape.h"
#include "options.h"
#include "rows.h"

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

/* --iterations, or what is used without. Local. */
int ppmi_svd_iterations(const options *o);

/* What a rank holds at the making of the matrix or at the iterations, whichever is more, is added
 * to e, which holds the rest but not the counts. Local. */
void ppmi_svd_estimate(const options *o, const job_shape *job, const cooc_size *size, estimate *e);

/* Collective. The matrix; the counts are not needed afterwards. */
status ppmi_svd_begin(ppmi_svd *v, const cooccurrence *counts, const options *o, const comm *world);

/* Collective. The vectors; the matrix is gone afterwards. n_tokens: of the corpus, which decides on
 * the power if --eigenvalue-power does not; a start for another model is always with 0.5 then, as
 * products of vectors are near the PMI only so. */
status ppmi_svd_finish(ppmi_svd *v, const options *o, const kernels *kernel, int64_t n_tokens,
                       const eigen_pauses *pauses);

/* Collective. The pauses of a start for another model: STATUS_STOPPED when a stop is asked for, and
 * nothing is kept. context: the comm. */
status ppmi_svd_pause(void *context, const eigen_block *block);

/* Collective. All of it: count what path holds (cooccurrence_get), refuse what --memory cannot
 * hold, factorise, free the counts. For models that start from the vectors. */
status ppmi_svd_from_input(ppmi_svd *v, const char *path, const options *o, const kernels *kernel,
                           const comm *world);

/* Collective. job_shape_check with what may help. */
status ppmi_svd_check_memory(const options *o, const job_shape *job, const comm *world,
                             const estimate *e);

/* The vectors as a table to fetch rows of any words from. Lives as long as v. */
rows_table ppmi_svd_table(const ppmi_svd *v, const options *o);

/* Collective. Rows [begin, begin + n) of the vectors into out, stride floats apart, zeros behind
 * --dim. */
status ppmi_svd_rows(const ppmi_svd *v, const options *o, int64_t begin, int64_t n, float *out,
                     size_t stride);

/* Collective. --blend: rows [begin, begin + n) of a model that started from the vectors, so that
 * both have one basis, become x / |x| + blend v / |v|. */
status ppmi_svd_blend(const ppmi_svd *v, const options *o, int64_t begin, int64_t n, float *rows,
                      size_t stride);

void ppmi_svd_clear(ppmi_svd *v);

#endif
