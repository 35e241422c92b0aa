// SPDX-License-Identifier: Apache-2.0
#include "loop.h"

#include <omp.h>
#include <string.h>

#include "loop_internal.h"
#include "memory.h"
#include "objective.h"
#include "random.h"

/* ---- workers */

static status create_unit(loop_unit *u, const loop_worker *w) {
    status s = mem_new(&u->in, (size_t)w->max_in, sizeof *u->in, "a window");
    if (!s.code)
        s = mem_new(&u->out, (size_t)w->max_out, sizeof *u->out, "a window");
    if (!s.code)
        s = mem_new(&u->ids, (size_t)w->max_out, sizeof *u->ids, "a window");
    return s;
}

static status create_buffers(loop_worker *w, size_t width) {
    const size_t outputs = (size_t)w->max_out;
    status s = mem_new(&w->ahead, (size_t)MANY_AHEAD * (size_t)kernels_blocks(w->max_out),
                       sizeof *w->ahead, "a window");
    if (!s.code)
        s = mem_new(&w->contexts, (size_t)w->max_in, sizeof *w->contexts, "a window");
    if (!s.code)
        s = mem_new(&w->labels, outputs + SCORE_STRIDE, sizeof *w->labels, "a window");
    if (!s.code)
        s = mem_new(&w->scratch, kernels_scratch(w->max_in, w->max_out, width), sizeof *w->scratch,
                    "a window");
    for (int i = 0; !s.code && i < N_UNITS; i++)
        s = create_unit(&w->units[i], w);
    if (!s.code)
        w->labels[0] = 1;
    logistic_loss_none(&w->loss);
    return s;
}

/* What a worker needs whose rows have places. */
static status create_places(loop_worker *w, const loop_settings *t, const huffman *tree,
                            const objective *foreseen) {
    int64_t listed, distinct;
    const size_t n = (size_t)w->chunk.capacity;
    foreseen->most_foreseen(t, tree, &listed, &distinct);
    status s = mem_new(&w->found[0], n, sizeof *w->found[0], "places of rows");
    if (!s.code)
        s = mem_new(&w->found[1], n, sizeof *w->found[1], "places of rows");
    if (!s.code)
        s = mem_new(&w->outputs, (size_t)listed, sizeof *w->outputs, "rows to foresee");
    return s;
}

status loop_worker_create(loop_worker **slot, const loop_settings *t, const huffman *tree,
                          const objective *foreseen) {
    loop_worker *w;
    status s = mem_new(slot, 1, sizeof **slot, "a worker");
    if (s.code)
        return s;
    w = *slot;
    w->max_in = 2 * t->window;
    w->max_out = tree ? tree->longest : 1 + t->negative;
    s = window_create(&w->chunk, t->chunk, t->window);
    w->in_places = w->out_places = w->chunk.tokens;
    if (!s.code)
        s = negatives_create(&w->negatives, t->negative, t->pool, t->pool_reuse);
    if (!s.code)
        s = create_buffers(w, row_width(t->dim));
    if (!s.code && foreseen)
        s = create_places(w, t, tree, foreseen);
    if (s.code)
        loop_worker_destroy(slot);
    return s;
}

double loop_worker_bytes(const loop_settings *t) {
    return window_bytes(t->chunk, t->window) + 2.0 * (double)t->chunk * 2 * sizeof(int32_t);
}

void loop_worker_destroy(loop_worker **slot) {
    loop_worker *w = *slot;
    if (!w)
        return;
    window_clear(&w->chunk);
    negatives_clear(&w->negatives);
    for (int i = 0; i < N_UNITS; i++) {
        mem_free(&w->units[i].in);
        mem_free(&w->units[i].out);
        mem_free(&w->units[i].ids);
    }
    mem_free(&w->found[0]);
    mem_free(&w->found[1]);
    mem_free(&w->outputs);
    mem_free(&w->contexts);
    mem_free(&w->ahead);
    mem_free(&w->labels);
    mem_free(&w->scratch);
    mem_free(slot);
}

/* ---- chunks */

int64_t loop_chunks(const loop_job *job) {
    return (job->last - job->first + job->settings->chunk - 1) / job->settings->chunk;
}

double loop_rate_at(const loop_job *job, double part) {
    double done = job->progress_begin + part * (job->progress_end - job->progress_begin);
    double rate = job->rate * (1 - done);
    return rate > job->rate_floor ? rate : job->rate_floor;
}

double loop_rate(const loop_job *job, int64_t visit) {
    return loop_rate_at(job, (double)visit / (double)loop_chunks(job));
}

/* Fill the worker's chunk; returns its tokens. */
static int64_t draw_chunk(loop_worker *w, const loop_job *job, int64_t chunk) {
    const loop_settings *t = job->settings;
    const int64_t begin = job->first + chunk * t->chunk;
    const int64_t end = begin + t->chunk < job->last ? begin + t->chunk : job->last;
    window_fill(&w->chunk, job->view, begin, end, job->sampler, t->window, w->token_key);
    negatives_begin_chunk(&w->negatives, job->sampler, begin);
    return end - begin;
}

