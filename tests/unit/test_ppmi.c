// SPDX-License-Identifier: Apache-2.0
/* Positive PMI, sparse products in tiles, tall products: against naive loops in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"
#include "memory.h"
#include "ppmi.h"
#include "random.h"
#include "small_dense.h"
#include "sparse_rows.h"
#include "sparse_tiles.h"
#include "support.h"
#include "tall.h"

enum { V = 60, DENOMINATOR = 12 };

/* ---- counts */

/* Weight of a cell of the planted counts, both triangles; word V - 1 occurs with none. */
static uint64_t weight_at(int64_t i, int64_t j) {
    const int64_t a = i > j ? i : j, b = i > j ? j : i;
    const uint64_t draw = random_at(7, (uint64_t)(a * V + b));
    if (a == V - 1 || draw % 3 == 0)
        return 0;
    const uint64_t weight = 1 + (draw >> 8) % (uint64_t)(1 + 4000 / ((a + 1) * (b + 1)));
    return a == 1 && b == 0 ? weight + ((uint64_t)5 << 32) : weight; /* more than 32 bits */
}

/* Rows [begin, end) of them as the program keeps them. */
static cooc_matrix counts_of(int64_t begin, int64_t end) {
    cooc_matrix m = {.n_words = V, .begin = begin, .end = end, .denominator = DENOMINATOR};
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.offsets, (size_t)(end - begin) + 1, 8, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.columns, V * V, 4, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.weights, V * V, 4, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&m.high, V * V, sizeof *m.high, "x").code, 0);
    int64_t n = 0;
    for (int64_t i = begin; i < end; i++) {
        for (int64_t j = 0; j <= i; j++) {
            const uint64_t weight = weight_at(i, j);
            if (!weight)
                continue;
            if (weight >> 32)
                m.high[m.n_high++] = (cooc_high){.cell = n, .high = (uint32_t)(weight >> 32)};
            m.columns[n] = (int32_t)j;
            m.weights[n++] = (uint32_t)weight;
        }
        m.offsets[i - begin + 1] = n;
    }
    return m;
}

/* The formula of ppmi.h, word for word. */
typedef struct {
    double s[V], row[V], z;
} oracle;

static double count_at(int64_t i, int64_t j) {
    return (double)weight_at(i, j) / DENOMINATOR;
}

static oracle solve(const ppmi_settings *t) {
    oracle o = {.z = 0};
    double all = 0, f[V] = {0};
    for (int i = 0; i < V; i++)
        for (int j = 0; j < V; j++) {
            f[i] += count_at(i, j);
            all += count_at(i, j);
        }
    for (int i = 0; i < V; i++) {
        const double x = f[i] > 0 ? t->weights * all / f[i] : 0;
        o.s[i] = t->weights > 0 && f[i] > 0 ? fmin(1, sqrt(x) + x) : 1;
    }
    for (int i = 0; i < V; i++) {
        for (int j = 0; j < V; j++)
            o.row[i] += count_at(i, j) * o.s[i] * o.s[j];
        o.z += o.row[i] > 0 ? pow(o.row[i], t->smoothing) : 0;
    }
    return o;
}

static double pmi_at(const oracle *o, const ppmi_settings *t, int64_t i, int64_t j) {
    const double a = (1 + t->smoothing) / 2;
    return log(count_at(i, j) * o->s[i] * o->s[j]) - a * (log(o->row[i]) + log(o->row[j])) +
           log(o->z) - log(t->shift);
}

static void check_part(const ppmi *p, const cooc_matrix *m, const ppmi_settings *t, int threads) {
    static float values[V * V];
    const oracle o = solve(t);
    ppmi_values(p, m, values, threads);
    for (int64_t i = m->begin; i < m->end; i++)
        for (int64_t c = m->offsets[i - m->begin]; c < m->offsets[i - m->begin + 1]; c++) {
            const double expected = pmi_at(&o, t, i, m->columns[c]);
            CU_ASSERT_DOUBLE_EQUAL(values[c], expected > 0 ? expected : 0, 1e-5);
        }
}

