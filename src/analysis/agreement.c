// SPDX-License-Identifier: Apache-2.0
#include "agreement.h"

#include <cblas.h>
#include <math.h>

#include "align.h"
#include "blas_alone.h"
#include "memory.h"
#include "space_dense.h"

/* In all of this r = rank of X, e = rank of Y, and
 *     a [r][e] = U_x^T U_y, s and t the singular values, m = U_x^T 1, l = U_y^T 1 */

/* ---- one space */

static status find_sums(agreement_space *a) {
    dense_tall ones;
    status s = dense_create(&ones, a->rows.n_local, 1);
    if (!s.code)
        s = mem_new(&a->sums, (size_t)a->svd.rank, sizeof *a->sums, "sums of singular vectors");
    s = comm_agree(a->rows.world, s);
    for (int64_t i = 0; !s.code && i < ones.n_local; i++)
        ones.rows[i] = 1;
    if (!s.code)
        dense_product(a->rows.world, &a->svd.u, &ones, a->sums);
    dense_clear(&ones);
    return s;
}

static status find_lengths(agreement_space *a, const dense_tall *x) {
    const size_t columns = (size_t)x->columns;
    const status s = comm_agree(a->rows.world, mem_new(&a->lengths, (size_t)x->n_local,
                                                       sizeof *a->lengths, "lengths of rows"));
    for (size_t i = 0; !s.code && i < (size_t)x->n_local; i++)
        for (size_t j = 0; j < columns; j++)
            a->lengths[i] += x->rows[i * columns + j] * x->rows[i * columns + j];
    return s;
}

static status decompose(agreement_space *a, const space *from) {
    dense_tall x = {0};
    double squares;
    status s = space_to_dense(from, NULL, &x, &squares);
    if (!s.code && !(squares > 0))
        s = status_error(STATUS_INPUT, "all vectors are 0");
    if (!s.code) {
        space_dense_normalise(&x);
        s = dense_svd_tall(from->world, &x, from->n, true, &a->svd);
    }
    if (!s.code)
        s = find_lengths(a, &x);
    dense_clear(&x);
    return s;
}

status agreement_prepare(agreement_space *a, const space *from, int threads) {
    *a = (agreement_space){0};
    status s = comm_agree(from->world, space_unit(from, &a->rows));
    if (s.code)
        return s;
    const int openmp_default = blas_threads_begin(threads);
    s = decompose(a, from);
    if (!s.code)
        s = find_sums(a);
    blas_alone_end(openmp_default);
    return s;
}

void agreement_clear(agreement_space *a) {
    space_clear(&a->rows);
    dense_svd_clear(&a->svd);
    mem_free(&a->sums);
    mem_free(&a->lengths);
    rsa_clear(&a->ranks);
}

/* ---- measures that follow from a, or from the squares of its elements */

/* sum of s_j^2 a_jk^2 t_k^2 = ||X^T Y||^2; squared: a is given as squares. */
static double product_norm(const agreement_space *x, const agreement_space *y, const double *a,
                           bool squared) {
    double sum = 0;
    for (int64_t j = 0; j < x->svd.rank; j++)
        for (int64_t k = 0; k < y->svd.rank; k++) {
            const double cell = a[j * y->svd.rank + k];
            const double part = x->svd.values[j] * y->svd.values[k];
            sum += part * part * (squared ? cell : cell * cell);
        }
    return sum;
}

/* ||X^T X||^2 */
static double gram_norm(const agreement_space *x) {
    double sum = 0;
    for (int64_t j = 0; j < x->svd.rank; j++)
        sum += pow(x->svd.values[j], 4);
    return sum;
}

static double pip_loss(const agreement_space *x, const agreement_space *y, double product) {
    return sqrt(fmax(0, gram_norm(x) + gram_norm(y) - 2 * product));
}

static double total(const double *a, int64_t n, bool squared) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += squared ? a[i] : a[i] * a[i];
    return sum;
}

