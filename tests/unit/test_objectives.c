// SPDX-License-Identifier: Apache-2.0
/* The loop and its objectives on a small text, against plain loops in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "negatives.h"
#include "objective.h"
#include "random.h"
#include "support.h"

enum { V = 40, TOKENS = 600, DIM = 20, WINDOW = 3, NEGATIVE = 5, CHUNK = 128, SEED = 7 };
static const double RATE = 0.05;

typedef struct {
    int32_t tokens[TOKENS];
    int64_t documents[4], counts[V];
    float in[V][32] __attribute__((aligned(64))), out[V][32] __attribute__((aligned(64)));
    uint8_t in_touched[V], out_touched[V];
    corpus_view view;
    sampler sampler;
    huffman tree;
    loop_settings settings;
    loop_counter counter;
} text;

/* Neighbours in the text have neighbouring ids, and small ids are frequent: there is something to
 * learn. */
static void text_create(text *t) {
    memset(t, 0, sizeof *t);
    for (int i = 0; i < TOKENS; i++) {
        double u = i % 200 / 200.0 + 0.1 * random_unit(random_at(1, (uint64_t)i));
        t->tokens[i] = (int32_t)(u * u / 1.21 * V);
        t->counts[t->tokens[i]]++;
    }
    for (int i = V - 2; i >= 0; i--) /* falling, as in a corpus */
        t->counts[i] = t->counts[i] > t->counts[i + 1] ? t->counts[i] : t->counts[i + 1];
    const int64_t documents[] = {0, 200, 201, TOKENS};
    memcpy(t->documents, documents, sizeof documents);
    t->view = (corpus_view){t->tokens, 0, TOKENS, t->documents, 3};
    t->settings = (loop_settings){.window = WINDOW,
                                  .negative = NEGATIVE,
                                  .pool = 16,
                                  .pool_reuse = 20,
                                  .dim = DIM,
                                  .chunk = CHUNK};
    for (int i = 0; i < V; i++)
        for (int k = 0; k < DIM; k++) {
            t->in[i][k] = (float)(random_unit(random_at(2, (uint64_t)(i * DIM + k))) - .5);
            t->out[i][k] = (float)(random_unit(random_at(3, (uint64_t)(i * DIM + k))) - .5);
        }
    CU_ASSERT_FATAL(!sampler_create(&t->sampler, t->counts, V, 0, 0.75).code);
    CU_ASSERT_FATAL(!huffman_create(&t->tree, t->counts, NULL, V).code);
}

static void text_clear(text *t) {
    sampler_clear(&t->sampler);
    huffman_clear(&t->tree);
}

/* The whole text once, at a constant rate, on one thread. */
static loop_tally train(text *t, const objective *o, kernels_isa isa) {
    loop_tally tally = {0};
    loop_worker *w = NULL;
    const huffman *tree = o->uses_tree ? &t->tree : NULL;
    CU_ASSERT_FATAL(!loop_worker_create(&w, &t->settings, tree, NULL).code);
    loop_begin(&t->counter, 0);
    const loop_job job = {.objective = o,
                          .settings = &t->settings,
                          .kernel = kernels_get(isa),
                          .sampler = &t->sampler,
                          .tree = tree,
                          .view = &t->view,
                          .in = t->in[0],
                          .out = t->out[0],
                          .in_touched = t->in_touched,
                          .out_touched = t->out_touched,
                          .last = TOKENS,
                          .visit_end = (TOKENS + CHUNK - 1) / CHUNK,
                          .counter = &t->counter,
                          .seed = SEED,
                          .rate = RATE,
                          .rate_floor = RATE};
    CU_ASSERT_FATAL(loop_chunks(&job) == job.visit_end);
    loop_run(&job, &w, 1, &tally, NULL, NULL);
    loop_worker_destroy(&w);
    return tally;
}

/* ---- plain loops in the order of word2vec.c */

typedef struct {
    double in[V][DIM], out[V][DIM], loss;
    int64_t pairs;
} model;

static void model_of(model *m, const text *t) {
    memset(m, 0, sizeof *m);
    for (int i = 0; i < V; i++)
        for (int k = 0; k < DIM; k++) {
            m->in[i][k] = (double)t->in[i][k];
            m->out[i][k] = (double)t->out[i][k];
        }
}

