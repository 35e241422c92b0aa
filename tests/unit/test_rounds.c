// SPDX-License-Identifier: Apache-2.0
/* Rounds against workers with whole tables of their own, and on several threads and processes. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "gate.h"
#include "loop_internal.h"
#include "memory.h"
#include "objective.h"
#include "random.h"
#include "rounds.h"
#include "support.h"

enum { V = 60, TOKENS = 1500, DIM = 20, WIDTH = 32, WORKERS = 5, ROUND = 64, SEED = 7 };
enum { ROWS = V + WORKERS * V };

typedef struct {
    int32_t tokens[TOKENS];
    int64_t documents[4], counts[V];
    float in[ROWS][WIDTH] __attribute__((aligned(64))),
        out[ROWS][WIDTH] __attribute__((aligned(64)));
    uint8_t in_touched[V], out_touched[V];
    corpus_view view;
    sampler sampler;
    huffman tree;
    loop_settings settings;
    double losses[WORKERS];
    loop_tally tally;
} text;

static void text_create(text *t) {
    memset(t, 0, sizeof *t);
    for (int i = 0; i < TOKENS; i++) {
        const double u = i % 300 / 300.0 + 0.1 * random_unit(random_at(1, (uint64_t)i));
        t->tokens[i] = (int32_t)(u * u / 1.21 * V);
        t->counts[t->tokens[i]]++;
    }
    for (int i = V - 2; i >= 0; i--)
        t->counts[i] = t->counts[i] > t->counts[i + 1] ? t->counts[i] : t->counts[i + 1];
    const int64_t documents[] = {0, 500, 501, TOKENS};
    memcpy(t->documents, documents, sizeof documents);
    t->view = (corpus_view){t->tokens, 0, TOKENS, t->documents, 3};
    t->settings = (loop_settings){
        .window = 3, .negative = 5, .pool = 8, .pool_reuse = 20, .dim = DIM, .chunk = ROUND};
    for (int i = 0; i < V; i++)
        for (int k = 0; k < DIM; k++) {
            t->in[i][k] = (float)(random_unit(random_at(2, (uint64_t)(i * DIM + k))) - .5);
            t->out[i][k] = (float)(random_unit(random_at(3, (uint64_t)(i * DIM + k))) - .5);
        }
    CU_ASSERT_FATAL(!sampler_create(&t->sampler, t->counts, V, 0.01, 0.75).code);
    CU_ASSERT_FATAL(!huffman_create(&t->tree, t->counts, NULL, V).code);
}

static void text_clear(text *t) {
    sampler_clear(&t->sampler);
    huffman_clear(&t->tree);
}

static loop_job job_of(text *t, const objective *o) {
    return (loop_job){.objective = o,
                      .settings = &t->settings,
                      .kernel = kernels_get(ISA_AUTO),
                      .sampler = &t->sampler,
                      .tree = o->uses_tree ? &t->tree : NULL,
                      .view = &t->view,
                      .in = t->in[0],
                      .out = t->out[0],
                      .in_touched = t->in_touched,
                      .out_touched = t->out_touched,
                      .last = TOKENS,
                      .seed = SEED,
                      .rate = 0.05,
                      .rate_floor = 1e-6,
                      .progress_end = 1};
}

static rounds_shape shape_of(const text *t, const objective *o) {
    return (rounds_shape){.objective = o,
                          .settings = &t->settings,
                          .tree = o->uses_tree ? &t->tree : NULL,
                          .n_words = V,
                          .n_outputs = objective_outputs(o, V),
                          .workers = WORKERS,
                          .n_threads = 1,
                          .all_threads = 1};
}

typedef void (*visitor)(const objective *o);

static void each_objective(visitor visit) {
    for (int m = MODEL_SKIPGRAM; m <= MODEL_CBOW; m++)
        for (int k = OBJECTIVE_NS; k <= OBJECTIVE_HS; k++)
            visit(objective_find((model_kind)m, (objective_kind)k, NEGATIVES_SHARED));
}

/* ---- several processes are several threads here, each with its own rounds */

typedef struct {
    text *t;
    loop_job job;
    rounds *rounds;
    double losses[WORKERS];
    loop_tally tally;
    int64_t n_rounds;
} process;

static void *run_process(void *context) {
    process *p = context;
    const int64_t half = p->n_rounds / 2; /* two stretches */
    rounds_run(p->rounds, &p->job, 0, half, p->losses, &p->tally, NULL, NULL);
    rounds_run(p->rounds, &p->job, half, p->n_rounds, p->losses, &p->tally, NULL, NULL);
    return NULL;
}

