// SPDX-License-Identifier: Apache-2.0
/* Orthogonal Procrustes: the rotation that takes the rows of X nearest to those of Y,
 *
 *     R = argmin ||X R - Y||_F, R^T R = I:   R = U V^T for the SVD X^T Y = U Sigma V^T
 *                                                                           (Schoenemann 1966)
 * alone, between rows less their means, with a scale, or with both:
 *
 *     PLAIN     x -> x R                             (Hamilton et al. 2016)
 *     CENTRED   x -> (x - mean X) R + mean Y
 *     SCALED    x -> s x R,       s = tr(Sigma) / ||X||_F^2
 *     BIAS      x -> s x R + b    s as before of centred rows, b = mean Y - s mean X R
 *
 * Products are doubles; on another number of ranks they are added in another order, so that values
 * agree to about 1e-12 and not to the bit. */
#ifndef WORDSHARD_ALIGN_H
#define WORDSHARD_ALIGN_H

#include "space.h"

typedef enum { ALIGN_PLAIN, ALIGN_CENTRED, ALIGN_SCALED, ALIGN_BIAS } align_method;

typedef struct {
    align_method method;
    int threads;
} align_settings;

typedef struct {
    int64_t dim;
    double *rotation; /* R [dim][dim] */
    double *bias;     /* [dim] b; zeros without centring: x -> scale x R + b */
    double scale;     /* s, or 1 */
    double trace;     /* tr(Sigma), of centred rows where the method centres */
    double residual;  /* ||mapped X - Y||_F */
    double relative;  /* residual / ||Y||_F (of centred rows where the method centres); NaN if 0 */
} alignment;

/* Collective. Fit on the rows as they are (space_unit makes unit rows); X and Y have the same
 * words. The alignment is the same on every rank; the caller clears, also after a failure.
 * STATUS_INPUT when the numbers of columns differ or numbers are not finite. */
status align_find(const space *x, const space *y, const align_settings *settings, alignment *a);
void align_clear(alignment *a);

/* Local. n rows of X mapped, from stride to to_stride floats apart; in may be out. Columns from dim
 * on are zeroed. */
status align_rows(const alignment *a, int64_t n, const float *in, size_t stride, int threads,
                  float *out, size_t to_stride);

/* Local. For each row here, x mapped (a = NULL: as it is) against y: cosine[n_local] = 1 - cos, NaN
 * where one is 0; euclidean[n_local] = length of the difference. Either may be NULL. The columns
 * of x and y must be as many. */
status align_displacement(const alignment *a, const space *x, const space *y, int threads,
                          double *cosine, double *euclidean);

#endif
