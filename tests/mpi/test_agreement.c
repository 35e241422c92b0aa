// SPDX-License-Identifier: Apache-2.0
/* Alignment, spectrum and agreement of spaces whose rows are cut over ranks, against values that
 * NumPy and SciPy found by the definitions (tests/interop/agreement.py). */
#include <math.h>
#include <string.h>

#include "agreement.h"
#include "align.h"
#include "memory.h"
#include "random.h"
#include "spectrum.h"
#include "support.h"

static comm *world;

/* ---- the stored cases */

enum { MEASURES = 8, METHODS = 4 };

typedef struct {
    int n, dim, seed, rank, modulus;
} matrix;

typedef struct {
    const char *name;
    matrix x, y;
    double measures[MEASURES]; /* in the order of agreement_values */
    double spectra[2][3];      /* of x, as it is and centred: first value, effective rank, ratio */
    double maps[METHODS][2];   /* residual, scale */
} agreement_case;

#include "agreement_cases.h"

enum { CASES = sizeof cases / sizeof *cases };
static const double CLOSE = 1e-6;

/* As agreement.py makes it. */
static void make(space *s, const matrix *m) {
    CU_ASSERT_EQUAL(space_create(s, world, m->n, m->dim).code, STATUS_OK);
    for (int64_t row = 0; row < s->n_local; row++)
        for (int k = 0; k < m->dim; k++) {
            const int64_t i = s->begin + row, j = m->rank ? k % m->rank : k;
            const int64_t mixed = i * i * 7 + j * 13 + i * j * 5 + i * j * j * 3 + m->seed * 31;
            const int64_t value = mixed % m->modulus - m->modulus / 2;
            s->rows[(size_t)row * s->stride + (size_t)k] = (float)value;
        }
}

static void make_unit(space *s, const matrix *m) {
    space raw;
    make(&raw, m);
    CU_ASSERT_EQUAL(space_unit(&raw, s).code, STATUS_OK);
    space_clear(&raw);
}

static void prepare(agreement_space *a, const matrix *m, int threads) {
    space raw;
    make(&raw, m);
    CU_ASSERT_EQUAL(agreement_prepare(a, &raw, threads).code, STATUS_OK);
    space_clear(&raw);
}

/* Both not defined, or close. */
static bool is_close(double x, double expected, double most) {
    return isnan(expected) ? isnan(x) : fabs(x - expected) <= most * fmax(1, fabs(expected));
}

static void expect(const agreement_case *c, const char *what, int k, double x, double expected,
                   double most) {
    if (!is_close(x, expected, most))
        fprintf(stderr, "%s: %s %d is %.12g, expected %.12g\n", c->name, what, k, x, expected);
    CU_ASSERT(is_close(x, expected, most));
}

/* ---- agreement */

static void measure_case(const agreement_case *c, int threads, double *values) {
    const agreement_settings settings = {.measures = AGREEMENT_ALL, .alpha = 3, .threads = threads};
    agreement_space x, y;
    agreement_values v;
    prepare(&x, &c->x, threads);
    prepare(&y, &c->y, threads);
    CU_ASSERT_EQUAL(agreement_measure(&x, &y, &settings, &v).code, STATUS_OK);
    memcpy(values, &v, sizeof v);
    agreement_clear(&x);
    agreement_clear(&y);
}

static void measures_are_those_of_numpy(void) {
    CU_ASSERT_EQUAL_FATAL(sizeof(agreement_values), MEASURES * sizeof(double));
    for (int i = 0; i < CASES; i++)
        for (int threads = 1; threads <= (cases[i].x.n > 100 ? 2 : 1); threads++) {
            double values[MEASURES];
            measure_case(&cases[i], threads, values);
            for (int k = 0; k < MEASURES; k++)
                expect(&cases[i], "measure", k, values[k], cases[i].measures[k], CLOSE);
        }
}