/* h towards label of one output row; adds to change. */
static void one_output(model *m, const double *h, double *change, int32_t row, int label) {
    double x = 0;
    for (int k = 0; k < DIM; k++)
        x += h[k] * m->out[row][k];
    const double g = RATE * (label - 1 / (1 + exp(-x)));
    m->loss += log1p(exp(label ? -x : x));
    for (int k = 0; k < DIM; k++) {
        change[k] += g * m->out[row][k];
        m->out[row][k] += g * h[k];
    }
}

/* contexts[n] -> centre: n = 1 for skip-gram. */
static void one_prediction(model *m, const text *t, const objective *o, const int32_t *contexts,
                           int n, int centre, int ordinal, const negatives *own) {
    double h[DIM] = {0}, change[DIM] = {0};
    const int32_t word = t->tokens[centre];
    const double divide = t->settings.cbow_sum ? 1 : n;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < DIM; k++)
            h[k] += m->in[contexts[i]][k] / divide;
    if (o->uses_tree) {
        for (int64_t at = t->tree.offsets[word]; at < t->tree.offsets[word + 1]; at++)
            one_output(m, h, change, (int32_t)(t->tree.steps[at] >> 1),
                       (int)(t->tree.steps[at] & 1));
    } else {
        int32_t picked[1 + NEGATIVE];
        int n_out = negatives_draw(own, &t->sampler, word, centre, ordinal, picked);
        for (int j = 0; j < n_out; j++)
            one_output(m, h, change, picked[j], j == 0);
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < DIM; k++)
            m->in[contexts[i]][k] += t->settings.cbow_sum ? change[k] / n : change[k];
    m->pairs++;
}

static int document_of(const text *t, int position) {
    int d = 0;
    while (t->documents[d + 1] <= position)
        d++;
    return d;
}

static void plain_train(model *m, const text *t, const objective *o) {
    negatives own;
    CU_ASSERT_FATAL(!negatives_create(&own, NEGATIVE, 1, 1).code);
    negatives_begin_epoch(&own, SEED, 0);
    const uint64_t key = random_key(SEED, RANDOM_TOKEN, 0);
    for (int i = 0; i < TOKENS; i++) {
        const int reach = 1 + (int)random_below(random_at(key, (uint64_t)i), WINDOW);
        int32_t contexts[2 * WINDOW];
        int n = 0;
        for (int c = i - reach; c <= i + reach; c++)
            if (c != i && c >= 0 && c < TOKENS && document_of(t, c) == document_of(t, i))
                contexts[n++] = t->tokens[c];
        if (o->model == MODEL_CBOW && n)
            one_prediction(m, t, o, contexts, n, i, 0, &own);
        for (int a = 0; o->model == MODEL_SKIPGRAM && a < n; a++)
            one_prediction(m, t, o, contexts + a, 1, i, a, &own);
    }
    negatives_clear(&own);
}

static double difference(const model *m, const text *t) {
    double most = 0;
    for (int i = 0; i < V; i++)
        for (int k = 0; k < DIM; k++) {
            most = fmax(most, fabs(m->in[i][k] - (double)t->in[i][k]));
            most = fmax(most, fabs(m->out[i][k] - (double)t->out[i][k]));
        }
    return most;
}

static void equals_plain_loops(const objective *o, bool sum) {
    static text t;
    static model m;
    for (kernels_isa isa = ISA_PORTABLE; isa <= ISA_AVX512; isa++) {
        if (!kernels_get(isa))
            continue;
        text_create(&t);
        t.settings.cbow_sum = sum;
        model_of(&m, &t);
        plain_train(&m, &t, o);
        const loop_tally tally = train(&t, o, isa);
        CU_ASSERT(tally.pairs == m.pairs);
        CU_ASSERT(tally.tokens == TOKENS);
        CU_ASSERT_DOUBLE_EQUAL(tally.loss, m.loss, 1e-4 * m.loss);
        CU_ASSERT(difference(&m, &t) < 1e-3);
        text_clear(&t);
    }
}

static void own_negatives_follow_the_order_of_word2vec(void) {
    equals_plain_loops(objective_find(MODEL_SKIPGRAM, OBJECTIVE_NS, NEGATIVES_PER_PAIR), false);
    equals_plain_loops(objective_find(MODEL_CBOW, OBJECTIVE_NS, NEGATIVES_PER_PAIR), false);
    equals_plain_loops(objective_find(MODEL_CBOW, OBJECTIVE_NS, NEGATIVES_PER_PAIR), true);
}