static void add_all(ppmi *p, const cooc_matrix *parts, int n, int threads) {
    for (int i = 0; i < n; i++)
        ppmi_add(p, &parts[i], threads);
}

static void cells_follow_the_formula(void) {
    static const ppmi_settings all[] = {
        {.75, 1, 0}, {1, 1, 0}, {.75, 5, 1e-2}, {.5, 1, 1e-5}, {0, 2, 1}};
    cooc_matrix parts[] = {counts_of(0, 17), counts_of(17, V)};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        for (int threads = 1; threads <= 3; threads++) {
            ppmi p;
            CU_ASSERT_EQUAL_FATAL(ppmi_create(&p, &all[k], V).code, 0);
            add_all(&p, parts, 2, threads);
            if (all[k].weights > 0) {
                ppmi_weigh(&p);
                add_all(&p, parts, 2, threads);
            }
            ppmi_finish(&p);
            for (int i = 0; i < 2; i++)
                check_part(&p, &parts[i], &all[k], threads);
            CU_ASSERT_EQUAL(p.bias[V - 1], 0);
            ppmi_clear(&p);
        }
    cooc_matrix_clear(&parts[0]);
    cooc_matrix_clear(&parts[1]);
}

/* ---- the sparse matrix */

enum { N = 1300 };

/* A symmetric matrix of positive cells, row 3 dense, row 4 empty. */
static float cell_at(int64_t i, int64_t j) {
    const int64_t a = i > j ? i : j, b = i > j ? j : i;
    const uint64_t draw = random_at(11, (uint64_t)(a * N + b));
    if (a == 4 || b == 4 || (draw % 50 && b != 3))
        return 0;
    return (float)(.1 + random_unit(draw));
}

typedef struct {
    sparse_piece pieces[N];
    int32_t *columns;
    float *values;
} planted;

static void plant(planted *p) {
    CU_ASSERT_EQUAL_FATAL(mem_new(&p->columns, N * N, 4, "x").code, 0);
    CU_ASSERT_EQUAL_FATAL(mem_new(&p->values, N * N, 4, "x").code, 0);
    int64_t n = 0;
    for (int32_t i = 0; i < N; i++) {
        const int64_t first = n;
        for (int32_t j = 0; j <= i; j++)
            if (cell_at(i, j) > 0 || j % 97 == 0) { /* also cells that are none */
                p->columns[n] = j;
                p->values[n++] = cell_at(i, j);
            }
        p->pieces[i] = (sparse_piece){.row = i,
                                      .n = (int32_t)(n - first),
                                      .columns = p->columns + first,
                                      .values = p->values + first};
    }
}

static void make_rows(sparse_rows *r, const planted *p, int64_t begin, int64_t end, int threads) {
    static int64_t counts[N];
    memset(counts, 0, sizeof counts);
    sparse_rows_count(p->pieces, N, N, counts, threads);
    CU_ASSERT_EQUAL_FATAL(sparse_rows_create(r, begin, end, counts).code, 0);
    sparse_rows_place(r, p->pieces, N / 2, threads);
    sparse_rows_place(r, p->pieces + N / 2, N - N / 2, threads);
}

static void rows_hold_both_triangles(void) {
    static planted p;
    plant(&p);
    for (int threads = 1; threads <= 3; threads++) {
        sparse_rows r;
        make_rows(&r, &p, 2, 700, threads);
        for (int64_t i = 2; i < 700; i++) {
            int64_t c = r.offsets[i - 2];
            for (int64_t j = 0; j < N; j++)
                if (cell_at(i, j) > 0) {
                    CU_ASSERT_EQUAL(r.columns[c], j);
                    CU_ASSERT_EQUAL(r.values[c], cell_at(i, j));
                    c++;
                }
            CU_ASSERT_EQUAL(c, r.offsets[i - 1]);
        }
        sparse_rows_clear(&r);
    }
    mem_free(&p.columns);
    mem_free(&p.values);
}