static void only_what_is_asked_for_is_measured(void) {
    const agreement_settings settings = {.measures = AGREEMENT_PIP, .alpha = 3, .threads = 1};
    agreement_space x, y;
    agreement_values v;
    prepare(&x, &cases[1].x, 1);
    prepare(&y, &cases[1].y, 1);
    CU_ASSERT_EQUAL(agreement_measure(&x, &y, &settings, &v).code, STATUS_OK);
    CU_ASSERT(isfinite(v.pip));
    CU_ASSERT(isnan(v.eis) && isnan(v.cka) && isnan(v.rsa_spearman) && isnan(v.procrustes_cosine));
    CU_ASSERT(isnan(v.rsa_pearson) && isnan(v.procrustes_residual));
    agreement_clear(&x);
    agreement_clear(&y);
}

static void references_that_are_the_spaces_themselves_change_nothing(void) {
    const agreement_case *c = &cases[2];
    agreement_space x, y;
    agreement_values v;
    prepare(&x, &c->x, 1);
    prepare(&y, &c->y, 1);
    const agreement_settings settings = {
        .measures = AGREEMENT_EIS, .alpha = 3, .references = {&x, &y}, .threads = 1};
    CU_ASSERT_EQUAL(agreement_measure(&x, &y, &settings, &v).code, STATUS_OK);
    expect(c, "eis by references", 0, v.eis, c->measures[0], 1e-12);
    agreement_clear(&x);
    agreement_clear(&y);
}

/* Sigma of a third and a fourth space, in n x n matrices. */
static double plain_eis(const double *p, const double *q, const double *sigma, int n) {
    double above = 0, below = 0;
    for (int i = 0; i < n; i++) {
        below += sigma[i * n + i];
        for (int j = 0; j < n; j++) {
            double qp = 0;
            for (int k = 0; k < n; k++)
                qp += q[i * n + k] * p[k * n + j];
            above += (p[i * n + j] + q[i * n + j] - 2 * qp) * sigma[j * n + i];
        }
    }
    return above / below;
}

/* The projection onto the left singular vectors, or the sum of their products times s^(2 alpha). */
static void add_projection(const agreement_space *a, double alpha, double *out, int n) {
    double *u = NULL;
    int64_t bytes;
    CU_ASSERT_EQUAL(comm_concatenate(world, a->svd.u.rows,
                                     a->svd.u.n_local * a->svd.rank * (int64_t)sizeof *u, &u,
                                     &bytes)
                        .code,
                    STATUS_OK);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int64_t k = 0; k < a->svd.rank; k++)
                out[i * n + j] += pow(a->svd.values[k], 2 * alpha) * u[i * a->svd.rank + k] *
                                  u[j * a->svd.rank + k];
    mem_free(&u);
}

static void other_references_give_their_own_weights(void) {
    enum { N = 12 };
    const matrix shapes[] = {
        {N, 5, 3, 0, 23}, {N, 3, 4, 0, 23}, {N, 2, 5, 0, 23}, {N, 4, 6, 0, 23}};
    agreement_space a[4];
    agreement_values v;
    double p[N * N] = {0}, q[N * N] = {0}, sigma[N * N] = {0};
    for (int i = 0; i < 4; i++)
        prepare(&a[i], &shapes[i], 1);
    add_projection(&a[0], 0, p, N);
    add_projection(&a[1], 0, q, N);
    add_projection(&a[2], 1.5, sigma, N);
    add_projection(&a[3], 1.5, sigma, N);
    const agreement_settings settings = {
        .measures = AGREEMENT_EIS, .alpha = 1.5, .references = {&a[2], &a[3]}, .threads = 1};
    CU_ASSERT_EQUAL(agreement_measure(&a[0], &a[1], &settings, &v).code, STATUS_OK);
    CU_ASSERT_DOUBLE_EQUAL(v.eis, plain_eis(p, q, sigma, N), 1e-12);
    for (int i = 0; i < 4; i++)
        agreement_clear(&a[i]);
}