static void hierarchical_cbow_follows_the_order_of_word2vec(void) {
    equals_plain_loops(objective_find(MODEL_CBOW, OBJECTIVE_HS, NEGATIVES_SHARED), false);
    equals_plain_loops(objective_find(MODEL_CBOW, OBJECTIVE_HS, NEGATIVES_SHARED), true);
}

/* ---- every objective */

typedef void (*visitor)(const objective *o);

static void each_objective(visitor visit) {
    for (int m = MODEL_SKIPGRAM; m <= MODEL_CBOW; m++)
        for (int k = OBJECTIVE_NS; k <= OBJECTIVE_HS; k++)
            for (int n = NEGATIVES_SHARED; n <= NEGATIVES_PER_PAIR; n++) {
                const objective *o =
                    objective_find((model_kind)m, (objective_kind)k, (negatives_kind)n);
                if (o)
                    visit(o);
            }
}

static void check_loss_falls(const objective *o) {
    static text t;
    text_create(&t);
    loop_tally first = train(&t, o, ISA_AUTO), last = first;
    for (int epoch = 1; epoch < 10; epoch++)
        last = train(&t, o, ISA_AUTO);
    CU_ASSERT(last.pairs == first.pairs);
    CU_ASSERT(last.loss < 0.9 * first.loss);
    text_clear(&t);
}

static void the_loss_of_each_falls(void) {
    each_objective(check_loss_falls);
}

static void check_marks(const objective *o) {
    static text t, before;
    text_create(&t);
    before = t;
    train(&t, o, ISA_AUTO);
    for (int i = 0; i < V; i++) {
        CU_ASSERT(t.in_touched[i] == !!memcmp(t.in[i], before.in[i], sizeof t.in[i]));
        CU_ASSERT(t.out_touched[i] == !!memcmp(t.out[i], before.out[i], sizeof t.out[i]));
    }
    text_clear(&t);
}

static void rows_are_marked_exactly_when_they_change(void) {
    each_objective(check_marks);
}

static void check_rates(const objective *o) {
    static text t;
    double input[V], output[V];
    text_create(&t);
    sampler_rates(&t.sampler, t.counts, 0.75, input, output);
    o->rates(&t.settings, &t.tree, V, input, output);
    for (int i = 0; i < V; i++)
        CU_ASSERT(input[i] > 0 && isfinite(input[i]));
    /* Both sides take part in the same score updates; CBOW's inputs share theirs. */
    double in = 0, out = 0;
    for (int i = 0; i < V; i++)
        in += input[i];
    for (int i = 0; i < objective_outputs(o, V); i++)
        out += output[i];
    CU_ASSERT_DOUBLE_EQUAL(in, out, 1e-9 * in);
    text_clear(&t);
}

static void rates_of_both_sides_have_the_same_sum(void) {
    each_objective(check_rates);
}

static void refuse_worker(const objective *o) {
    static text t;
    text_create(&t);
    const int64_t blocks = mem_live_blocks();
    for (int64_t n = 0;; n++) {
        loop_worker *w = NULL;
        mem_refuse_after(n);
        status s = loop_worker_create(&w, &t.settings, o->uses_tree ? &t.tree : NULL, NULL);
        mem_refuse_after(-1);
        loop_worker_destroy(&w);
        CU_ASSERT(mem_live_blocks() == blocks);
        if (!s.code)
            break;
    }
    text_clear(&t);
    CU_ASSERT(mem_live_blocks() == 0);
}

static void refused_memory_leaves_nothing_behind(void) {
    each_objective(refuse_worker);
}

int main(void) {
    static const test_case cases[] = {
        {"own_negatives_follow_the_order_of_word2vec", own_negatives_follow_the_order_of_word2vec},
        {"hierarchical_cbow_follows_the_order_of_word2vec",
         hierarchical_cbow_follows_the_order_of_word2vec},
        {"the_loss_of_each_falls", the_loss_of_each_falls},
        {"rows_are_marked_exactly_when_they_change", rows_are_marked_exactly_when_they_change},
        {"rates_of_both_sides_have_the_same_sum", rates_of_both_sides_have_the_same_sum},
        {"refused_memory_leaves_nothing_behind", refused_memory_leaves_nothing_behind},
    };
    return test_run("objectives", cases, sizeof cases / sizeof *cases, 0);
}