static double eigenspace_overlap(const agreement_space *x, const agreement_space *y,
                                 const double *a, bool squared) {
    const int64_t r = x->svd.rank, e = y->svd.rank;
    return total(a, r * e, squared) / (double)(r > e ? r : e);
}

/* ---- centred: X less its mean is (U - 1 m^T / n) S V^T */

static double centred_gram_norm(const agreement_space *x) {
    const double *s = x->svd.values, n = (double)x->rows.n;
    double sum = 0;
    for (int64_t j = 0; j < x->svd.rank; j++)
        for (int64_t k = 0; k < x->svd.rank; k++) {
            const double cell = s[j] * ((j == k) - x->sums[j] * x->sums[k] / n) * s[k];
            sum += cell * cell;
        }
    return sum;
}

static double centred_product_norm(const agreement_space *x, const agreement_space *y,
                                   const double *a) {
    const double n = (double)x->rows.n;
    double sum = 0;
    for (int64_t j = 0; j < x->svd.rank; j++)
        for (int64_t k = 0; k < y->svd.rank; k++) {
            const double cell = x->svd.values[j] *
                                (a[j * y->svd.rank + k] - x->sums[j] * y->sums[k] / n) *
                                y->svd.values[k];
            sum += cell * cell;
        }
    return sum;
}

/* Below, what is left of a mean that all rows share is rounding. */
static const double NOTHING = 1e-13;

static double ratio_or_nan(double above, double below, double scale) {
    return below > NOTHING * scale ? above / below : NAN;
}

static double cka(const agreement_space *x, const agreement_space *y, double product) {
    const double below = sqrt(centred_gram_norm(x) * centred_gram_norm(y));
    return ratio_or_nan(product, below, sqrt(gram_norm(x) * gram_norm(y)));
}

/* ---- EIS */

/* Sigma's part (P diag(w) P^T), w = s^(2 alpha): of X and Y when they are their own references. */
static double own_part(const agreement_space *x, const agreement_space *y, double alpha,
                       double largest, const double *a, bool squared, double *trace) {
    double shared = 0;
    for (int64_t j = 0; j < x->svd.rank; j++) {
        const double weight = pow(x->svd.values[j] / largest, 2 * alpha);
        *trace += weight;
        for (int64_t k = 0; k < y->svd.rank; k++) {
            const double cell = a[j * y->svd.rank + k];
            shared += weight * (squared ? cell : cell * cell);
        }
    }
    return shared;
}

static double largest_of(const agreement_space *x, const agreement_space *y) {
    return fmax(x->svd.values[0], y->svd.values[0]);
}

/* tr(UU'S) = tr(w) and tr(WW'S) = tr(WW'UU'S) = the share of w that W spans, for either space. at:
 * a by columns, that is U_y^T U_x. */
static double eis_own(const agreement_space *x, const agreement_space *y, double alpha,
                      const double *a, const double *at, bool squared) {
    const double largest = largest_of(x, y);
    double trace = 0;
    const double shared = own_part(x, y, alpha, largest, a, squared, &trace) +
                          own_part(y, x, alpha, largest, at, squared, &trace);
    return (trace - shared) / trace;
}

static void transpose(const double *a, int64_t rows, int64_t columns, double *out) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            out[j * rows + i] = a[i * columns + j];
}

/* For one reference E = P diag(s) Q^T: with b = U^T P and c = W^T P, adds
 *     sum_k w_k (sum_i b_ik^2 + sum_j c_jk^2 - 2 sum_i (a c)_ik b_ik) */