static float *new_floats(size_t n) {
    float *x;
    CU_ASSERT_EQUAL_FATAL(mem_new(&x, n, sizeof *x, "x").code, 0);
    return x;
}

static float draw_at(size_t i) {
    return (float)(random_unit(random_at(5, i)) - .5);
}

/* In two panels that begin in the middle of a tile, as with ranks. */
static void tiles_multiply_as_a_dense_matrix(void) {
    static planted p;
    static const int64_t cuts[] = {0, 600, N};
    enum { WIDTH = 48, BEGIN = 100, END = 1000 };
    plant(&p);
    float *x = new_floats(N * WIDTH), *y = new_floats((END - BEGIN) * WIDTH);
    float *second = new_floats((N - 512) * WIDTH), *once = new_floats((END - BEGIN) * WIDTH);
    for (size_t i = 0; i < N * WIDTH; i++)
        x[i] = draw_at(i);
    memcpy(second + 88 * WIDTH, x + 600 * WIDTH, (N - 600) * WIDTH * sizeof *x);
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        for (int threads = 1; kernels_get(isa) && threads <= 2; threads++) {
            sparse_rows r;
            sparse_tiles m;
            make_rows(&r, &p, BEGIN, END, threads);
            CU_ASSERT_EQUAL_FATAL(sparse_tiles_create(&m, &r, cuts, 3, threads).code, 0);
            CU_ASSERT_EQUAL(m.n_tiles, 4); /* 0 512 600 1024 */
            memset(y, 0, (END - BEGIN) * WIDTH * sizeof *y);
            const sparse_product a = {
                .first = 0, .last = 2, .base = 0, .x = x, .y = y, .width = WIDTH};
            const sparse_product b = {
                .first = 2, .last = 4, .base = 512, .x = second, .y = y, .width = WIDTH};
            sparse_tiles_multiply(&m, &a, kernels_get(isa), threads);
            sparse_tiles_multiply(&m, &b, kernels_get(isa), threads);
            for (int64_t i = BEGIN; i < END; i += 7)
                for (size_t k = 0; k < WIDTH; k += 5) {
                    double sum = 0, size = 1e-9;
                    for (int64_t j = 0; j < N; j++) {
                        sum += (double)cell_at(i, j) * (double)x[(size_t)j * WIDTH + k];
                        size += fabs((double)cell_at(i, j) * (double)x[(size_t)j * WIDTH + k]);
                    }
                    const float got = y[(size_t)(i - BEGIN) * WIDTH + k];
                    CU_ASSERT_DOUBLE_EQUAL(got / size, sum / size, 4e-5);
                }
            if (threads == 2)
                CU_ASSERT_EQUAL(memcmp(once, y, (END - BEGIN) * WIDTH * sizeof *y), 0);
            memcpy(once, y, (END - BEGIN) * WIDTH * sizeof *y);
            sparse_tiles_clear(&m);
            sparse_rows_clear(&r);
        }
    mem_free(&p.columns);
    mem_free(&p.values);
    mem_free(&x);
    mem_free(&y);
    mem_free(&once);
    mem_free(&second);
}

static void a_cell_keeps_its_column_and_value(void) {
    for (int64_t column = 0; column < 3000; column += 7)
        for (size_t i = 0; i < 50; i++) {
            const float value = (float)exp(20 * (double)draw_at(i));
            const uint32_t cell = sparse_cell(value, column);
            CU_ASSERT_EQUAL(sparse_column(cell), (size_t)column % SPARSE_TILE);
            CU_ASSERT(fabsf(sparse_value(cell) / value - 1) <= 0x1p-15f);
        }
}