/* The mean over many random orders of the rows of y comes near what agreement_chance expects. */
static void chance_is_the_mean_over_random_orders(void) {
    enum { N = 40, ROUNDS = 100, FOUND = 5 };
    const matrix shapes[] = {{N, 4, 3, 0, 23}, {N, 3, 4, 0, 23}};
    const agreement_settings settings = {
        .measures = AGREEMENT_CHEAP & ~AGREEMENT_PROCRUSTES, .alpha = 1, .threads = 1};
    agreement_space x, y;
    agreement_values expected, v;
    double means[FOUND] = {0};
    prepare(&x, &shapes[0], 1);
    prepare(&y, &shapes[1], 1);
    CU_ASSERT_EQUAL(agreement_chance(&x, &y, &settings, &expected).code, STATUS_OK);
    unit_rows all;
    CU_ASSERT_EQUAL(space_gather(&y.rows, &all).code, STATUS_OK);
    for (int round = 0; round < ROUNDS; round++) {
        int order[N] = {0};
        for (int i = 0; i < N; i++) {
            const int j =
                (int)random_below(random_at((uint64_t)round, (uint64_t)i), (uint32_t)i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        space dealt;
        agreement_space z;
        CU_ASSERT_EQUAL(space_create(&dealt, world, N, y.rows.dim).code, STATUS_OK);
        for (int64_t i = 0; i < dealt.n_local; i++)
            memcpy(dealt.rows + (size_t)i * dealt.stride,
                   all.rows + (size_t)order[dealt.begin + i] * all.stride,
                   dealt.stride * sizeof *dealt.rows);
        CU_ASSERT_EQUAL(agreement_prepare(&z, &dealt, 1).code, STATUS_OK);
        CU_ASSERT_EQUAL(agreement_measure(&x, &z, &settings, &v).code, STATUS_OK);
        const double found[FOUND] = {v.eis, v.eigenspace_overlap, v.pip * v.pip, v.cka,
                                     v.rsa_pearson};
        for (int k = 0; k < FOUND; k++)
            means[k] += found[k] / ROUNDS;
        agreement_clear(&z);
        space_clear(&dealt);
    }
    const double known[FOUND] = {expected.eis, expected.eigenspace_overlap,
                                 expected.pip * expected.pip, expected.cka, expected.rsa_pearson};
    for (int k = 0; k < FOUND; k++)
        CU_ASSERT_DOUBLE_EQUAL(means[k], known[k], 0.02 * fmax(1, known[k]));
    mem_free(&all.rows);
    agreement_clear(&x);
    agreement_clear(&y);
}

static void rotated_and_reordered_columns_agree_wholly(void) {
    const agreement_settings settings = {.measures = AGREEMENT_ALL, .alpha = 3, .threads = 2};
    const matrix m = {700, 16, 3, 0, 9973};
    agreement_space x, y;
    agreement_values v;
    space raw;
    prepare(&x, &m, 2);
    make(&raw, &m);
    for (int64_t i = 0; i < raw.n_local; i++) { /* columns in another order, every second negated */
        float *row = raw.rows + (size_t)i * raw.stride, old[16];
        memcpy(old, row, sizeof old);
        for (int j = 0; j < 16; j++)
            row[j] = old[(j * 5 + 3) % 16] * (j % 2 ? 1.0f : -1.0f);
    }
    CU_ASSERT_EQUAL(agreement_prepare(&y, &raw, 2).code, STATUS_OK);
    CU_ASSERT_EQUAL(agreement_measure(&x, &y, &settings, &v).code, STATUS_OK);
    const double ones[] = {1 - v.eis, v.eigenspace_overlap, v.cka, v.rsa_pearson,
                           v.procrustes_cosine};
    for (int k = 0; k < 5; k++)
        CU_ASSERT_DOUBLE_EQUAL(ones[k], 1, 1e-10);
    CU_ASSERT_DOUBLE_EQUAL(v.rsa_spearman, 1, 1e-6);
    CU_ASSERT(v.pip < 1e-5 && v.procrustes_residual < 1e-5);
    space_clear(&raw);
    agreement_clear(&x);
    agreement_clear(&y);
}

static void rows_of_zeros_are_left_out(void) {
    const matrix m = {40, 4, 3, 0, 23};
    const agreement_settings settings = {.measures = AGREEMENT_ALL, .alpha = 3, .threads = 1};
    agreement_space x, y;
    agreement_values v;
    space raw;
    make(&raw, &m);
    for (int64_t i = 0; i < raw.n_local; i++)
        if ((raw.begin + i) % 7 == 0)
            memset(raw.rows + (size_t)i * raw.stride, 0, raw.stride * sizeof *raw.rows);
    CU_ASSERT_EQUAL(agreement_prepare(&x, &raw, 1).code, STATUS_OK);
    prepare(&y, &m, 1);
    CU_ASSERT_EQUAL(agreement_measure(&x, &y, &settings, &v).code, STATUS_OK);
    CU_ASSERT(isfinite(v.eis) && isfinite(v.procrustes_cosine) && isfinite(v.rsa_spearman));
    CU_ASSERT(v.procrustes_cosine > 0.9);
    space_clear(&raw);
    agreement_clear(&x);
    agreement_clear(&y);
}

/* ---- spectrum */

static void spectra_are_those_of_numpy(void) {
    for (int i = 0; i < CASES; i++)
        for (int centred = 0; centred < 2; centred++) {
            const double *expected = cases[i].spectra[centred];
            space x;
            spectrum found;
            make_unit(&x, &cases[i].x);
            CU_ASSERT_EQUAL(spectrum_find(&x, centred, 1, &found).code, STATUS_OK);
            expect(&cases[i], "eigenvalue", centred, found.n ? found.values[0] : 0, expected[0],
                   CLOSE);
            expect(&cases[i], "effective rank", centred, found.effective_rank, expected[1], CLOSE);
            expect(&cases[i], "participation", centred, found.participation, expected[2], CLOSE);
            spectrum_clear(&found);
            space_clear(&x);
        }
}

/* ---- alignment */

static void alignments_are_those_of_scipy(void) {
    for (int i = 0; i < CASES; i++) {
        space x, y;
        make_unit(&x, &cases[i].x);
        make_unit(&y, &cases[i].y);
        for (int method = 0; method < METHODS && x.dim == y.dim; method++) {
            const align_settings settings = {.method = (align_method)method, .threads = 1};
            alignment a;
            CU_ASSERT_EQUAL(align_find(&x, &y, &settings, &a).code, STATUS_OK);
            expect(&cases[i], "residual of method", method, a.residual, cases[i].maps[method][0],
                   CLOSE);
            expect(&cases[i], "scale of method", method, a.scale, cases[i].maps[method][1], CLOSE);
            align_clear(&a);
        }
        space_clear(&x);
        space_clear(&y);
    }
}

/* y = 3 x turned by a quarter in two planes, and moved. */
static void turn(const space *x, space *y) {
    CU_ASSERT_EQUAL(space_create(y, world, x->n, x->dim).code, STATUS_OK);
    for (size_t at = 0; at < (size_t)x->n_local * x->stride; at += x->stride) {
        const float turned[] = {-x->rows[at + 1], x->rows[at], x->rows[at + 3], -x->rows[at + 2]};
        for (size_t j = 0; j < 4; j++)
            y->rows[at + j] = 3 * turned[j] + (float)j;
    }
}

static void a_known_map_is_found_and_applied(void) {
    const matrix m = {50, 4, 1, 0, 23};
    const align_settings settings = {.method = ALIGN_BIAS, .threads = 2};
    space x, y, mapped;
    alignment a;
    make(&x, &m);
    turn(&x, &y);
    CU_ASSERT_EQUAL(align_find(&x, &y, &settings, &a).code, STATUS_OK);
    CU_ASSERT_DOUBLE_EQUAL(a.scale, 3, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(a.rotation[1 * 4 + 0], -1, 1e-12);
    for (int j = 0; j < 4; j++)
        CU_ASSERT_DOUBLE_EQUAL(a.bias[j], j, 1e-10);
    CU_ASSERT_EQUAL(space_create(&mapped, world, x.n, x.dim).code, STATUS_OK);
    CU_ASSERT_EQUAL(align_rows(&a, x.n_local, x.rows, x.stride, 2, mapped.rows, mapped.stride).code,
                    STATUS_OK);
    double cosine[50], euclidean[50];
    CU_ASSERT_EQUAL(align_displacement(NULL, &mapped, &y, 1, cosine, euclidean).code, STATUS_OK);
    for (int64_t i = 0; i < x.n_local; i++)
        CU_ASSERT(fabs(cosine[i]) < 1e-6 && euclidean[i] < 1e-5);
    CU_ASSERT_EQUAL(align_displacement(&a, &x, &y, 1, cosine, NULL).code, STATUS_OK);
    for (int64_t i = 0; i < x.n_local; i++)
        CU_ASSERT(fabs(cosine[i]) < 1e-12);
    space_clear(&mapped);
    align_clear(&a);
    space_clear(&x);
    space_clear(&y);
}

static void rotations_are_orthogonal_also_of_deficient_rows(void) {
    space x, y;
    alignment a;
    const align_settings settings = {.method = ALIGN_PLAIN, .threads = 1};
    make_unit(&x, &cases[3].x);
    make_unit(&y, &cases[3].y);
    CU_ASSERT_EQUAL(align_find(&x, &y, &settings, &a).code, STATUS_OK);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            double sum = 0;
            for (int k = 0; k < 5; k++)
                sum += a.rotation[k * 5 + i] * a.rotation[k * 5 + j];
            CU_ASSERT_DOUBLE_EQUAL(sum, i == j, 1e-12);
        }
    align_clear(&a);
    space_clear(&x);
    space_clear(&y);
}

static void zero_vectors_have_no_angle(void) {
    const matrix m = {8, 4, 1, 0, 23};
    space x;
    double cosine[8], euclidean[8];
    make(&x, &m);
    memset(x.rows, 0, (size_t)x.n_local * x.stride * sizeof *x.rows);
    CU_ASSERT_EQUAL(align_displacement(NULL, &x, &x, 1, cosine, euclidean).code, STATUS_OK);
    for (int64_t i = 0; i < x.n_local; i++)
        CU_ASSERT(isnan(cosine[i]) && euclidean[i] == 0);
    space_clear(&x);
}

/* ---- refusals, on every rank alike */

static void other_dimensions_are_refused(void) {
    const align_settings settings = {.method = ALIGN_PLAIN, .threads = 1};
    space x, y;
    alignment a;
    make(&x, &cases[2].x);
    make(&y, &cases[2].y);
    const status s = align_find(&x, &y, &settings, &a);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "5 and of 3 columns"));
    align_clear(&a);
    space_clear(&x);
    space_clear(&y);
}