static status add_reference(const agreement_space *x, const agreement_space *y, const double *a,
                            const agreement_space *reference, double alpha, double largest,
                            double *sum, double *trace) {
    const int64_t r = x->svd.rank, e = y->svd.rank, f = reference->svd.rank;
    double *b = NULL, *c = NULL, *ac = NULL;
    status s = mem_new(&b, (size_t)(r * f), sizeof *b, "a small matrix");
    if (!s.code)
        s = mem_new(&c, (size_t)(e * f), sizeof *c, "a small matrix");
    if (!s.code)
        s = mem_new(&ac, (size_t)(r * f), sizeof *ac, "a small matrix");
    s = comm_agree(x->rows.world, s);
    if (!s.code) {
        dense_product(x->rows.world, &x->svd.u, &reference->svd.u, b);
        dense_product(x->rows.world, &y->svd.u, &reference->svd.u, c);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)r, (int)f, (int)e, 1, a, (int)e,
                    c, (int)f, 0, ac, (int)f);
        for (int64_t k = 0; k < f; k++) {
            const double weight = pow(reference->svd.values[k] / largest, 2 * alpha);
            double cell = 0;
            for (int64_t i = 0; i < r; i++)
                cell += b[i * f + k] * (b[i * f + k] - 2 * ac[i * f + k]);
            for (int64_t j = 0; j < e; j++)
                cell += c[j * f + k] * c[j * f + k];
            *sum += weight * cell;
            *trace += weight;
        }
    }
    mem_free(&b);
    mem_free(&c);
    mem_free(&ac);
    return s;
}

static status eis_of_references(const agreement_space *x, const agreement_space *y,
                                const agreement_settings *set, const double *a, double *eis) {
    const agreement_space *const *given = set->references;
    const agreement_space *first = given[0] ? given[0] : x, *second = given[1] ? given[1] : y;
    const double largest = largest_of(first, second);
    double sum = 0, trace = 0;
    status s = add_reference(x, y, a, first, set->alpha, largest, &sum, &trace);
    if (!s.code)
        s = add_reference(x, y, a, second, set->alpha, largest, &sum, &trace);
    *eis = sum / trace;
    return s;
}

/* ---- RSA */

/* Over pairs of words i < j: sums over all i, j less those of i = j, halved. */
static double pearson(const agreement_space *x, const agreement_space *y, double product) {
    const double pairs = (double)x->rows.n * (double)(x->rows.n - 1) / 2;
    const agreement_space *const both[] = {x, y};
    double diagonal = 0, sums[2], squares[2];
    for (int64_t i = 0; i < x->rows.n_local; i++)
        diagonal += x->lengths[i] * y->lengths[i];
    const double products = (product - comm_sum_real(x->rows.world, diagonal)) / 2;
    for (int k = 0; k < 2; k++) {
        const agreement_space *z = both[k];
        double whole = 0, lengths = 0, fourths = 0;
        for (int64_t j = 0; j < z->svd.rank; j++)
            whole += pow(z->svd.values[j] * z->sums[j], 2);
        for (int64_t i = 0; i < z->rows.n_local; i++) {
            lengths += z->lengths[i];
            fourths += z->lengths[i] * z->lengths[i];
        }
        sums[k] = (whole - comm_sum_real(z->rows.world, lengths)) / 2;
        squares[k] = (gram_norm(z) - comm_sum_real(z->rows.world, fourths)) / 2;
    }
    if (pairs < 3)
        return NAN;
    const double covariance = products - sums[0] * sums[1] / pairs;
    const double variances[] = {squares[0] - sums[0] * sums[0] / pairs,
                                squares[1] - sums[1] * sums[1] / pairs};
    if (!(variances[0] > NOTHING * gram_norm(x)) || !(variances[1] > NOTHING * gram_norm(y)))
        return NAN;
    return covariance / sqrt(variances[0] * variances[1]);
}

