// SPDX-License-Identifier: Apache-2.0
/* GloVe over strata: where its non-zeros go, and that training is glove.c's in that order. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "glove.h"
#include "memory.h"
#include "random.h"
#include "support.h"

enum { WORDS = 90, DIM = 12, GROUPS = 3 };
static const double X_MAX = 10, ALPHA = 0.75, RATE = 0.05;

/* ---- a small matrix */

static float matrix[WORDS][WORDS]; /* symmetric; 0 = no cell */
static int64_t weights[WORDS];
static uint64_t hashes[WORDS];

static void make_matrix(void) {
    memset(weights, 0, sizeof weights);
    for (int i = 0; i < WORDS; i++) {
        hashes[i] = random_mix((uint64_t)i + 1);
        for (int j = 0; j <= i; j++) {
            const double u = random_unit(random_at(9, (uint64_t)(i * WORDS + j)));
            const double x = u * 300 / (i + 1) / (j + 1) * 5;
            matrix[i][j] = matrix[j][i] = x < 0.3 ? 0 : (float)x;
        }
    }
    for (int i = 0; i < WORDS; i++)
        for (int j = 0; j < WORDS; j++)
            weights[i] += matrix[i][j] > 0;
}

/* Non-zeros of both triangles into cells, in the order of the matrix or the other way round. */
static void put_all(glove_cells *c, int backwards) {
    for (int k = 0; k < WORDS * WORDS; k++) {
        const int at = backwards ? WORDS * WORDS - 1 - k : k;
        const int i = at / WORDS, j = at % WORDS;
        if (matrix[i][j] > 0 && c->words[i].group >= c->first &&
            c->words[i].group < c->first + c->n)
            glove_cells_put(c, i, j, matrix[i][j]);
    }
}

/* tile: contexts. */
static status build(strata *s, glove_cells *c, int tile, int first, int n, int backwards,
                    int n_threads) {
    int64_t *counts = NULL;
    *c = (glove_cells){0};
    status st = strata_create(s, WORDS, GROUPS, weights, 4);
    if (!st.code)
        st = glove_cells_create(c, s, first, n, tile);
    if (!st.code)
        st = mem_new(&counts, (size_t)(n * glove_tiles(c)), sizeof *counts, "counts");
    for (int i = 0; !st.code && i < WORDS; i++)
        for (int j = 0; j < WORDS; j++)
            if (matrix[i][j] > 0 && c->words[i].group >= first && c->words[i].group < first + n)
                counts[(c->words[i].group - first) * glove_tiles(c) + c->words[j].tile]++;
    if (!st.code)
        st = glove_cells_open(c, counts);
    if (!st.code) {
        put_all(c, backwards);
        st = glove_cells_close(c, kernels_get(ISA_PORTABLE), 77, n_threads);
    }
    mem_free(&counts);
    return st;
}

/* ---- walking over cells in the order of training */

typedef void visit(void *context, int i, int j, float log_x);

/* The non-zeros of a tile of a bucket. */
static void walk_tile(const glove_cells *c, int centre, int context_group, int64_t tile,
                      visit *each, void *context) {
    const strata *s = c->groups;
    const int64_t at = (centre - c->first) * glove_tiles(c) + tile;
    int64_t cell = c->cells[at];
    for (int64_t run = c->runs[at]; run < c->runs[at + 1]; run++)
        for (int k = 0; k < c->lengths[run]; k++, cell++) {
            const int i = s->by_chance[s->first[centre] + c->run_words[run]];
            const int j = s->by_id[s->first[context_group] + c->contexts[tile] + c->places[cell]];
            each(context, i, j, c->log_x[cell]);
        }
}

static void walk(const glove_cells *c, visit *each, void *context) {
    for (int a = c->first; a < c->first + c->n; a++)
        for (int b = 0; b < GROUPS; b++)
            for (int64_t t = c->tile_first[b]; t < c->tile_first[b + 1]; t++)
                walk_tile(c, a, b, t, each, context);
}

static void count_cell(void *context, int i, int j, float log_x) {
    int(*seen)[WORDS] = context;
    seen[i][j]++;
    CU_ASSERT_DOUBLE_EQUAL(log_x, log((double)matrix[i][j]), 1e-5);
}