static void kernels_multiply_rows_of_any_width(void) {
    enum { MOST = 704, CELLS = 37 };
    float *rows = new_floats(SPARSE_TILE * MOST), *y = new_floats(2 * MOST);
    uint32_t cells[CELLS];
    for (size_t i = 0; i < SPARSE_TILE * MOST; i++)
        rows[i] = draw_at(i);
    for (size_t c = 0; c < CELLS; c++)
        cells[c] = sparse_cell(.1f + fabsf(draw_at(c)), (int64_t)(13 * c));
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++)
        for (size_t width = 16; kernels_get(isa) && width <= MOST; width += 16) {
            for (size_t k = 0; k < 2 * MOST; k++)
                y[k] = 1;
            kernels_get(isa)->sparse_row(cells, CELLS, rows, y, y + MOST, width);
            for (size_t k = 0; k < width; k++) {
                double sum = 1;
                for (size_t c = 0; c < CELLS; c++)
                    sum += (double)sparse_value(cells[c]) *
                           (double)rows[sparse_column(cells[c]) * width + k];
                CU_ASSERT_DOUBLE_EQUAL(y[k], sum, 1e-5);
            }
            CU_ASSERT_EQUAL(y[width < MOST ? width : MOST], 1);
        }
    mem_free(&rows);
    mem_free(&y);
}

/* ---- tall matrices */

enum { ROWS = 2000, WIDTH = 32 };
static const int64_t units[] = {0, 512, 513, 1000, 1512, ROWS};

static tall_shape shape_of(int first_unit, int last_unit, int threads) {
    tall_shape t = {.width = WIDTH,
                    .begin = units[first_unit],
                    .end = units[last_unit],
                    .n_rows = ROWS,
                    .units = units + first_unit,
                    .n_units = last_unit - first_unit,
                    .n_threads = threads};
    CU_ASSERT_EQUAL_FATAL(tall_create(&t).code, 0);
    return t;
}

/* Columns of very different sizes, and one of zeros. */
static float tall_at(size_t i, size_t k, uint64_t stream) {
    const double x = random_unit(random_at(stream, i * WIDTH + k)) - .5;
    return k == 5 ? 0 : (float)(x * exp((double)k / 2));
}

static void add_gram(const float *x, const float *y, int first, int last, int threads, double *g) {
    static double part[WIDTH * WIDTH];
    float x_maxima[WIDTH] = {0}, y_maxima[WIDTH] = {0};
    tall_shape all = shape_of(0, 5, 1), t = shape_of(first, last, threads);
    tall_maxima(&all, x, x_maxima);
    tall_maxima(&all, y, y_maxima);
    const size_t at = (size_t)t.begin * WIDTH;
    tall_gram(&t, x + at, x_maxima, x == y ? x + at : y + at, y_maxima, part);
    for (int k = 0; k < WIDTH * WIDTH; k++)
        g[k] += part[k];
    tall_clear(&t);
    tall_clear(&all);
}

static void sums_of_products_are_right_and_have_no_order(void) {
    float *x = new_floats(ROWS * WIDTH), *y = new_floats(ROWS * WIDTH);
    static double once[WIDTH * WIDTH], cut[WIDTH * WIDTH];
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        x[i] = tall_at(i / WIDTH, i % WIDTH, 1);
        y[i] = tall_at(i / WIDTH, i % WIDTH, 2);
    }
    for (int same = 0; same < 2; same++) {
        const float *other = same ? x : y;
        memset(once, 0, sizeof once);
        add_gram(x, other, 0, 5, 1, once);
        for (int threads = 1; threads <= 3; threads++)
            for (int at = 1; at < 5; at++) {
                memset(cut, 0, sizeof cut);
                add_gram(x, other, at, 5, threads, cut);
                add_gram(x, other, 0, at, threads, cut);
                CU_ASSERT_EQUAL(memcmp(once, cut, sizeof cut), 0);
            }
        for (size_t a = 0; a < WIDTH; a++)
            for (size_t b = same ? a : 0; b < WIDTH; b++) {
                double sum = 0;
                for (size_t i = 0; i < ROWS; i++)
                    sum += (double)x[i * WIDTH + a] * (double)other[i * WIDTH + b];
                const double scale = exp((double)(a + b) / 2) * ROWS;
                CU_ASSERT_DOUBLE_EQUAL(once[a * WIDTH + b] / scale, sum / scale, 1e-7);
            }
    }
    mem_free(&x);
    mem_free(&y);
}