static void train(text *t, const objective *o, int processes, int threads) {
    enum { MOST = 4 };
    static process p[MOST];
    pthread_t ids[MOST];
    rounds_shape shape = shape_of(t, o);
    void *shared;
    int64_t copies[2];
    rounds_copies(&shape, copies);
    CU_ASSERT_FATAL(V + copies[0] <= ROWS && V + copies[1] <= ROWS);
    CU_ASSERT_FATAL(!mem_new(&shared, rounds_shared_bytes(&shape), 1, "").code);
    rounds_start(shared);
    shape.n_threads = threads;
    shape.all_threads = processes * threads;
    for (int i = 0; i < processes; i++) {
        p[i] = (process){
            .t = t, .job = job_of(t, o), .n_rounds = rounds_in_epoch(0, TOKENS, WORKERS, ROUND)};
        shape.first_thread = i * threads;
        CU_ASSERT_FATAL(!rounds_create(&p[i].rounds, &shape, shared).code);
    }
    for (int i = 1; i < processes; i++)
        pthread_create(&ids[i], NULL, run_process, &p[i]);
    run_process(&p[0]);
    for (int i = 0; i < processes; i++) {
        if (i > 0)
            pthread_join(ids[i], NULL);
        for (int k = 0; k < WORKERS; k++)
            t->losses[k] += p[i].losses[k];
        t->tally.pairs += p[i].tally.pairs;
        t->tally.tokens += p[i].tally.tokens;
        rounds_destroy(&p[i].rounds);
    }
    rounds_stop(shared);
    mem_free(&shared);
}

static void compare_ways(const objective *o) {
    static const int ways[][2] = {{1, 2}, {1, 3}, {1, 8}, {2, 1}, {3, 1}, {2, 2}, {4, 2}};
    static text one, t;
    const size_t n_outputs = (size_t)objective_outputs(o, V); /* copies are behind them */
    text_create(&one);
    train(&one, o, 1, 1);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        text_create(&t);
        train(&t, o, ways[i][0], ways[i][1]);
        CU_ASSERT(!memcmp(t.in, one.in, V * sizeof t.in[0]));
        CU_ASSERT(!memcmp(t.out, one.out, n_outputs * sizeof t.out[0]));
        CU_ASSERT(!memcmp(t.losses, one.losses, sizeof t.losses));
        CU_ASSERT(!memcmp(t.in_touched, one.in_touched, V));
        CU_ASSERT(!memcmp(t.out_touched, one.out_touched, V));
        CU_ASSERT(t.tally.pairs == one.tally.pairs && t.tally.tokens == TOKENS);
        text_clear(&t);
    }
    text_clear(&one);
}

static void threads_and_processes_give_the_same_bits(void) {
    each_objective(compare_ways);
}

/* ---- stops */

static bool stop_at_once(void *context, int64_t round, const loop_tally *mine) {
    (void)context;
    (void)round;
    (void)mine;
    return true;
}

/* The epoch in one stretch, or in as many as stops make of it, each in new rounds that know nothing
 * but the tables, the losses and where the pools were. Returns how many. */
static int train_in_pieces(text *t, const objective *o, int threads, bool stops) {
    const int64_t n = rounds_in_epoch(0, TOKENS, WORKERS, ROUND);
    const loop_job job = job_of(t, o);
    rounds_shape shape = shape_of(t, o);
    int64_t at = 0, places[2 * WORKERS];
    int pieces = 0;
    shape.n_threads = shape.all_threads = threads;
    for (; at < n; pieces++) {
        rounds *r = NULL;
        void *shared;
        CU_ASSERT_FATAL(!mem_new(&shared, rounds_shared_bytes(&shape), 1, "").code);
        rounds_start(shared);
        CU_ASSERT_FATAL(!rounds_create(&r, &shape, shared).code);
        if (at)
            rounds_restore(r, &job, at, places);
        rounds_run(r, &job, at, n, t->losses, &t->tally, stops ? stop_at_once : NULL, NULL);
        at = rounds_reached(r);
        rounds_places(r, places);
        rounds_destroy(&r);
        rounds_stop(shared);
        mem_free(&shared);
    }
    return pieces;
}

static void compare_stops(const objective *o) {
    static text straight, t;
    text_create(&straight);
    CU_ASSERT_EQUAL(train_in_pieces(&straight, o, 1, false), 1);
    for (int threads = 1; threads <= 3; threads++) {
        text_create(&t);
        CU_ASSERT(train_in_pieces(&t, o, threads, true) > 1);
        CU_ASSERT(!memcmp(t.in, straight.in, V * sizeof t.in[0]));
        CU_ASSERT(!memcmp(t.out, straight.out, (size_t)objective_outputs(o, V) * sizeof t.out[0]));
        CU_ASSERT(!memcmp(t.losses, straight.losses, sizeof t.losses));
        CU_ASSERT(t.tally.pairs == straight.tally.pairs && t.tally.tokens == TOKENS);
        text_clear(&t);
    }
    text_clear(&straight);
}

