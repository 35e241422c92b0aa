// SPDX-License-Identifier: Apache-2.0
#include "dense.h"

#include <cblas.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "comm_internal.h"
#include "memory.h"

/* Neither ScaLAPACK nor BLACS has headers. pd* and d*: Fortran, so arrays are by columns and every
 * argument is an address; C*: BLACS for C. */
extern void pdgeqrf_(const int *m, const int *n, double *a, const int *ia, const int *ja,
                     const int *desc, double *tau, double *work, const int *lwork, int *info);
extern void pdorgqr_(const int *m, const int *n, const int *k, double *a, const int *ia,
                     const int *ja, const int *desc, const double *tau, double *work,
                     const int *lwork, int *info);
extern void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda,
                    double *s, double *u, const int *ldu, double *vt, const int *ldvt, double *work,
                    const int *lwork, int *iwork, int *info);
extern int Csys2blacs_handle(MPI_Comm comm);
extern void Cfree_blacs_system_handle(int handle);
extern void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
extern void Cblacs_gridexit(int context);

enum { BLOCK = 32 /* rows and columns of a block of the block-cyclic matrix */ };

/* ---- tall matrices */

status dense_create(dense_tall *x, int64_t n_local, int64_t columns) {
    *x = (dense_tall){.n_local = n_local, .columns = columns};
    return mem_new(&x->rows, (size_t)(n_local * columns), sizeof *x->rows, "a matrix of doubles");
}

void dense_clear(dense_tall *x) {
    mem_free(&x->rows);
}

/* By one rank, as MPI_Allreduce does not promise the same bits everywhere. */
void dense_sum(const comm *c, double *g, size_t n) {
    const size_t most = (size_t)1 << 24;
    for (size_t at = 0; c->size > 1 && at < n; at += most) {
        const int now = (int)(n - at < most ? n - at : most);
        MPI_Reduce(c->rank ? g + at : MPI_IN_PLACE, g + at, now, MPI_DOUBLE, MPI_SUM, 0, c->mpi);
        MPI_Bcast(g + at, now, MPI_DOUBLE, 0, c->mpi);
    }
}

void dense_product(const comm *c, const dense_tall *x, const dense_tall *y, double *g) {
    const int p = (int)x->columns, q = (int)y->columns;
    if (!p || !q)
        return;
    memset(g, 0, (size_t)p * (size_t)q * sizeof *g);
    if (x->n_local)
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, p, q, (int)x->n_local, 1, x->rows, p,
                    y->rows, q, 0, g, q);
    dense_sum(c, g, (size_t)p * (size_t)q);
}

/* ---- small matrices */

/* By rows a is the transpose of what LAPACK sees: a^T = (V) S (U^T), which by columns are vt and u.
 */
static status small_svd(double *a, int p, int q, double *values, double *u, double *vt) {
    const int k = p < q ? p : q, query = -1;
    double best, *work = NULL;
    int *places = NULL, info = 0;
    const char *job = u ? "S" : "N";
    dgesdd_(job, &q, &p, a, &q, values, vt, &q, u, &k, &best, &query, &info, &info);
    const int n_work = (int)best;
    status s = mem_new(&work, (size_t)n_work, sizeof *work, "work space of LAPACK");
    if (!s.code)
        s = mem_new(&places, 8 * (size_t)k, sizeof *places, "work space of LAPACK");
    if (!s.code)
        dgesdd_(job, &q, &p, a, &q, values, vt, &q, u, &k, work, &n_work, places, &info);
    if (!s.code && info)
        s = status_error(STATUS_INTERNAL, "LAPACK's dgesdd failed with %d", info);
    mem_free(&work);
    mem_free(&places);
    return s;
}

status dense_svd_small(const comm *c, double *a, int64_t p, int64_t q, double *values, double *u,
                       double *vt) {
    const size_t k = (size_t)(p < q ? p : q);
    status s = status_ok();
    if (!k)
        return s;
    if (c->rank == 0)
        s = small_svd(a, (int)p, (int)q, values, u, vt);
    if ((s = comm_agree(c, s)).code)
        return s;
    comm_broadcast(c, 0, values, k * sizeof *values);
    if (u) {
        comm_broadcast(c, 0, u, (size_t)p * k * sizeof *u);
        comm_broadcast(c, 0, vt, k * (size_t)q * sizeof *vt);
    }
    return s;
}