/* U S of all words: the rows of length 1 in other coordinates, in doubles. *rows is new. */
static status gather_scores(const agreement_space *x, double **rows) {
    const int64_t rank = x->svd.rank, n = x->rows.n_local * rank;
    double *mine;
    int64_t bytes;
    *rows = NULL;
    status s = mem_new(&mine, (size_t)n, sizeof *mine, "vectors");
    s = comm_agree(x->rows.world, s);
    for (int64_t i = 0; i < n && !s.code; i++)
        mine[i] = x->svd.u.rows[i] * x->svd.values[i % rank];
    if (!s.code)
        s = comm_concatenate(x->rows.world, mine, n * (int64_t)sizeof *mine, rows, &bytes);
    mem_free(&mine);
    return s;
}

static status spearman_of_few(const agreement_space *x, const agreement_space *y, double *rho) {
    double *all[2] = {NULL, NULL};
    status s = gather_scores(x, &all[0]);
    if (!s.code)
        s = gather_scores(y, &all[1]);
    if (!s.code)
        s = comm_agree(x->rows.world,
                       rsa_sorted(x->rows.n, all[0], x->svd.rank, all[1], y->svd.rank, rho));
    mem_free(&all[0]);
    mem_free(&all[1]);
    return s;
}

static status spearman(agreement_space *x, agreement_space *y, int threads, double *rho) {
    const comm *world = x->rows.world;
    unit_rows all[2] = {{0}};
    agreement_space *const both[] = {x, y};
    status s = status_ok();
    if (x->rows.n <= RSA_EXACT)
        return spearman_of_few(x, y, rho);
    for (int k = 0; k < 2 && !s.code; k++) {
        s = space_gather(&both[k]->rows, &all[k]);
        if (!s.code && !both[k]->ranks.ranks)
            s = rsa_rank(&both[k]->ranks, &all[k], world, threads);
    }
    if (!s.code)
        s = rsa_spearman(&all[0], &x->ranks, &all[1], &y->ranks, world, threads, rho);
    mem_free(&all[0].rows);
    mem_free(&all[1].rows);
    return s;
}

/* ---- Procrustes */

static status mean_cosine(const space *x, const alignment *a, const space *y, int threads,
                          double *mean) {
    double *displacement, sum = 0;
    int64_t n = 0;
    status s = mem_new(&displacement, (size_t)x->n_local, sizeof *displacement, "displacements");
    if (!s.code)
        s = align_displacement(a, x, y, threads, displacement, NULL);
    s = comm_agree(x->world, s);
    for (int64_t i = 0; !s.code && i < x->n_local; i++)
        if (isfinite(displacement[i])) {
            sum += 1 - displacement[i];
            n++;
        }
    mem_free(&displacement);
    if (s.code)
        return s;
    sum = comm_sum_real(x->world, sum);
    n = comm_sum(x->world, n);
    *mean = n ? sum / (double)n : NAN;
    return s;
}

static status procrustes(const agreement_space *x, const agreement_space *y, int threads,
                         agreement_values *out) {
    const align_settings settings = {.method = ALIGN_PLAIN, .threads = threads};
    alignment a;
    status s = align_find(&x->rows, &y->rows, &settings, &a);
    if (!s.code)
        s = mean_cosine(&x->rows, &a, &y->rows, threads, &out->procrustes_cosine);
    if (!s.code)
        out->procrustes_residual = a.residual;
    align_clear(&a);
    return s;
}

/* ---- all of a pair */

static const agreement_values NOTHING_KNOWN = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

static status measure_small(const agreement_space *x, const agreement_space *y,
                            const agreement_settings *set, const double *a, double *at,
                            agreement_values *out) {
    const double product = product_norm(x, y, a, false);
    status s = status_ok();
    if (set->measures & AGREEMENT_OVERLAP)
        out->eigenspace_overlap = eigenspace_overlap(x, y, a, false);
    if (set->measures & AGREEMENT_PIP)
        out->pip = pip_loss(x, y, product);
    if (set->measures & AGREEMENT_CKA)
        out->cka = cka(x, y, centred_product_norm(x, y, a));
    if (set->measures & AGREEMENT_PEARSON)
        out->rsa_pearson = pearson(x, y, product);
    transpose(a, x->svd.rank, y->svd.rank, at);
    if (set->measures & AGREEMENT_EIS && (set->references[0] || set->references[1]))
        s = eis_of_references(x, y, set, a, &out->eis);
    else if (set->measures & AGREEMENT_EIS)
        out->eis = eis_own(x, y, set->alpha, a, at, false);
    return s;
}

