// SPDX-License-Identifier: Apache-2.0
#include "rounds.h"

#include <omp.h>
#include <string.h>

#include "gate.h"
#include "loop_internal.h"
#include "memory.h"
#include "objective.h"
#include "random.h"

enum {
    SIDES = 2,  /* input and output rows */
    STAGES = 2, /* the round in training and the next; by the last bit of the round's number */
    LINE = 64
};

/* ---- memory */

/* At the head of the shared memory; behind it for each stage and side masks, then copies. */
typedef struct {
    gate gate;
    _Atomic uint32_t used[STAGES][SIDES]; /* copies that are given out */
    _Atomic int64_t end;                  /* of the stretch; earlier than asked for after a tick */
} shared_head;

/* What all workers know of the rows of a stage and side. */
typedef struct {
    uint64_t *masks;  /* [n_rows] a bit for each worker that touches the row */
    uint32_t *copies; /* [n_rows] of rows that several touch: the first of as many copies */
    _Atomic uint32_t *used;
} row_marks;

/* A row that its owner folds. Owners are spread by row, or else worker 0 would have all frequent
 * rows. */
typedef struct {
    int32_t row;
    int n;
} row_fold;

/* What a worker knows of its rows. */
typedef struct {
    int32_t *touched; /* [most] */
    int32_t *copied;  /* [most] those that others touch too */
    row_fold *folds;  /* [most] and of these those that it folds */
    int64_t n_touched, n_copied, n_folds;
} row_list;

typedef struct {
    loop_worker *loop;
    int number;
    int64_t begin, end; /* its part of the corpus */
    row_list rows[STAGES][SIDES];
    row_places places[SIDES];
} round_worker;

struct rounds {
    rounds_shape shape;
    shared_head *head;
    row_marks marks[STAGES][SIDES];
    int64_t n_rows[SIDES];
    round_worker *workers; /* [n] those of this process */
    int first, n;
    uint32_t participants; /* threads that have a worker, of all processes */
    int64_t reached;       /* where the last stretch ended, if this process has workers */
    int64_t continues;     /* the round that pools are ready for; -1 = none */
};

static size_t whole_lines(size_t bytes) {
    return (bytes + LINE - 1) / LINE * LINE;
}

static size_t marks_bytes(int64_t n_rows) {
    return whole_lines((size_t)n_rows * sizeof(uint64_t)) +
           whole_lines((size_t)n_rows * sizeof(uint32_t));
}

size_t rounds_shared_bytes(const rounds_shape *s) {
    return whole_lines(sizeof(shared_head)) +
           STAGES * (marks_bytes(s->n_words) + marks_bytes(s->n_outputs));
}

/* Rows of a side that a worker touches in a round at most, and outputs that may be foreseen. */
static void find_most(const rounds_shape *s, int64_t most[SIDES], int64_t *listed) {
    const loop_settings *t = s->settings;
    most[0] = t->chunk + 2 * (int64_t)t->window;
    s->objective->most_foreseen(t, s->tree, listed, &most[1]);
    most[0] = most[0] < s->n_words ? most[0] : s->n_words;
    most[1] = most[1] < s->n_outputs ? most[1] : s->n_outputs;
}

void rounds_copies(const rounds_shape *s, int64_t copies[SIDES]) {
    int64_t listed;
    find_most(s, copies, &listed);
    for (int side = 0; side < SIDES; side++)
        copies[side] = s->workers > 1 ? copies[side] * s->workers : 0;
}

double rounds_own_bytes(const rounds_shape *s, int workers) {
    int64_t most[SIDES], listed;
    find_most(s, most, &listed);
    const double rows = (double)(most[0] + most[1]) * (2 * sizeof(int32_t) + sizeof(row_fold));
    return workers * (STAGES * rows + (double)listed * sizeof(int32_t));
}

void rounds_start(void *shared) {
    gate_create(&((shared_head *)shared)->gate);
}