/* Largest deviation of X^T X from the identity, columns of zeros apart, whose number is returned.
 */
static int zero_columns(const float *x, double *worst) {
    int zeros = 0;
    *worst = 0;
    for (size_t a = 0; a < WIDTH; a++)
        for (size_t b = a; b < WIDTH; b++) {
            double sum = 0;
            for (size_t i = 0; i < ROWS; i++)
                sum += (double)x[i * WIDTH + a] * (double)x[i * WIDTH + b];
            zeros += a == b && sum == 0;
            *worst = fmax(*worst, fabs(sum - (a == b && sum != 0)));
        }
    return zeros;
}

/* Twice, as floats lose half of their digits the first time. */
static void make_orthonormal(float *x, bool *upper) {
    static double g[WIDTH * WIDTH];
    static float r[WIDTH * WIDTH];
    for (int pass = 0; pass < 2; pass++) {
        memset(g, 0, sizeof g);
        add_gram(x, x, 0, 5, 2, g);
        CU_ASSERT_EQUAL_FATAL(small_orthogonal(g, WIDTH, r, upper).code, 0);
        tall_shape t = shape_of(0, 5, 2);
        tall_multiply(&t, x, r, *upper);
        tall_clear(&t);
    }
}

static void columns_become_orthonormal(void) {
    float *x = new_floats(ROWS * WIDTH);
    double worst;
    bool upper;
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        x[i] = i % WIDTH == 5 ? draw_at(i) : tall_at(i / WIDTH, i % WIDTH, 1);
    make_orthonormal(x, &upper);
    CU_ASSERT(upper);
    CU_ASSERT_EQUAL(zero_columns(x, &worst), 0);
    CU_ASSERT(worst < 2e-6);
    for (size_t i = 0; i < ROWS * WIDTH; i++) /* rank 7 */
        x[i] = tall_at(i / WIDTH, i % WIDTH % 7, 1);
    make_orthonormal(x, &upper);
    CU_ASSERT(!upper);
    CU_ASSERT_EQUAL(zero_columns(x, &worst), WIDTH - 6); /* one of the seven columns is zero */
    CU_ASSERT(worst < 2e-6);
    mem_free(&x);
}

static void what_is_not_finite_is_told(void) {
    double g[4] = {1, 0, 0, NAN};
    float r[4];
    bool upper;
    CU_ASSERT_EQUAL(small_orthogonal(g, 2, r, &upper).code, STATUS_DIVERGED);
}

int main(void) {
    static const test_case cases[] = {
        {"cells_follow_the_formula", cells_follow_the_formula},
        {"rows_hold_both_triangles", rows_hold_both_triangles},
        {"tiles_multiply_as_a_dense_matrix", tiles_multiply_as_a_dense_matrix},
        {"a_cell_keeps_its_column_and_value", a_cell_keeps_its_column_and_value},
        {"kernels_multiply_rows_of_any_width", kernels_multiply_rows_of_any_width},
        {"sums_of_products_are_right_and_have_no_order",
         sums_of_products_are_right_and_have_no_order},
        {"columns_become_orthonormal", columns_become_orthonormal},
        {"what_is_not_finite_is_told", what_is_not_finite_is_told},
    };
    return test_run("ppmi", cases, sizeof cases / sizeof *cases, 0);
}