static void rounds_that_stop_and_go_on_give_the_same_bits(void) {
    each_objective(compare_stops);
}

/* ---- the oracle: every worker has whole tables of its own, folded after each round */

typedef struct {
    loop_worker *w;
    float in[V][WIDTH] __attribute__((aligned(64))), out[V][WIDTH] __attribute__((aligned(64)));
} plain_worker;

static void plain_fold(float (*table)[WIDTH], plain_worker *workers, bool outputs) {
    for (int row = 0; row < V; row++) {
        double sum[DIM] = {0}, apart = 0, together = 0;
        for (int w = 0; w < WORKERS; w++)
            for (int k = 0; k < DIM; k++) {
                const float *changed = outputs ? workers[w].out[row] : workers[w].in[row];
                const double d = (double)changed[k] - (double)table[row][k];
                apart += d * d;
                sum[k] += d;
            }
        for (int k = 0; k < DIM; k++)
            together += sum[k] * sum[k];
        const double factor = together > apart ? sqrt(apart / together) : 1;
        for (int k = 0; k < DIM; k++)
            table[row][k] = (float)((double)table[row][k] + factor * sum[k]);
    }
}

static void plain_chunk(plain_worker *p, const text *t, loop_job job, int number, int64_t round) {
    const int64_t first = TOKENS * number / WORKERS, last = TOKENS * (number + 1) / WORKERS;
    const int64_t begin = first + round * ROUND;
    const int64_t end = begin + ROUND < last ? begin + ROUND : last;
    const int64_t in_all = rounds_in_epoch(0, TOKENS, WORKERS, ROUND);
    const float rate = (float)loop_rate_at(&job, (double)round / (double)in_all);
    memcpy(p->in, t->in, sizeof p->in);
    memcpy(p->out, t->out, sizeof p->out);
    if (begin >= end)
        return;
    job.in = p->in[0];
    job.out = p->out[0];
    window_fill(&p->w->chunk, &t->view, begin, end, &t->sampler, t->settings.window,
                random_key(SEED, RANDOM_TOKEN, 0));
    if (round == 0 || round == in_all / 2) {
        negatives_begin_epoch(&p->w->negatives, SEED, 0);
        negatives_begin_chunk(&p->w->negatives, &t->sampler, begin);
    }
    job.objective->train_chunk(p->w, &job, rate);
}

static void check_oracle(const objective *o) {
    static text t, plain;
    static plain_worker workers[WORKERS];
    text_create(&t);
    train(&t, o, 1, 1);
    text_create(&plain);
    const loop_job job = job_of(&plain, o);
    for (int i = 0; i < WORKERS; i++)
        CU_ASSERT_FATAL(!loop_worker_create(&workers[i].w, &plain.settings, job.tree, NULL).code);
    for (int64_t round = 0; round < rounds_in_epoch(0, TOKENS, WORKERS, ROUND); round++) {
        for (int i = 0; i < WORKERS; i++)
            plain_chunk(&workers[i], &plain, job, i, round);
        plain_fold(plain.in, workers, false);
        plain_fold(plain.out, workers, true);
    }
    int64_t pairs = 0;
    double loss = 0, expected = 0;
    for (int i = 0; i < WORKERS; i++) {
        pairs += workers[i].w->tally.pairs;
        expected += logistic_loss_take(&workers[i].w->loss);
        loss += t.losses[i];
        loop_worker_destroy(&workers[i].w);
    }
    CU_ASSERT(pairs == t.tally.pairs && pairs > TOKENS / 4);
    CU_ASSERT_DOUBLE_EQUAL(loss, expected, 1e-4 * expected);
    double most = 0;
    for (int i = 0; i < V; i++)
        for (int k = 0; k < WIDTH; k++) {
            most = fmax(most, fabs((double)t.in[i][k] - (double)plain.in[i][k]));
            if (i < objective_outputs(o, V)) /* copies are behind them */
                most = fmax(most, fabs((double)t.out[i][k] - (double)plain.out[i][k]));
        }
    CU_ASSERT(most < 1e-3);
    text_clear(&t);
    text_clear(&plain);
}

static void rounds_equal_whole_tables_that_are_folded(void) {
    each_objective(check_oracle);
}

/* ---- what is foreseen */