void rounds_stop(void *shared) {
    gate_clear(&((shared_head *)shared)->gate);
}

/* ---- creation */

static status create_worker(round_worker *w, const rounds_shape *s, int number) {
    int64_t most[SIDES], listed;
    find_most(s, most, &listed);
    w->number = number;
    status st = loop_worker_create(&w->loop, s->settings, s->tree, s->objective);
    for (int i = 0; i < STAGES * SIDES && !st.code; i++) {
        row_list *l = &w->rows[i / SIDES][i % SIDES];
        st = mem_new(&l->touched, (size_t)most[i % SIDES], sizeof *l->touched, "rows of a round");
        if (!st.code)
            st = mem_new(&l->copied, (size_t)most[i % SIDES], sizeof *l->copied, "rows of a round");
        if (!st.code)
            st = mem_new(&l->folds, (size_t)most[i % SIDES], sizeof *l->folds, "rows of a round");
    }
    return st;
}

static void clear_worker(round_worker *w) {
    loop_worker_destroy(&w->loop);
    for (int i = 0; i < STAGES * SIDES; i++) {
        mem_free(&w->rows[i / SIDES][i % SIDES].touched);
        mem_free(&w->rows[i / SIDES][i % SIDES].copied);
        mem_free(&w->rows[i / SIDES][i % SIDES].folds);
    }
}

static void lay_out(rounds *r, void *shared) {
    char *at = shared;
    r->head = shared;
    at += whole_lines(sizeof *r->head);
    for (int stage = 0; stage < STAGES; stage++)
        for (int side = 0; side < SIDES; side++) {
            const size_t n = (size_t)r->n_rows[side];
            row_marks *m = &r->marks[stage][side];
            m->masks = (uint64_t *)at;
            at += whole_lines(n * sizeof *m->masks);
            m->copies = (uint32_t *)at;
            at += whole_lines(n * sizeof *m->copies);
            m->used = &r->head->used[stage][side];
        }
}

/* The first worker of a thread: workers are dealt out evenly. */
static int first_worker(const rounds_shape *s, int thread) {
    return (int)(((int64_t)thread * s->workers + s->all_threads - 1) / s->all_threads);
}

static status check_places(const rounds_shape *s) {
    int64_t copies[SIDES];
    rounds_copies(s, copies);
    if (s->n_words + copies[0] <= INT32_MAX && s->n_outputs + copies[1] <= INT32_MAX)
        return status_ok();
    return status_error(STATUS_SPACE, "more rows and copies of rows than rounds can number; use "
                                      "fewer workers or smaller rounds");
}

status rounds_create(rounds **slot, const rounds_shape *s, void *shared) {
    status st = check_places(s);
    if (!st.code)
        st = mem_new(slot, 1, sizeof **slot, "the rounds");
    if (st.code)
        return st;
    rounds *r = *slot;
    *r = (rounds){.shape = *s, .n_rows = {s->n_words, s->n_outputs}, .continues = -1};
    r->participants = (uint32_t)(s->all_threads < s->workers ? s->all_threads : s->workers);
    r->first = first_worker(s, s->first_thread);
    r->n = first_worker(s, s->first_thread + s->n_threads) - r->first;
    lay_out(r, shared);
    if (r->n)
        st = mem_new(&r->workers, (size_t)r->n, sizeof *r->workers, "the workers");
    for (int i = 0; i < r->n && !st.code; i++)
        st = create_worker(&r->workers[i], s, r->first + i);
    if (st.code)
        rounds_destroy(slot);
    return st;
}

void rounds_destroy(rounds **slot) {
    rounds *r = *slot;
    if (!r)
        return;
    for (int i = 0; r->workers && i < r->n; i++)
        clear_worker(&r->workers[i]);
    mem_free(&r->workers);
    mem_free(slot);
}

int64_t rounds_in_epoch(int64_t first, int64_t last, int workers, int64_t chunk) {
    const int64_t longest = (last - first + workers - 1) / workers;
    return (longest + chunk - 1) / chunk;
}

