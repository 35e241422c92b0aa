// SPDX-License-Identifier: Apache-2.0
#include "small_dense.h"

#include <math.h>
#include <string.h>

#include "blas_alone.h"
#include "memory.h"

/* LAPACK's own names: Fortran, so arrays are by columns and every argument is an address. */
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dtrtri_(const char *uplo, const char *diagonal, const int *n, double *a, const int *lda,
                    int *info);
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
                    double *w, double *work, const int *lwork, int *iwork, const int *liwork,
                    int *info);

/* Squared pivots of a matrix with a diagonal of ones, and its eigenvalues: below, a column is
 * nothing but the others and rounding. */
static const double DEPENDENT = 1e-10;

/* Eigenvalues of a product of floats below this part of the largest say nothing. */
static const double ROUNDING = 1e-6;

/* jobz: "V" for vectors too, which take the place of a, "N" for values alone; a is lost then. */
static status solve(const char *jobz, double *a, int n, double *values) {
    double *work = NULL, best;
    int *places = NULL, most, info, query = -1;
    const int openmp_default = blas_alone_begin();
    dsyevd_(jobz, "U", &n, a, &n, values, &best, &query, &most, &query, &info);
    int n_work = (int)best;
    status s = mem_new(&work, (size_t)n_work, sizeof *work, "work space of LAPACK");
    if (!s.code)
        s = mem_new(&places, (size_t)most, sizeof *places, "work space of LAPACK");
    if (!s.code)
        dsyevd_(jobz, "U", &n, a, &n, values, work, &n_work, places, &most, &info);
    if (!s.code && info)
        s = status_error(STATUS_INTERNAL, "LAPACK's dsyevd failed with %d", info);
    blas_alone_end(openmp_default);
    mem_free(&work);
    mem_free(&places);
    return s;
}

status small_eigen(double *a, int n, double *values) {
    return solve("V", a, n, values);
}

status small_least(const double *g, int n, double *least) {
    const size_t size = (size_t)n;
    double *a = NULL, *values = NULL;
    status s = mem_new(&a, size * size, sizeof *a, "a small matrix");
    if (!s.code)
        s = mem_new(&values, size, sizeof *values, "a small matrix");
    for (size_t i = 0; !s.code && i < size; i++)
        for (size_t j = i; j < size; j++)
            a[i * size + j] = a[j * size + i] = g[i * size + j];
    if (!s.code)
        s = solve("N", a, n, values);
    if (!s.code)
        *least = values[0] > ROUNDING * values[size - 1] ? sqrt(values[0]) : 0;
    mem_free(&a);
    mem_free(&values);
    return s;
}

/* scale[i] = 1 / sqrt(G_ii), 0 where that is 0; G becomes scale G scale, with both triangles. */
static status scale_diagonal(double *g, size_t n, double *scale) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(g[i * n + i]))
            return status_error(STATUS_DIVERGED, "the eigenvectors are not finite");
        scale[i] = g[i * n + i] > 0 ? 1 / sqrt(g[i * n + i]) : 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            g[i * n + j] = g[j * n + i] = g[i * n + j] * scale[i] * scale[j];
    return status_ok();
}

/* Row-major upper triangle = LAPACK's lower one. Returns whether l [n, n] became the inverse of
 * the Cholesky factor of g, as an upper triangle by rows. */
static bool invert_factor(const double *g, int n, double *l) {
    int info;
    const size_t size = (size_t)n;
    memcpy(l, g, size * size * sizeof *l);
    dpotrf_("L", &n, l, &n, &info);
    for (size_t i = 0; !info && i < size; i++)
        if (!(l[i * size + i] * l[i * size + i] > DEPENDENT))
            return false;
    if (!info)
        dtrtri_("L", "N", &n, l, &n, &info);
    return !info;
}

static void fill_upper(const double *l, const double *scale, size_t n, float *r) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            r[i * n + j] = j < i ? 0 : (float)(scale[i] * l[i * n + j]);
}

static status fill_spectral(double *g, const double *scale, int n, double *values, float *r) {
    const size_t size = (size_t)n;
    const status s = small_eigen(g, n, values);
    for (size_t j = 0; !s.code && j < size; j++) {
        const bool there = values[j] > DEPENDENT * values[size - 1];
        for (size_t i = 0; i < size; i++)
            r[i * size + j] = there ? (float)(scale[i] * g[j * size + i] / sqrt(values[j])) : 0;
    }
    return s;
}

status small_orthogonal(double *g, int n, float *r, bool *upper) {
    const size_t size = (size_t)n;
    double *scale = NULL, *l = NULL, *values = NULL;
    status s = mem_new(&scale, size, sizeof *scale, "a small matrix");
    if (!s.code)
        s = mem_new(&values, size, sizeof *values, "a small matrix");
    if (!s.code)
        s = mem_new(&l, size * size, sizeof *l, "a small matrix");
    if (!s.code)
        s = scale_diagonal(g, size, scale);
    if (!s.code) {
        const int openmp_default = blas_alone_begin();
        *upper = invert_factor(g, n, l);
        blas_alone_end(openmp_default);
        if (*upper)
            fill_upper(l, scale, size, r);
        else
            s = fill_spectral(g, scale, n, values, r);
    }
    mem_free(&scale);
    mem_free(&values);
    mem_free(&l);
    return s;
}