/* ---- QR of tall matrices */

/* X as a block-cyclic matrix; block b of a rank is block b * size + rank of the whole. */
typedef struct {
    const comm *world;
    int handle, context;  /* BLACS */
    int rows, columns, k; /* of the whole, with zero rows; min of the two */
    int lead;             /* rows here */
    int desc[9];
    double *a;   /* [columns][lead] */
    double *tau; /* [k] */
} cyclic;

static void cyclic_clear(cyclic *q) {
    mem_free(&q->a);
    mem_free(&q->tau);
    if (q->rows) {
        Cblacs_gridexit(q->context);
        Cfree_blacs_system_handle(q->handle);
    }
}

static status cyclic_fill(cyclic *q, const dense_tall *x) {
    const size_t columns = (size_t)x->columns, lead = (size_t)q->lead;
    status s = mem_new(&q->a, columns * lead, sizeof *q->a, "a matrix of doubles");
    if (!s.code)
        s = mem_new(&q->tau, columns, sizeof *q->tau, "a matrix of doubles");
    if (s.code)
        return s;
    for (size_t i = 0; i < (size_t)x->n_local; i++)
        for (size_t j = 0; j < columns; j++) {
            const double value = x->rows[i * columns + j];
            if (!isfinite(value))
                s = status_error(STATUS_INPUT, "the vectors hold numbers that are not finite");
            q->a[j * lead + i] = value;
        }
    return s;
}

static status cyclic_create(cyclic *q, const comm *c, const dense_tall *x) {
    const int64_t most = comm_max(c, x->n_local);
    const int64_t lead = most ? (most + BLOCK - 1) / BLOCK * BLOCK : BLOCK;
    *q = (cyclic){.world = c};
    if (lead * c->size > INT_MAX || lead * x->columns > INT_MAX)
        return status_error(STATUS_SPACE,
                            "ScaLAPACK counts in 32 bits: %lld rows of %lld columns on each of %d "
                            "ranks are too many; take fewer words, or more ranks",
                            (long long)lead, (long long)x->columns, c->size);
    const status s = comm_agree(c, ((q->lead = (int)lead), cyclic_fill(q, x)));
    if (s.code)
        return s;
    q->rows = (int)lead * c->size;
    q->columns = (int)x->columns;
    q->k = q->rows < q->columns ? q->rows : q->columns;
    q->handle = q->context = Csys2blacs_handle(c->mpi);
    Cblacs_gridinit(&q->context, "Row", c->size, 1);
    const int desc[9] = {1, q->context, q->rows, q->columns, BLOCK, BLOCK, 0, 0, q->lead};
    memcpy(q->desc, desc, sizeof desc);
    return s;
}

/* One of the two routines, called for its work space and then for its work. */
static status run(cyclic *q, bool form) {
    const int one = 1, query = -1;
    int info, n_work = 0;
    double best, *work = NULL;
    status s = status_ok();
    for (int pass = 0; pass < 2 && !s.code; pass++) {
        double *space = pass ? work : &best;
        const int *size = pass ? &n_work : &query;
        if (form)
            pdorgqr_(&q->rows, &q->k, &q->k, q->a, &one, &one, q->desc, q->tau, space, size, &info);
        else
            pdgeqrf_(&q->rows, &q->columns, q->a, &one, &one, q->desc, q->tau, space, size, &info);
        if (info)
            s = status_error(STATUS_INTERNAL, "ScaLAPACK's %s failed with %d",
                             form ? "pdorgqr" : "pdgeqrf", info);
        if (!pass && !s.code)
            s = mem_new(&work, (size_t)(n_work = (int)best), sizeof *work,
                        "work space of ScaLAPACK");
        s = comm_agree(q->world, s);
    }
    mem_free(&work);
    return s;
}