/* ---- phase 1: train a round, draw the next */

static void mark(const rounds *r, const round_worker *w, const row_marks *m, row_list *l,
                 const int32_t *slots, const int32_t *ids, int64_t n) {
    enum { AHEAD = 12 };
    const uint64_t bit = UINT64_C(1) << w->number;
    for (int64_t i = 0; i < n; i++) {
        if (i + AHEAD < n && ids[i + AHEAD] >= 0)
            __builtin_prefetch(&m->masks[places_slot(slots, ids[i + AHEAD])], 1);
        if (ids[i] < 0)
            continue;
        const int32_t slot = places_slot(slots, ids[i]);
        uint64_t *mask = &m->masks[slot];
        const uint64_t others = __atomic_load_n(mask, __ATOMIC_RELAXED);
        if (others & bit)
            continue;
        if (r->participants == 1)
            *mask = others | bit;
        else
            __atomic_fetch_or(mask, bit, __ATOMIC_RELAXED);
        l->touched[l->n_touched++] = slot;
    }
}

/* The tokens of a worker in a round, in its chunk; returns how many. Parts differ by a token, so
 * that the last round may be empty. */
static int64_t fill(round_worker *w, const loop_job *job, int64_t round) {
    const loop_settings *t = job->settings;
    window_chunk *c = &w->loop->chunk;
    const int64_t begin = w->begin + round * t->chunk;
    const int64_t end = begin + t->chunk < w->end ? begin + t->chunk : w->end;
    c->n = c->first = c->last = 0;
    if (begin >= end)
        return 0;
    window_fill(c, job->view, begin, end, job->sampler, t->window, w->loop->token_key);
    return end - begin;
}

/* The chunk of a round, and all rows that it touches. */
static void draw(const rounds *r, round_worker *w, const loop_job *job, int64_t round) {
    const int stage = (int)(round % STAGES);
    const window_chunk *c = &w->loop->chunk;
    row_list *rows = w->rows[stage];
    for (int side = 0; side < SIDES; side++) {
        rows[side].n_touched = rows[side].n_copied = rows[side].n_folds = 0;
        if (w->number == 0)
            atomic_store_explicit(r->marks[stage][side].used, 0, memory_order_relaxed);
    }
    const int64_t n_tokens = fill(w, job, round);
    if (!n_tokens)
        return;
    mark(r, w, &r->marks[stage][0], &rows[0], job->slots[0], c->tokens, c->n);
    const int64_t n = job->objective->foresee(w->loop, job, w->loop->outputs);
    mark(r, w, &r->marks[stage][1], &rows[1], job->slots[1], w->loop->outputs, n);
    w->loop->tally.tokens += n_tokens;
}

static row_places places_of(const rounds *r, const round_worker *w, const loop_job *job, int stage,
                            int side) {
    const row_marks *m = &r->marks[stage][side];
    return (row_places){.slots = job->slots[side],
                        .masks = m->masks,
                        .copies = m->copies,
                        .n = r->n_rows[side],
                        .before = (UINT64_C(1) << w->number) - 1};
}

/* Each cache line of a row is asked for. */
static inline void ask_row(const float *row, size_t width, bool to_write) {
    for (size_t k = 0; k < width; k += ROW_QUANTUM)
        if (to_write)
            __builtin_prefetch(row + k, 1);
        else
            __builtin_prefetch(row + k);
}

static void copy_rows(const row_list *l, const row_places *p, float *table, size_t width) {
    enum { AHEAD = 3 };
    for (int64_t i = 0; i < l->n_copied + AHEAD; i++) {
        if (i < l->n_copied) {
            ask_row(table + (size_t)l->copied[i] * width, width, false);
            ask_row(table + (size_t)places_of_slot(p, l->copied[i]) * width, width, true);
        }
        if (i >= AHEAD) {
            const int32_t row = l->copied[i - AHEAD];
            memcpy(table + (size_t)places_of_slot(p, row) * width, table + (size_t)row * width,
                   width * sizeof *table);
        }
    }
}