static void every_nonzero_has_one_place(void) {
    strata s;
    glove_cells c;
    static int seen[WORDS][WORDS];
    make_matrix();
    for (int parts = 1; parts <= GROUPS; parts++) {
        memset(seen, 0, sizeof seen);
        for (int p = 0; p < parts; p++) {
            const int first = GROUPS * p / parts, end = GROUPS * (p + 1) / parts;
            CU_ASSERT_EQUAL_FATAL(build(&s, &c, 8, first, end - first, p % 2, 2).code, STATUS_OK);
            walk(&c, count_cell, seen);
            glove_cells_clear(&c);
            strata_clear(&s);
        }
        for (int i = 0; i < WORDS; i++)
            for (int j = 0; j < WORDS; j++)
                CU_ASSERT_EQUAL(seen[i][j], matrix[i][j] > 0);
    }
}

static void the_order_of_arrival_does_not_matter(void) {
    strata s, other;
    glove_cells c, d;
    make_matrix();
    CU_ASSERT_EQUAL_FATAL(build(&s, &c, 8, 0, GROUPS, 0, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(build(&other, &d, 8, 0, GROUPS, 1, 3).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(c.n_cells, d.n_cells);
    CU_ASSERT_EQUAL_FATAL(c.n_runs, d.n_runs);
    CU_ASSERT_EQUAL(memcmp(c.places, d.places, (size_t)c.n_cells * sizeof *c.places), 0);
    CU_ASSERT_EQUAL(memcmp(c.log_x, d.log_x, (size_t)c.n_cells * sizeof *c.log_x), 0);
    CU_ASSERT_EQUAL(memcmp(c.run_words, d.run_words, (size_t)c.n_runs * sizeof *c.run_words), 0);
    glove_cells_clear(&c);
    glove_cells_clear(&d);
    strata_clear(&s);
    strata_clear(&other);
}

/* ---- glove.c, as it is written there, in double */

typedef struct {
    double w[2][WORDS][DIM + 1], squares[2][WORDS][DIM + 1]; /* words, contexts; column DIM: bias */
    double loss;
} naive;

static void naive_step(void *context, int i, int j, float log_x) {
    naive *m = context;
    double *w = m->w[0][i], *c = m->w[1][j], *gw = m->squares[0][i], *gc = m->squares[1][j];
    double diff = w[DIM] + c[DIM] - log_x;
    for (int k = 0; k < DIM; k++)
        diff += w[k] * c[k];
    const double x = exp((double)log_x);
    const double force = (x > X_MAX ? 1 : pow(x / X_MAX, ALPHA)) * diff;
    m->loss += 0.5 * force * diff;
    for (int k = 0; k < DIM; k++) {
        const double g = RATE * fmin(fmax(force * c[k], -100), 100);
        const double h = RATE * fmin(fmax(force * w[k], -100), 100);
        w[k] -= g / sqrt(gw[k]);
        c[k] -= h / sqrt(gc[k]);
        gw[k] += g * g;
        gc[k] += h * h;
    }
    w[DIM] -= force / sqrt(gw[DIM]);
    c[DIM] -= force / sqrt(gc[DIM]);
    gw[DIM] += force * force;
    gc[DIM] += force * force;
}

/* Ours: blocks of all groups. */
typedef struct {
    strata s;
    glove_cells c;
    glove_shape shape;
    void *blocks[2][GROUPS];
    glove_worker *worker;
} model;

/* One tile for each group of contexts, so that no order of tiles is drawn. */
static status model_create(model *m, int element) {
    *m = (model){.shape = glove_shape_of(DIM, element)};
    status st = build(&m->s, &m->c, WORDS, 0, GROUPS, 0, 1);
    if (!st.code)
        st = glove_worker_create(&m->worker, &m->c);
    for (int side = 0; side < 2; side++)
        for (int g = 0; !st.code && g < GROUPS; g++) {
            const int64_t size = strata_size(&m->s, g);
            st = mem_new(&m->blocks[side][g], glove_block_bytes(&m->shape, size), 1, "a block");
            if (!st.code)
                glove_init(&m->shape, m->blocks[side][g], size,
                           (side ? m->s.by_id : m->s.by_chance) + m->s.first[g], hashes, 3, 1, side,
                           RATE);
        }
    return st;
}

static void model_clear(model *m) {
    for (int side = 0; side < 2; side++)
        for (int g = 0; g < GROUPS; g++)
            mem_free(&m->blocks[side][g]);
    glove_worker_destroy(&m->worker);
    glove_cells_clear(&m->c);
    strata_clear(&m->s);
}

static float *row_of(model *m, int side, int id) {
    const int g = m->s.group[id];
    const int place = side ? m->s.place[id] : m->s.chance[id];
    return glove_rows(m->blocks[side][g], strata_size(&m->s, g)) + (size_t)place * m->shape.stride;
}

static float bias_of(model *m, int side, int id) {
    const int place = side ? m->s.place[id] : m->s.chance[id];
    return glove_states(m->blocks[side][m->s.group[id]])[place * GLOVE_STATE + GLOVE_BIAS];
}

static double train_epoch(model *m, const kernels *kernel, int epoch) {
    const glove_job job = {.shape = &m->shape,
                           .cells = &m->c,
                           .kernel = kernel,
                           .x_max = X_MAX,
                           .alpha = ALPHA,
                           .rate = RATE,
                           .seed = 6,
                           .epoch = epoch};
    double loss = 0;
    for (int side = 0; side < 2; side++)
        for (int g = 0; g < GROUPS; g++)
            glove_refresh(&job, m->blocks[side][g], strata_size(&m->s, g));
    for (int a = 0; a < GROUPS; a++)
        for (int b = 0; b < GROUPS; b++)
            loss += glove_train(&job, m->worker, a, m->blocks[0][a], b, m->blocks[1][b]);
    return loss;
}

static void naive_start(naive *n, model *m) {
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < WORDS; i++)
            for (int k = 0; k <= DIM; k++) {
                n->w[side][i][k] = k < DIM ? (double)row_of(m, side, i)[k] : 0;
                n->squares[side][i][k] = 1;
            }
}

static void element_wise_training_is_glove_c(void) {
    static naive n;
    make_matrix();
    for (kernels_isa isa = ISA_PORTABLE; isa < N_ISAS; isa++) {
        model m;
        if (!kernels_get(isa))
            continue;
        CU_ASSERT_EQUAL_FATAL(model_create(&m, 1).code, STATUS_OK);
        naive_start(&n, &m);
        for (int epoch = 0; epoch < 4; epoch++) {
            const double loss = train_epoch(&m, kernels_get(isa), epoch);
            n.loss = 0;
            walk(&m.c, naive_step, &n);
            CU_ASSERT_DOUBLE_EQUAL(loss, n.loss, 1e-5 * n.loss);
        }
        for (int side = 0; side < 2; side++)
            for (int i = 0; i < WORDS; i++) {
                CU_ASSERT_DOUBLE_EQUAL(bias_of(&m, side, i), n.w[side][i][DIM], 1e-3);
                for (int k = 0; k < DIM; k++)
                    CU_ASSERT_DOUBLE_EQUAL(row_of(&m, side, i)[k], n.w[side][i][k], 1e-4);
            }
        model_clear(&m);
    }
}

static void the_loss_falls(void) {
    model m;
    double first = 0, last = 0;
    make_matrix();
    for (int element = 0; element < 2; element++) {
        CU_ASSERT_EQUAL_FATAL(model_create(&m, element).code, STATUS_OK);
        for (int epoch = 0; epoch < 30; epoch++) {
            last = train_epoch(&m, kernels_get(ISA_AUTO), epoch);
            first = epoch ? first : last;
        }
        CU_ASSERT(last < 0.5 * first);
        model_clear(&m);
    }
}

static void contexts_start_elsewhere_than_words(void) {
    model m;
    make_matrix();
    CU_ASSERT_EQUAL_FATAL(model_create(&m, 0).code, STATUS_OK);
    for (int i = 0; i < WORDS; i++)
        CU_ASSERT(row_of(&m, 0, i)[0] != row_of(&m, 1, i)[0]);
    model_clear(&m);
}

static status make_and_clear(void *context) {
    model m;
    (void)context;
    const status st = model_create(&m, 1);
    model_clear(&m);
    return st;
}

static void every_refused_block_is_reported(void) {
    make_matrix();
    CU_ASSERT(test_each_refusal(make_and_clear, NULL) >= 20);
}

int main(void) {
    static const test_case cases[] = {
        {"every_nonzero_has_one_place", every_nonzero_has_one_place},
        {"the_order_of_arrival_does_not_matter", the_order_of_arrival_does_not_matter},
        {"element_wise_training_is_glove_c", element_wise_training_is_glove_c},
        {"the_loss_falls", the_loss_falls},
        {"contexts_start_elsewhere_than_words", contexts_start_elsewhere_than_words},
        {"every_refused_block_is_reported", every_refused_block_is_reported},
    };
    return test_run("glove", cases, sizeof cases / sizeof *cases, 0);
}