/* One number on the last rank. */
static void numbers_that_are_not_finite_are_refused(void) {
    const align_settings settings = {.method = ALIGN_PLAIN, .threads = 1};
    agreement_space p;
    alignment a;
    spectrum found;
    space x, y;
    make(&x, &cases[7].x);
    make(&y, &cases[7].y);
    if (comm_rank(world) == comm_size(world) - 1)
        x.rows[5] = NAN;
    CU_ASSERT_EQUAL(align_find(&x, &y, &settings, &a).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(agreement_prepare(&p, &x, 1).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(spectrum_find(&x, true, 1, &found).code, STATUS_INPUT);
    align_clear(&a);
    agreement_clear(&p);
    spectrum_clear(&found);
    space_clear(&x);
    space_clear(&y);
}

static void nothing_but_zeros_is_refused(void) {
    agreement_space p;
    space x;
    make(&x, &cases[0].x);
    memset(x.rows, 0, (size_t)x.n_local * x.stride * sizeof *x.rows);
    CU_ASSERT_EQUAL(agreement_prepare(&p, &x, 1).code, STATUS_INPUT);
    agreement_clear(&p);
    space_clear(&x);
}

static status measure_cheaply(void *context) {
    const agreement_settings settings = {.measures = AGREEMENT_CHEAP, .alpha = 3, .threads = 1};
    agreement_space x = {0}, y = {0};
    agreement_values v;
    space *const raw = context;
    status s = agreement_prepare(&x, &raw[0], 1);
    if (!s.code)
        s = agreement_prepare(&y, &raw[1], 1);
    if (!s.code)
        s = agreement_measure(&x, &y, &settings, &v);
    if (!s.code)
        s = agreement_chance(&x, &y, &settings, &v);
    agreement_clear(&x);
    agreement_clear(&y);
    return s;
}

static status correlate_ranks(void *context) {
    const agreement_settings settings = {.measures = AGREEMENT_SPEARMAN, .threads = 1};
    agreement_space *const x = context;
    agreement_values v;
    const status s = agreement_measure(x, x, &settings, &v);
    rsa_clear(&x->ranks);
    return s;
}

static void refused_memory_is_reported_and_leaks_nothing(void) {
    agreement_space x;
    space raw[2];
    make(&raw[0], &cases[1].x);
    make(&raw[1], &cases[1].y);
    CU_ASSERT(test_each_refusal(measure_cheaply, raw) > 40);
    const matrix sizes[] = {{9, 4, 1, 0, 23}, {RSA_EXACT + 1, 4, 1, 0, 9973}};
    for (int i = 0; i < 2; i++) {
        prepare(&x, &sizes[i], 1);
        CU_ASSERT(test_each_refusal(correlate_ranks, &x) > 3);
        agreement_clear(&x);
    }
    space_clear(&raw[0]);
    space_clear(&raw[1]);
}

int main(int argc, char **argv) {
    const test_case tests[] = {
        {"measures_are_those_of_numpy", measures_are_those_of_numpy},
        {"only_what_is_asked_for_is_measured", only_what_is_asked_for_is_measured},
        {"references_that_are_the_spaces_themselves_change_nothing",
         references_that_are_the_spaces_themselves_change_nothing},
        {"other_references_give_their_own_weights", other_references_give_their_own_weights},
        {"chance_is_the_mean_over_random_orders", chance_is_the_mean_over_random_orders},
        {"rotated_and_reordered_columns_agree_wholly", rotated_and_reordered_columns_agree_wholly},
        {"rows_of_zeros_are_left_out", rows_of_zeros_are_left_out},
        {"spectra_are_those_of_numpy", spectra_are_those_of_numpy},
        {"alignments_are_those_of_scipy", alignments_are_those_of_scipy},
        {"a_known_map_is_found_and_applied", a_known_map_is_found_and_applied},
        {"rotations_are_orthogonal_also_of_deficient_rows",
         rotations_are_orthogonal_also_of_deficient_rows},
        {"zero_vectors_have_no_angle", zero_vectors_have_no_angle},
        {"other_dimensions_are_refused", other_dimensions_are_refused},
        {"numbers_that_are_not_finite_are_refused", numbers_that_are_not_finite_are_refused},
        {"nothing_but_zeros_is_refused", nothing_but_zeros_is_refused},
        {"refused_memory_is_reported_and_leaks_nothing",
         refused_memory_is_reported_and_leaks_nothing},
    };
    world = comm_start(&argc, &argv);
    int failed = test_run("agreement", tests, sizeof tests / sizeof *tests, comm_rank(world));
    failed = (int)comm_max(world, failed);
    comm_stop(&world);
    return failed;
}