static void train(const rounds *r, round_worker *w, const loop_job *job, int64_t round,
                  float rate) {
    const int stage = (int)(round % STAGES);
    const size_t width = row_width(job->settings->dim);
    for (int side = 0; side < SIDES; side++)
        w->places[side] = places_of(r, w, job, stage, side);
    if (w->loop->chunk.n == 0)
        return;
    copy_rows(&w->rows[stage][0], &w->places[0], job->in, width);
    copy_rows(&w->rows[stage][1], &w->places[1], job->out, width);
    loop_find_places(w->loop, w->places, !r->shape.tree);
    job->objective->train_chunk(w->loop, job, rate);
    w->loop->tally.loss += logistic_loss_take(&w->loop->loss);
}

/* ---- phase 2: fold a round, place the copies of the next */

static void fold(const rounds *r, const round_worker *w, const loop_job *job, int64_t round) {
    const int stage = (int)(round % STAGES);
    const size_t width = row_width(job->settings->dim);
    for (int side = 0; side < SIDES; side++) {
        const row_list *l = &w->rows[stage][side];
        float *table = side ? job->out : job->in;
        const float *copies = table + (size_t)r->n_rows[side] * width;
        const uint32_t *firsts = r->marks[stage][side].copies;
        for (int64_t i = 0; i < l->n_folds; i++) {
            const row_fold *f = &l->folds[i];
            const float *first = copies + (size_t)firsts[f->row] * width;
            if (i + 1 < l->n_folds) {
                const row_fold *next = &l->folds[i + 1];
                ask_row(table + (size_t)next->row * width, width, true);
                for (int j = 0; j < next->n; j++)
                    ask_row(copies + ((size_t)firsts[next->row] + (size_t)j) * width, width, false);
            }
            job->kernel->fold(table + (size_t)f->row * width, first, f->n, width);
        }
    }
}

/* Every worker clears what it marked: nobody reads these masks any more. */
static void forget(const rounds *r, const round_worker *w, int64_t round, uint8_t *const *changed) {
    const int stage = (int)(round % STAGES);
    for (int side = 0; side < SIDES; side++) {
        const row_list *l = &w->rows[stage][side];
        uint64_t *masks = r->marks[stage][side].masks;
        for (int64_t i = 0; i < l->n_touched; i++)
            __atomic_store_n(&masks[l->touched[i]], 0, __ATOMIC_RELAXED);
        for (int64_t i = 0; changed[side] && i < l->n_touched; i++)
            loop_mark(changed[side] + l->touched[i]);
    }
}

static int owner_of(uint64_t mask, int32_t row, int workers) {
    const int from = row % workers;
    const uint64_t later = mask >> from;
    return later ? from + __builtin_ctzll(later) : __builtin_ctzll(mask);
}

/* The rows of l that others touch too; returns how many copies of those that w folds there are. */
static uint32_t list_copied(const rounds *r, const round_worker *w, const row_marks *m,
                            row_list *l) {
    uint32_t n_copies = 0;
    for (int64_t i = 0; i < l->n_touched; i++) {
        const int32_t row = l->touched[i];
        const uint64_t mask = m->masks[row];
        if (!(mask & (mask - 1)))
            continue;
        l->copied[l->n_copied++] = row;
        if (owner_of(mask, row, r->shape.workers) != w->number)
            continue;
        const uint32_t n = places_count(mask);
        l->folds[l->n_folds++] = (row_fold){row, (int)n};
        n_copies += n;
    }
    return n_copies;
}

/* Which copies a row gets depends on who comes first, what is in them does not. */
static void place_copies(const rounds *r, round_worker *w, int64_t round) {
    const int stage = (int)(round % STAGES);
    for (int side = 0; side < SIDES; side++) {
        const row_marks *m = &r->marks[stage][side];
        row_list *l = &w->rows[stage][side];
        const uint32_t n = list_copied(r, w, m, l);
        uint32_t at = atomic_fetch_add_explicit(m->used, n, memory_order_relaxed);
        for (int64_t i = 0; i < l->n_folds; i++) {
            m->copies[l->folds[i].row] = at;
            at += (uint32_t)l->folds[i].n;
        }
    }
}