/* a and at: [r * e] each, new. */
static status new_products(const agreement_space *x, const agreement_space *y, double **a,
                           double **at) {
    const size_t n = (size_t)(x->svd.rank * y->svd.rank);
    status s = mem_new(a, n, sizeof **a, "a small matrix");
    *at = NULL;
    if (!s.code)
        s = mem_new(at, n, sizeof **at, "a small matrix");
    return comm_agree(x->rows.world, s);
}

status agreement_measure(agreement_space *x, agreement_space *y, const agreement_settings *settings,
                         agreement_values *out) {
    double *a, *at;
    *out = NOTHING_KNOWN;
    status s = new_products(x, y, &a, &at);
    if (!s.code && settings->measures & ~(unsigned)(AGREEMENT_SPEARMAN | AGREEMENT_PROCRUSTES)) {
        const int openmp_default = blas_threads_begin(settings->threads);
        dense_product(x->rows.world, &x->svd.u, &y->svd.u, a);
        s = measure_small(x, y, settings, a, at, out);
        blas_alone_end(openmp_default);
    }
    if (!s.code && settings->measures & AGREEMENT_SPEARMAN)
        s = spearman(x, y, settings->threads, &out->rsa_spearman);
    if (!s.code && settings->measures & AGREEMENT_PROCRUSTES && x->rows.dim == y->rows.dim)
        s = procrustes(x, y, settings->threads, out);
    mem_free(&a);
    mem_free(&at);
    return s;
}

/* ---- chance */

/* Expected squares of a when the rows of Y are dealt anew: a_jk = m_j l_k / n + what two vectors
 * without mean, of squared lengths 1 - m_j^2 / n and 1 - l_k^2 / n, have in common. */
static void expect_squares(const agreement_space *x, const agreement_space *y, double *squares) {
    const double n = (double)x->rows.n;
    for (int64_t j = 0; j < x->svd.rank; j++)
        for (int64_t k = 0; k < y->svd.rank; k++) {
            const double m = x->sums[j], l = y->sums[k], means = m * l / n;
            const double rest = n > 1 ? (1 - m * m / n) * (1 - l * l / n) / (n - 1) : 0;
            squares[j * y->svd.rank + k] = means * means + rest;
        }
}

/* ||X less its mean||^2 */
static double centred_squares(const agreement_space *x) {
    const double n = (double)x->rows.n;
    double sum = 0;
    for (int64_t j = 0; j < x->svd.rank; j++)
        sum += x->svd.values[j] * x->svd.values[j] * (1 - x->sums[j] * x->sums[j] / n);
    return sum;
}

status agreement_chance(const agreement_space *x, const agreement_space *y,
                        const agreement_settings *settings, agreement_values *out) {
    double *squares, *turned;
    *out = NOTHING_KNOWN;
    const status s = new_products(x, y, &squares, &turned);
    if (!s.code) {
        expect_squares(x, y, squares);
        transpose(squares, x->svd.rank, y->svd.rank, turned);
        out->eigenspace_overlap = eigenspace_overlap(x, y, squares, true);
        out->pip = pip_loss(x, y, product_norm(x, y, squares, true));
        out->cka = cka(x, y, centred_squares(x) * centred_squares(y) / (double)(x->rows.n - 1));
        out->rsa_pearson = out->rsa_spearman = 0;
        if (!settings->references[0] && !settings->references[1])
            out->eis = eis_own(x, y, settings->alpha, squares, turned, true);
    }
    mem_free(&squares);
    mem_free(&turned);
    return s;
}
