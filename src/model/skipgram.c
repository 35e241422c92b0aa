// SPDX-License-Identifier: Apache-2.0
#include "skipgram.h"

#include <omp.h>
#include <string.h>

#include "memory.h"
#include "random.h"

enum { CACHE_LINE = 64 };

struct skipgram_worker {
    window_chunk chunk;
    int32_t *pool;     /* [settings.pool] words */
    int pool_at;       /* entry that is replaced next */
    int owed;          /* picks since the last replacement */
    uint64_t drawn;    /* negatives drawn in this chunk */
    int32_t *picked;   /* [1 + negative] words of the outputs: the centre, then negatives */
    float **in, **out; /* rows of one window */
    const float
        *fresh; /* row of the negative that entered the pool last; NULL = it was asked for */
    float *scratch;
    uint64_t token_key, negative_key, pick_key; /* streams of the current epoch and chunk */
    skipgram_tally tally;
    char apart[CACHE_LINE]; /* two workers never share a cache line of tallies */
};

status skipgram_worker_create(skipgram_worker **slot, const skipgram_settings *t) {
    skipgram_worker *w;
    const size_t contexts = 2 * (size_t)t->window, outputs = 1 + (size_t)t->negative;
    status s = mem_new(slot, 1, sizeof **slot, "a worker");
    if (s.code)
        return s;
    w = *slot;
    s = window_create(&w->chunk, t->chunk, t->window);
    if (!s.code)
        s = mem_new(&w->pool, (size_t)t->pool, sizeof *w->pool, "a pool of negatives");
    if (!s.code)
        s = mem_new(&w->picked, outputs, sizeof *w->picked, "a window");
    if (!s.code)
        s = mem_new(&w->in, contexts, sizeof *w->in, "a window");
    if (!s.code)
        s = mem_new(&w->out, outputs, sizeof *w->out, "a window");
    if (!s.code)
        s = mem_new(&w->scratch, (contexts + 1) * SCORE_STRIDE, sizeof *w->scratch, "a window");
    if (s.code)
        skipgram_worker_destroy(slot);
    return s;
}

void skipgram_worker_destroy(skipgram_worker **slot) {
    skipgram_worker *w = *slot;
    if (!w)
        return;
    window_clear(&w->chunk);
    mem_free(&w->pool);
    mem_free(&w->picked);
    mem_free(&w->in);
    mem_free(&w->out);
    mem_free(&w->scratch);
    mem_free(slot);
}

/* ---- negatives */

static int32_t draw_negative(skipgram_worker *w, const skipgram_job *job) {
    return sampler_negative(job->sampler, random_at(w->negative_key, w->drawn++));
}

static void fill_pool(skipgram_worker *w, const skipgram_job *job) {
    for (int i = 0; i < job->settings->pool; i++)
        w->pool[i] = draw_negative(w, job);
    w->pool_at = w->owed = 0;
}

static inline void rotate_pool(skipgram_worker *w, const skipgram_job *job, size_t width) {
    const skipgram_settings *t = job->settings;
    for (w->owed += t->negative; w->owed >= t->pool_reuse; w->owed -= t->pool_reuse) {
        int32_t fresh = draw_negative(w, job);
        w->fresh = job->out + (size_t)fresh * width;
        w->pool[w->pool_at] = fresh;
        if (++w->pool_at == t->pool)
            w->pool_at = 0;
    }
}

static inline int is_picked(const skipgram_worker *w, int n, int32_t word) {
    for (int i = 0; i < n; i++)
        if (w->picked[i] == word)
            return 1;
    return 0;
}

/* The centre and up to `negative` different words from the pool, none of them the centre. A pool
 * with few different words gives fewer. */
static inline int pick_outputs(skipgram_worker *w, const skipgram_settings *t, int32_t centre,
                               int64_t position) {
    enum { BITS = 12, PICKS = 5 }; /* of one 64-bit draw */
    int n = 1;
    uint64_t draw = 0;
    w->picked[0] = centre;
    for (int tries = 0; n <= t->negative && tries < 4 * t->negative + 16; tries++) {
        if (tries % PICKS == 0)
            draw = random_at(w->pick_key, (uint64_t)position * 1024 + (uint64_t)(tries / PICKS));
        int slot = (int)(((draw & ((1u << BITS) - 1)) * (uint32_t)t->pool) >> BITS);
        draw >>= BITS;
        if (!is_picked(w, n, w->pool[slot]))
            w->picked[n++] = w->pool[slot];
    }
    return n;
}

/* ---- windows */

static inline int gather_inputs(skipgram_worker *w, const skipgram_job *job, int centre,
                                size_t width) {
    const window_chunk *c = &w->chunk;
    const int reach = c->widths[centre];
    int n = 0;
    for (int i = centre - 1; i >= 0 && i >= centre - reach && c->tokens[i] >= 0; i--)
        w->in[n++] = job->in + (size_t)c->tokens[i] * width;
    for (int i = centre + 1; i < c->n && i <= centre + reach && c->tokens[i] >= 0; i++)
        w->in[n++] = job->in + (size_t)c->tokens[i] * width;
    return n;
}

/* Several threads mark the same rows; relaxed, as merging looks at the marks behind a barrier. */
static inline void mark(uint8_t *touched) {
    if (!__atomic_load_n(touched, __ATOMIC_RELAXED))
        __atomic_store_n(touched, 1, __ATOMIC_RELAXED);
}