/* ---- a stretch */

typedef struct {
    rounds *r;
    loop_job job; /* marks of changed rows are ours, as copies have none */
    uint8_t *changed[SIDES];
    int64_t begin, end, in_all;
    const double *losses; /* [workers] before */
    bool (*tick)(void *context, int64_t round, const loop_tally *mine);
    void *context;
} stretch;

/* A worker in the epoch of a job, but for its pool. */
static void place_part(const rounds *r, round_worker *w, const loop_job *job) {
    const int64_t n = job->last - job->first, workers = r->shape.workers;
    w->begin = job->first + n * w->number / workers;
    w->end = job->first + n * (w->number + 1) / workers;
    w->loop->token_key = random_key(job->seed, RANDOM_TOKEN, (uint64_t)job->epoch);
    negatives_begin_epoch(&w->loop->negatives, job->seed, job->epoch);
}

/* A worker before the round `begin`, whichever came before. */
static void place_worker(const rounds *r, round_worker *w, const loop_job *job, int64_t begin) {
    place_part(r, w, job);
    negatives_begin_chunk(&w->loop->negatives, job->sampler,
                          w->begin + begin * job->settings->chunk);
}

/* Losses go on from those before, so that a stretch in two parts adds them up in the same order. */
static void begin_worker(const stretch *s, round_worker *w) {
    w->loop->tally = (loop_tally){.loss = s->losses[w->number]};
    if (s->begin != s->r->continues)
        place_worker(s->r, w, &s->job, s->begin);
    draw(s->r, w, &s->job, s->begin);
}

/* Others are in this round or the next, and have looked at the end of that. */
static void end_early(const rounds *r, int64_t round) {
    int64_t end = atomic_load(&r->head->end);
    while (end > round + 3 && !atomic_compare_exchange_weak(&r->head->end, &end, round + 3)) {
    }
}

static void run_round(const stretch *s, round_worker *workers, int n, int64_t round, bool is_last) {
    const rounds *r = s->r;
    const float rate = (float)loop_rate_at(&s->job, (double)round / (double)s->in_all);
    for (int i = 0; i < n; i++) {
        train(r, &workers[i], &s->job, round, rate);
        if (!is_last)
            draw(r, &workers[i], &s->job, round + 1);
    }
    gate_wait(&r->head->gate, r->participants);
    for (int i = 0; i < n; i++) {
        fold(r, &workers[i], &s->job, round);
        forget(r, &workers[i], round, s->changed);
        if (!is_last)
            place_copies(r, &workers[i], round + 1);
    }
    gate_wait(&r->head->gate, r->participants);
}

/* The workers of a thread; returns how many. */
static int workers_of(const rounds *r, int thread, round_worker **workers) {
    const rounds_shape *shape = &r->shape;
    const int first = first_worker(shape, shape->first_thread + thread);
    *workers = r->workers + (first - r->first);
    return first_worker(shape, shape->first_thread + thread + 1) - first;
}

/* Whether a round is the last is looked up before its gates, when all are in the stretch still. */
static void run_thread(const stretch *s, int thread) {
    rounds *r = s->r;
    bool is_last = false;
    round_worker *workers;
    const int n = workers_of(r, thread, &workers);
    if (!n)
        return;
    for (int i = 0; i < n; i++)
        begin_worker(s, &workers[i]);
    gate_wait(&r->head->gate, r->participants);
    for (int i = 0; i < n; i++)
        place_copies(r, &workers[i], s->begin);
    gate_wait(&r->head->gate, r->participants);
    for (int64_t round = s->begin; !is_last; round++) {
        is_last = round + 1 == atomic_load(&r->head->end);
        run_round(s, workers, n, round, is_last);
        if (thread == 0 && s->tick && s->tick(s->context, round, &workers[0].loop->tally) &&
            !is_last)
            end_early(r, round);
        if (is_last && workers == r->workers)
            r->reached = round + 1;
    }
}