/* r [k][columns], zeros, gets the upper triangle. Collective. */
static void take_upper(const cyclic *q, double *r) {
    const int size = q->world->size;
    for (int i = 0; i < q->lead; i++) {
        const int row = (i / BLOCK * size + q->world->rank) * BLOCK + i % BLOCK;
        for (int j = row; j < q->columns; j++)
            r[(size_t)row * (size_t)q->columns + (size_t)j] =
                q->a[(size_t)j * (size_t)q->lead + (size_t)i];
    }
    comm_spread(q->world, r, (size_t)q->k * (size_t)q->columns * sizeof *r);
}

/* ---- SVD of tall matrices */

typedef struct {
    double *r;      /* [k][columns] */
    double *values; /* [k] */
    double *w;      /* [k][k] left singular vectors of R */
    double *vt;     /* [k][columns] */
} small_parts;

static void clear_parts(small_parts *p) {
    mem_free(&p->r);
    mem_free(&p->values);
    mem_free(&p->w);
    mem_free(&p->vt);
}

static status new_parts(small_parts *p, size_t k, size_t columns) {
    const char *what = "a small matrix";
    status s = mem_new(&p->r, k * columns, sizeof(double), what);
    if (!s.code)
        s = mem_new(&p->values, k, sizeof(double), what);
    if (!s.code)
        s = mem_new(&p->w, k * k, sizeof(double), what);
    if (!s.code)
        s = mem_new(&p->vt, k * columns, sizeof(double), what);
    return s;
}

/* Values and v, as many as there are. */
static status keep_values(dense_svd *out, const small_parts *p, int64_t n_rows, int64_t columns,
                          int64_t k) {
    const double least = p->values[0] * (double)(n_rows > columns ? n_rows : columns) * DBL_EPSILON;
    while (out->rank < k && p->values[out->rank] > least)
        out->rank++;
    const size_t rank = (size_t)out->rank;
    status s = mem_new(&out->values, rank, sizeof *out->values, "singular values");
    if (!s.code)
        s = mem_new(&out->v, rank * (size_t)columns, sizeof *out->v, "singular vectors");
    for (size_t i = 0; !s.code && i < rank; i++) {
        out->values[i] = p->values[i];
        for (size_t j = 0; j < (size_t)columns; j++)
            out->v[j * rank + i] = p->vt[i * (size_t)columns + j];
    }
    return s;
}

/* U = Q W, once Q is formed. */
static status make_left(dense_svd *out, const cyclic *q, const small_parts *p, int64_t n_local) {
    const status s = dense_create(&out->u, n_local, out->rank);
    if (!s.code && n_local && out->rank)
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n_local, (int)out->rank, q->k, 1,
                    q->a, q->lead, p->w, q->k, 0, out->u.rows, (int)out->rank);
    return s;
}

static status solve(cyclic *q, const dense_tall *x, int64_t n_rows, bool with_u, small_parts *p,
                    dense_svd *out) {
    status s = run(q, false);
    if (!s.code)
        s = comm_agree(q->world, new_parts(p, (size_t)q->k, (size_t)q->columns));
    if (s.code)
        return s;
    take_upper(q, p->r);
    s = dense_svd_small(q->world, p->r, q->k, q->columns, p->values, p->w, p->vt);
    if (!s.code)
        s = comm_agree(q->world, keep_values(out, p, n_rows, x->columns, q->k));
    if (!s.code && with_u)
        s = run(q, true);
    if (!s.code && with_u)
        s = comm_agree(q->world, make_left(out, q, p, x->n_local));
    return s;
}

status dense_svd_tall(const comm *c, const dense_tall *x, int64_t n_rows, bool with_u,
                      dense_svd *out) {
    cyclic q;
    small_parts p = {0};
    *out = (dense_svd){0};
    status s = cyclic_create(&q, c, x);
    if (!s.code && x->columns)
        s = solve(&q, x, n_rows, with_u, &p, out);
    clear_parts(&p);
    cyclic_clear(&q);
    return s;
}

void dense_svd_clear(dense_svd *d) {
    mem_free(&d->values);
    mem_free(&d->v);
    dense_clear(&d->u);
}