static void check_foreseen(const objective *o) {
    static text t, before;
    loop_worker *w = NULL;
    int64_t listed, distinct, n_distinct = 0;
    int32_t *outputs = NULL;
    bool seen[V] = {false};
    text_create(&t);
    before = t;
    loop_job job = job_of(&t, o);
    CU_ASSERT_FATAL(!loop_worker_create(&w, &t.settings, job.tree, NULL).code);
    o->most_foreseen(&t.settings, job.tree, &listed, &distinct);
    CU_ASSERT_FATAL(!mem_new(&outputs, (size_t)listed, sizeof *outputs, "").code);
    window_fill(&w->chunk, &t.view, 100, 100 + ROUND, &t.sampler, 3, 1);
    negatives_begin_epoch(&w->negatives, SEED, 0);
    negatives_begin_chunk(&w->negatives, &t.sampler, 100);
    const int64_t n = o->foresee(w, &job, outputs);
    CU_ASSERT(n <= listed);
    for (int64_t i = 0; i < n; i++) {
        n_distinct += !seen[outputs[i]];
        seen[outputs[i]] = true;
    }
    CU_ASSERT(n_distinct <= distinct);
    o->train_chunk(w, &job, 0.05f);
    for (int i = 0; i < V; i++)
        CU_ASSERT(seen[i] || !memcmp(t.out[i], before.out[i], sizeof t.out[i]));
    mem_free(&outputs);
    loop_worker_destroy(&w);
    text_clear(&t);
}

static void outputs_that_change_are_foreseen(void) {
    each_objective(check_foreseen);
}

/* ---- gates */

enum { PHASES = 2000, WAITING = 3 };

typedef struct {
    gate gate;
    int64_t turns[WAITING];
    bool ahead; /* somebody passed before all were there */
} phases;

static void walk(phases *p, int number) {
    for (int i = 0; i < PHASES; i++) {
        p->turns[number]++;
        gate_wait(&p->gate, WAITING);
        for (int other = 0; other < WAITING; other++)
            if (p->turns[other] != i + 1)
                __atomic_store_n(&p->ahead, true, __ATOMIC_RELAXED);
        gate_wait(&p->gate, WAITING);
    }
}

typedef struct {
    phases *p;
    int number;
} walker;

static void *run_walker(void *context) {
    const walker *w = context;
    walk(w->p, w->number);
    return NULL;
}

static void nobody_passes_a_gate_before_all_are_there(void) {
    static phases p;
    pthread_t ids[WAITING];
    walker walkers[WAITING];
    gate_create(&p.gate);
    for (int i = 0; i < WAITING; i++) {
        walkers[i] = (walker){&p, i};
        pthread_create(&ids[i], NULL, run_walker, &walkers[i]);
    }
    for (int i = 0; i < WAITING; i++)
        pthread_join(ids[i], NULL);
    CU_ASSERT(!p.ahead);
    gate_clear(&p.gate);
}

/* ---- memory */

static status create_refused(void *context) {
    text *t = context;
    rounds *r = NULL;
    void *shared = NULL;
    const objective *o = objective_find(MODEL_SKIPGRAM, OBJECTIVE_HS, NEGATIVES_SHARED);
    const rounds_shape shape = shape_of(t, o);
    status s = mem_new(&shared, rounds_shared_bytes(&shape), 1, "marks");
    if (!s.code)
        s = rounds_create(&r, &shape, shared);
    rounds_destroy(&r);
    mem_free(&shared);
    return s;
}

static void refused_memory_leaves_nothing_behind(void) {
    static text t;
    text_create(&t);
    CU_ASSERT(test_each_refusal(create_refused, &t) > WORKERS);
    text_clear(&t);
}

static void long_corpora_have_as_many_rounds_as_they_need(void) {
    const int64_t far = INT64_C(1) << 40, tokens = (INT64_C(1) << 43) + 1;
    CU_ASSERT_EQUAL(rounds_in_epoch(far, far + tokens, 8, 64), (INT64_C(1) << 34) + 1);
    const loop_settings settings = {.chunk = 64};
    const loop_job job = {.settings = &settings, .first = far, .last = far + tokens};
    CU_ASSERT_EQUAL(loop_chunks(&job), (INT64_C(1) << 37) + 1);
}

int main(void) {
    static const test_case cases[] = {
        {"long_corpora_have_as_many_rounds_as_they_need",
         long_corpora_have_as_many_rounds_as_they_need},
        {"threads_and_processes_give_the_same_bits", threads_and_processes_give_the_same_bits},
        {"rounds_that_stop_and_go_on_give_the_same_bits",
         rounds_that_stop_and_go_on_give_the_same_bits},
        {"rounds_equal_whole_tables_that_are_folded", rounds_equal_whole_tables_that_are_folded},
        {"outputs_that_change_are_foreseen", outputs_that_change_are_foreseen},
        {"nobody_passes_a_gate_before_all_are_there", nobody_passes_a_gate_before_all_are_there},
        {"refused_memory_leaves_nothing_behind", refused_memory_leaves_nothing_behind},
    };
    return test_run("rounds", cases, sizeof cases / sizeof *cases, 0);
}