int64_t rounds_reached(const rounds *r) {
    return r->n ? r->reached : atomic_load(&r->head->end);
}

void rounds_run(rounds *r, const loop_job *job, int64_t begin, int64_t end, double *losses,
                loop_tally *tally,
                bool (*tick)(void *context, int64_t round, const loop_tally *mine), void *context) {
    stretch s = {.r = r,
                 .job = *job,
                 .changed = {job->in_touched, job->out_touched},
                 .begin = begin,
                 .end = end,
                 .in_all =
                     rounds_in_epoch(job->first, job->last, r->shape.workers, job->settings->chunk),
                 .losses = losses,
                 .tick = tick,
                 .context = context};
    s.job.in_touched = s.job.out_touched = NULL;
    if (r->n) /* the others wait for us before they look at it */
        atomic_store(&r->head->end, end);
    r->reached = end;
    if (begin >= end)
        return;
#pragma omp parallel num_threads(s.r->shape.n_threads) default(none) shared(s)
    run_thread(&s, omp_get_thread_num());
    for (int i = 0; i < r->n; i++) {
        const loop_tally *mine = &r->workers[i].loop->tally;
        losses[r->workers[i].number] = mine->loss;
        tally->pairs += mine->pairs;
        tally->tokens += mine->tokens;
    }
    r->continues = r->reached < end ? r->reached : -1;
}

/* ---- pools */

void rounds_workers(const rounds *r, int *first, int *n) {
    *first = r->first;
    *n = r->n;
}

void rounds_places(const rounds *r, int64_t *places) {
    memset(places, 0, 2 * (size_t)r->shape.workers * sizeof *places);
    for (int i = 0; i < r->n; i++) {
        const negatives_place at = negatives_where(&r->workers[i].loop->negatives);
        int64_t *place = places + 2 * (size_t)r->workers[i].number;
        place[0] = at.drawn;
        place[1] = at.owed;
    }
}

void rounds_restore(rounds *r, const loop_job *job, int64_t begin, const int64_t *places) {
    for (int i = 0; i < r->n; i++) {
        round_worker *w = &r->workers[i];
        const int64_t *place = places + 2 * (size_t)w->number;
        place_part(r, w, job);
        negatives_restore(&w->loop->negatives, job->sampler, w->begin,
                          (negatives_place){.drawn = place[0], .owed = place[1]});
    }
    r->continues = begin;
}

/* ---- foresight */

/* The pool of negatives moves on as training would move it. */
static void foresee_round(round_worker *w, const loop_job *job, int64_t round,
                          uint8_t *const wanted[2]) {
    const window_chunk *c = &w->loop->chunk;
    if (!fill(w, job, round))
        return;
    loop_foresee_chunk(w->loop, job, wanted);
    for (int i = c->first; i < c->last; i++)
        if (c->tokens[i] >= 0)
            negatives_rotate(&w->loop->negatives, job->sampler);
}

static void foresee_thread(rounds *r, const loop_job *job, int64_t begin, int64_t end,
                           uint8_t *const wanted[2], int thread) {
    round_worker *workers;
    const int n = workers_of(r, thread, &workers);
    for (int i = 0; i < n; i++) {
        place_worker(r, &workers[i], job, begin);
        for (int64_t round = begin; round < end; round++)
            foresee_round(&workers[i], job, round, wanted);
    }
}

void rounds_foresee(rounds *r, const loop_job *job, int64_t begin, int64_t end,
                    uint8_t *const wanted[2]) {
#pragma omp parallel num_threads(r->shape.n_threads) default(none)                                 \
    shared(r, job, begin, end, wanted)
    foresee_thread(r, job, begin, end, wanted, omp_get_thread_num());
}
