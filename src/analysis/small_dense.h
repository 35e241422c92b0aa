// SPDX-License-Identifier: Apache-2.0
/* Small dense symmetric problems by LAPACK, on one thread and one process, so that their bits are
 * the same on any number of them; a few hundred columns take a fraction of a second. */
#ifndef WORDSHARD_SMALL_DENSE_H
#define WORDSHARD_SMALL_DENSE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Of G = Y^T Y [n, n], its upper triangle (row-major), make R [n, n] such that the columns of Y R
 * are orthonormal and span those of Y: R = U^-1 for G = U^T U (Cholesky), *upper then true. If Y's
 * columns are not independent, R is made of eigenvectors (SVQB, Stathopoulos & Wu 2002), *upper is
 * false and there are zero columns. G is overwritten. STATUS_DIVERGED if G is not finite. */
status small_orthogonal(double *g, int n, float *r, bool *upper);

/* Smallest singular value of Y, from G = Y^T Y [n, n], its upper triangle; 0 if it is below what
 * rounding leaves of it. */
status small_least(const double *g, int n, double *least);

/* Eigenvalues of the symmetric a [n, n] and, in its rows, eigenvectors of length 1. */
status small_eigen(double *a, int n, double *values);

#endif