static void mark_touched(const skipgram_worker *w, const skipgram_job *job, int n_in, int n_out,
                         size_t width) {
    for (int i = 0; i < n_in; i++)
        mark(job->in_touched + (size_t)(w->in[i] - job->in) / width);
    for (int j = 0; j < n_out; j++)
        mark(job->out_touched + w->picked[j]);
}

/* What the next windows need first: the context that enters the widest window, the centre after the
 * next, and the negative that has just entered the pool. Where there is none, a row that is here.
 */
static inline void look_ahead(skipgram_worker *w, const skipgram_job *job, int centre, size_t width,
                              const float *ahead[N_AHEAD]) {
    const window_chunk *c = &w->chunk;
    const int entering = centre + 1 + job->settings->window, next = centre + 2;
    ahead[0] = entering < c->n && c->tokens[entering] >= 0
                   ? job->in + (size_t)c->tokens[entering] * width
                   : w->in[0];
    ahead[1] = next < c->last && c->tokens[next] >= 0 ? job->out + (size_t)c->tokens[next] * width
                                                      : w->in[0];
    ahead[2] = w->fresh ? w->fresh : w->in[0];
    w->fresh = NULL;
}

static inline void train_window(skipgram_worker *w, const skipgram_job *job, int centre, float rate,
                                size_t width) {
    const window_chunk *c = &w->chunk;
    const int n_in = gather_inputs(w, job, centre, width);
    if (!n_in)
        return;
    const int n_out = pick_outputs(w, job->settings, c->tokens[centre], c->draws[centre]);
    for (int j = 0; j < n_out; j++)
        w->out[j] = job->out + (size_t)w->picked[j] * width;
    sgns_window window = {.in = w->in,
                          .out = w->out,
                          .n_in = n_in,
                          .n_out = n_out,
                          .rate = rate,
                          .width = width,
                          .scratch = w->scratch};
    look_ahead(w, job, centre, width, window.ahead);
    w->tally.loss += job->kernel->sgns_window(&window);
    w->tally.pairs += n_in;
    if (job->in_touched)
        mark_touched(w, job, n_in, n_out, width);
}

static void train_chunk(skipgram_worker *w, const skipgram_job *job, int64_t chunk, float rate) {
    const skipgram_settings *t = job->settings;
    const size_t width = row_width(t->dim);
    const int64_t begin = job->first + chunk * t->chunk;
    const int64_t end = begin + t->chunk < job->last ? begin + t->chunk : job->last;
    window_fill(&w->chunk, job->view, begin, end, job->sampler, t->window, w->token_key);
    w->negative_key = random_key(job->seed, RANDOM_NEGATIVE, (uint64_t)job->epoch) ^
                      random_mix((uint64_t)begin + 1);
    w->drawn = 0;
    fill_pool(w, job);
    for (int i = w->chunk.first; i < w->chunk.last; i++) {
        if (w->chunk.tokens[i] < 0)
            continue;
        rotate_pool(w, job, width);
        train_window(w, job, i, rate, width);
    }
    w->tally.tokens += end - begin;
}

/* ---- the run */

int64_t skipgram_chunks(const skipgram_job *job) {
    return (job->last - job->first + job->settings->chunk - 1) / job->settings->chunk;
}

double skipgram_rate(const skipgram_job *job, int64_t visit) {
    double part = (double)visit / (double)skipgram_chunks(job);
    double done = job->progress_begin + part * (job->progress_end - job->progress_begin);
    double rate = job->rate * (1 - done);
    return rate > job->rate_floor ? rate : job->rate_floor;
}

static void run_worker(skipgram_worker *w, const skipgram_job *job, int thread,
                       void (*tick)(void *context, const skipgram_tally *mine), void *context) {
    w->tally = (skipgram_tally){0};
    w->token_key = random_key(job->seed, RANDOM_TOKEN, (uint64_t)job->epoch);
    w->pick_key = random_key(job->seed, RANDOM_PICK, (uint64_t)job->epoch);
    for (;;) {
        int64_t visit = atomic_fetch_add_explicit(job->next, 1, memory_order_relaxed);
        if (visit >= job->visit_end)
            break;
        train_chunk(w, job, job->order ? job->order[visit] : visit,
                    (float)skipgram_rate(job, visit));
        if (thread == 0 && tick)
            tick(context, &w->tally);
    }
}

void skipgram_run(const skipgram_job *job, skipgram_worker *const *workers, int n_threads,
                  skipgram_tally *tally, void (*tick)(void *context, const skipgram_tally *mine),
                  void *context) {
#pragma omp parallel num_threads(n_threads) default(none) shared(job, workers, tick, context)
    run_worker(workers[omp_get_thread_num()], job, omp_get_thread_num(), tick, context);
    for (int t = 0; t < n_threads; t++) {
        tally->loss += workers[t]->tally.loss;
        tally->pairs += workers[t]->tally.pairs;
        tally->tokens += workers[t]->tally.tokens;
    }
}

void skipgram_init_rows(float *rows, int64_t begin, int64_t end, int64_t dim,
                        const uint64_t *hashes, uint64_t seed) {
    const size_t width = row_width(dim);
    for (int64_t i = begin; i < end; i++) {
        const uint64_t key = random_key(seed, RANDOM_INIT, hashes[i]);
        float *row = rows + (size_t)i * width;
        for (int64_t k = 0; k < dim; k++)
            row[k] = (float)((random_unit(random_at(key, (uint64_t)k)) - 0.5) / (double)dim);
        memset(row + dim, 0, (width - (size_t)dim) * sizeof *row);
    }
}