void loop_find_places(loop_worker *w, const row_places places[2], bool outputs_are_words) {
    const window_chunk *c = &w->chunk;
    for (int i = 0; i < c->n; i++)
        w->found[0][i] = c->tokens[i] < 0 ? 0 : places_find(&places[0], c->tokens[i]);
    w->in_places = w->found[0];
    w->places = &places[1];
    if (!outputs_are_words)
        return;
    for (int i = c->first; i < c->last; i++)
        w->found[1][i] = c->tokens[i] < 0 ? 0 : places_find(&places[1], c->tokens[i]);
    w->out_places = w->found[1];
    negatives_use_places(&w->negatives, &places[1]);
}

static void train_chunk(loop_worker *w, const loop_job *job, int64_t chunk, float rate) {
    const row_places places[2] = {{.slots = job->slots[0]}, {.slots = job->slots[1]}};
    w->tally.tokens += draw_chunk(w, job, chunk);
    if (job->slots[0] || job->slots[1])
        loop_find_places(w, places, !job->objective->uses_tree);
    job->objective->train_chunk(w, job, rate);
    w->tally.loss += logistic_loss_take(&w->loss);
}

static void begin_epoch(loop_worker *w, const loop_job *job) {
    w->token_key = random_key(job->seed, RANDOM_TOKEN, (uint64_t)job->epoch);
    negatives_begin_epoch(&w->negatives, job->seed, job->epoch);
}

/* The next visit and its chunk; false if there is none. */
static bool take_visit(const loop_job *job, int64_t *visit, int64_t *chunk) {
    *visit = atomic_fetch_add_explicit(&job->counter->next, 1, memory_order_relaxed);
    if (*visit >= job->visit_end)
        return false;
    *chunk = job->order ? job->order[*visit] : *visit;
    return true;
}

void loop_begin(loop_counter *c, int64_t visit) {
    atomic_store(&c->next, visit);
    atomic_store(&c->reached, LOOP_TO_THE_END);
}

/* Whoever is first notes how far visits were taken; those that are taken will be trained. */
static void end_early(const loop_job *job) {
    static const int64_t beyond = INT64_MAX / 2;
    const int64_t taken = atomic_exchange(&job->counter->next, beyond);
    if (taken < job->visit_end)
        atomic_store(&job->counter->reached, taken);
}

static void run_worker(loop_worker *w, const loop_job *job, int thread,
                       bool (*tick)(void *context, const loop_tally *mine), void *context) {
    int64_t visit, chunk;
    w->tally = (loop_tally){0};
    begin_epoch(w, job);
    while (take_visit(job, &visit, &chunk)) {
        train_chunk(w, job, chunk, (float)loop_rate(job, visit));
        if (thread == 0 && tick && tick(context, &w->tally))
            end_early(job);
    }
}

void loop_run(const loop_job *job, loop_worker *const *workers, int n_threads, loop_tally *tally,
              bool (*tick)(void *context, const loop_tally *mine), void *context) {
#pragma omp parallel num_threads(n_threads) default(none) shared(job, workers, tick, context)
    run_worker(workers[omp_get_thread_num()], job, omp_get_thread_num(), tick, context);
    for (int t = 0; t < n_threads; t++) {
        tally->loss += workers[t]->tally.loss;
        tally->pairs += workers[t]->tally.pairs;
        tally->tokens += workers[t]->tally.tokens;
    }
}

/* ---- foresight */

static void want(const int32_t *ids, int64_t n, uint8_t *wanted) {
    enum { AHEAD = 12 };
    for (int64_t i = 0; i < n; i++) {
        if (i + AHEAD < n && ids[i + AHEAD] >= 0)
            __builtin_prefetch(wanted + ids[i + AHEAD], 1);
        if (ids[i] >= 0)
            loop_mark(wanted + ids[i]);
    }
}

void loop_foresee_chunk(loop_worker *w, const loop_job *job, uint8_t *const wanted[2]) {
    if (wanted[0])
        want(w->chunk.tokens, w->chunk.n, wanted[0]);
    if (wanted[1])
        want(w->outputs, job->objective->foresee(w, job, w->outputs), wanted[1]);
}

static void foresee_worker(loop_worker *w, const loop_job *job, uint8_t *const wanted[2]) {
    int64_t visit, chunk;
    begin_epoch(w, job);
    while (take_visit(job, &visit, &chunk)) {
        draw_chunk(w, job, chunk);
        loop_foresee_chunk(w, job, wanted);
    }
}

void loop_foresee(const loop_job *job, loop_worker *const *workers, int n_threads,
                  uint8_t *const wanted[2]) {
#pragma omp parallel num_threads(n_threads) default(none) shared(job, workers, wanted)
    foresee_worker(workers[omp_get_thread_num()], job, wanted);
}

void loop_init_rows(float *rows, int64_t begin, int64_t end, int64_t dim, const uint64_t *hashes,
                    uint64_t seed, double scale) {
    const size_t width = row_width(dim);
    for (int64_t i = begin; i < end; i++) {
        const uint64_t key = random_key(seed, RANDOM_INIT, hashes[i]);
        float *row = rows + (size_t)i * width;
        for (int64_t k = 0; k < dim; k++)
            row[k] =
                (float)((random_unit(random_at(key, (uint64_t)k)) - 0.5) * scale / (double)dim);
        memset(row + dim, 0, (width - (size_t)dim) * sizeof *row);
    }
}
