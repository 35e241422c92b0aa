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

status loop_worker_create(loop_worker **slot, const loop_settings *t, const huffman *tree) {
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
    if (s.code)
        loop_worker_destroy(slot);
    return s;
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

static void train_chunk(loop_worker *w, const loop_job *job, int64_t chunk, float rate) {
    const loop_settings *t = job->settings;
    const int64_t begin = job->first + chunk * t->chunk;
    const int64_t end = begin + t->chunk < job->last ? begin + t->chunk : job->last;
    window_fill(&w->chunk, job->view, begin, end, job->sampler, t->window, w->token_key);
    negatives_begin_chunk(&w->negatives, job->sampler, begin);
    job->objective->train_chunk(w, job, rate);
    w->tally.loss += logistic_loss_take(&w->loss);
    w->tally.tokens += end - begin;
}

static void run_worker(loop_worker *w, const loop_job *job, int thread,
                       void (*tick)(void *context, const loop_tally *mine), void *context) {
    w->tally = (loop_tally){0};
    w->token_key = random_key(job->seed, RANDOM_TOKEN, (uint64_t)job->epoch);
    negatives_begin_epoch(&w->negatives, job->seed, job->epoch);
    for (;;) {
        int64_t visit = atomic_fetch_add_explicit(job->next, 1, memory_order_relaxed);
        if (visit >= job->visit_end)
            break;
        train_chunk(w, job, job->order ? job->order[visit] : visit, (float)loop_rate(job, visit));
        if (thread == 0 && tick)
            tick(context, &w->tally);
    }
}

void loop_run(const loop_job *job, loop_worker *const *workers, int n_threads, loop_tally *tally,
              void (*tick)(void *context, const loop_tally *mine), void *context) {
#pragma omp parallel num_threads(n_threads) default(none) shared(job, workers, tick, context)
    run_worker(workers[omp_get_thread_num()], job, omp_get_thread_num(), tick, context);
    for (int t = 0; t < n_threads; t++) {
        tally->loss += workers[t]->tally.loss;
        tally->pairs += workers[t]->tally.pairs;
        tally->tokens += workers[t]->tally.tokens;
    }
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
