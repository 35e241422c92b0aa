// SPDX-License-Identifier: Apache-2.0
#include "strata.h"

#include <omp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "random.h"

/* ---- groups */

typedef struct {
    int64_t weight;
    int32_t id;
} weighted;

static int heavier_first(const void *a, const void *b) {
    const weighted *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static bool is_lighter(const weighted *a, const weighted *b) {
    return a->weight < b->weight || (a->weight == b->weight && a->id < b->id);
}

/* The top of a heap of groups has become heavier. */
static void sink(weighted *heap, int n) {
    for (int at = 0;;) {
        int least = at;
        for (int child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
            if (is_lighter(&heap[child], &heap[least]))
                least = child;
        if (least == at)
            return;
        const weighted other = heap[at];
        heap[at] = heap[least];
        heap[least] = other;
        at = least;
    }
}

/* A word without weight counts as one, so that those too are spread evenly. */
static status assign(strata *s, const int64_t *weights) {
    weighted *words = NULL, *heap = NULL;
    status st = mem_new(&words, (size_t)s->n_words, sizeof *words, "the groups of words");
    if (!st.code)
        st = mem_new(&heap, (size_t)s->n_groups, sizeof *heap, "the groups of words");
    for (int64_t i = 0; !st.code && i < s->n_words; i++)
        words[i] = (weighted){weights[i] > 0 ? weights[i] : 1, (int32_t)i};
    for (int g = 0; !st.code && g < s->n_groups; g++)
        heap[g].id = g;
    if (!st.code)
        qsort(words, (size_t)s->n_words, sizeof *words, heavier_first);
    for (int64_t i = 0; !st.code && i < s->n_words; i++) {
        s->group[words[i].id] = heap[0].id;
        s->first[heap[0].id + 1]++;
        heap[0].weight += words[i].weight;
        sink(heap, s->n_groups);
    }
    mem_free(&words);
    mem_free(&heap);
    return st;
}

/* The order of id in by_id and place. */
static void order_by_id(strata *s) {
    for (int g = 0; g < s->n_groups; g++)
        s->first[g + 1] += s->first[g];
    for (int64_t i = 0; i < s->n_words; i++) {
        int64_t *next = &s->first[s->group[i]];
        s->by_id[(*next)++] = (int32_t)i;
    }
    for (int g = s->n_groups; g > 0; g--)
        s->first[g] = s->first[g - 1];
    s->first[0] = 0;
    for (int64_t at = 0; at < s->n_words; at++)
        s->place[s->by_id[at]] = (int32_t)(at - s->first[s->group[s->by_id[at]]]);
}

/* Fisher and Yates. from: counter of the first draw. */
static void shuffle(int32_t *x, int64_t n, uint64_t key, int64_t from) {
    for (int64_t i = n - 1; i > 0; i--) {
        const double unit = random_unit(random_at(key, (uint64_t)(from + i)));
        const int64_t j = (int64_t)(unit * (double)(i + 1));
        const int32_t other = x[j];
        x[j] = x[i];
        x[i] = other;
    }
}

static void order_by_chance(strata *s, uint64_t key) {
    memcpy(s->by_chance, s->by_id, (size_t)s->n_words * sizeof *s->by_id);
    for (int g = 0; g < s->n_groups; g++)
        shuffle(s->by_chance + s->first[g], strata_size(s, g), key, s->first[g]);
    for (int64_t at = 0; at < s->n_words; at++)
        s->chance[s->by_chance[at]] = (int32_t)(at - s->first[s->group[s->by_chance[at]]]);
}

status strata_create(strata *s, int64_t n_words, int n_groups, const int64_t *weights,
                     uint64_t key) {
    static const char what[] = "the groups of words";
    const size_t n = (size_t)n_words;
    *s = (strata){.n_groups = n_groups, .n_words = n_words};
    status st = mem_new(&s->first, (size_t)n_groups + 1, sizeof *s->first, what);
    int32_t **arrays[] = {&s->by_id, &s->by_chance, &s->group, &s->place, &s->chance};
    for (size_t i = 0; !st.code && i < sizeof arrays / sizeof *arrays; i++)
        st = mem_new(arrays[i], n, sizeof **arrays[i], what);
    if (!st.code)
        st = assign(s, weights);
    if (st.code) {
        strata_clear(s);
        return st;
    }
    order_by_id(s);
    order_by_chance(s, key);
    return st;
}

void strata_deal(strata *s, uint64_t key) {
    memset(s->first, 0, ((size_t)s->n_groups + 1) * sizeof *s->first);
    for (int64_t from = 0; from < s->n_words; from += s->n_groups) {
        const int64_t left = s->n_words - from, n = left < s->n_groups ? left : s->n_groups;
        for (int64_t g = 0; g < n; g++) {
            s->group[from + g] = (int32_t)g;
            s->first[g + 1]++;
        }
        shuffle(s->group + from, n, key, from);
    }
    order_by_id(s);
    order_by_chance(s, random_mix(key));
}

void strata_clear(strata *s) {
    mem_free(&s->first);
    mem_free(&s->by_id);
    mem_free(&s->by_chance);
    mem_free(&s->group);
    mem_free(&s->place);
    mem_free(&s->chance);
    *s = (strata){0};
}

/* ---- the flow of buckets */

/* Where a centre group is. */
typedef struct {
    int step;  /* the next; those before are behind it */
    int whole; /* of them, those before the first that was left out */
    bool busy; /* a thread is at it */
} position;

struct strata_flow {
    position *groups; /* [n] */
    omp_lock_t lock;  /* of all that follows and of groups */
    int64_t left;     /* buckets that nobody has taken */
    int64_t done;
    strata_steps here; /* steps for which the last group's contexts are here */
    bool halted;
};

status strata_flow_create(strata_flow **slot, int n) {
    status s = mem_new(slot, 1, sizeof **slot, "the schedule");
    if (!s.code)
        s = mem_new(&(*slot)->groups, (size_t)n, sizeof *(*slot)->groups, "the schedule");
    if (s.code) {
        mem_free(slot);
        return s;
    }
    omp_init_lock(&(*slot)->lock);
    return s;
}

void strata_flow_destroy(strata_flow **slot) {
    if (!*slot)
        return;
    omp_destroy_lock(&(*slot)->lock);
    mem_free(&(*slot)->groups);
    mem_free(slot);
}

static bool comes_from_afar(const strata_epoch *e, int a) {
    return a + 1 == e->n && e->move;
}

static const position *neighbour(const strata_flow *f, const strata_epoch *e, int a) {
    return &f->groups[a + 1 < e->n ? a + 1 : 0];
}

static bool is_ready(const strata_flow *f, const strata_epoch *e, int a) {
    const position *p = &f->groups[a];
    if (p->busy || p->step == e->n_groups)
        return false;
    if (p->step == 0)
        return true;
    return comes_from_afar(e, a) ? f->here.all > p->step : neighbour(f, e, a)->step >= p->step;
}

/* No bucket was left out that the next one of a group has to wait for. */
static bool is_whole(const strata_flow *f, const strata_epoch *e, int a) {
    const position *p = &f->groups[a];
    if (p->whole < p->step)
        return false;
    if (p->step == 0)
        return true;
    return comes_from_afar(e, a) ? f->here.whole > p->step : neighbour(f, e, a)->whole >= p->step;
}

typedef enum { LEAVES_OUT, HAS_DONE, TRAINS } task;

/* The next bucket of *group, the earliest step first; -1 if none is ready. */
static task take_bucket(strata_flow *f, const strata_epoch *e, int *group) {
    task t = LEAVES_OUT;
    int best = -1;
    omp_set_lock(&f->lock);
    for (int a = 0; a < e->n; a++)
        if (is_ready(f, e, a) && (best < 0 || f->groups[a].step < f->groups[best].step))
            best = a;
    if (best >= 0) {
        if (is_whole(f, e, best))
            t = f->groups[best].step < e->done[best] ? HAS_DONE : f->halted ? LEAVES_OUT : TRAINS;
        f->groups[best].busy = true;
        f->left--;
    }
    omp_unset_lock(&f->lock);
    *group = best;
    return t;
}

static int64_t end_bucket(strata_flow *f, int a, bool is_done) {
    omp_set_lock(&f->lock);
    f->groups[a].busy = false;
    f->groups[a].step++;
    f->groups[a].whole += is_done;
    f->done += is_done;
    const int64_t done = f->done;
    omp_unset_lock(&f->lock);
    return done;
}

static bool is_finished(strata_flow *f) {
    omp_set_lock(&f->lock);
    const bool finished = f->left == 0;
    omp_unset_lock(&f->lock);
    return finished;
}

static void move_on(strata_flow *f, const strata_epoch *e) {
    omp_set_lock(&f->lock);
    const strata_steps finished = {.all = f->groups[0].step, .whole = f->groups[0].whole};
    omp_unset_lock(&f->lock);
    const strata_steps here = e->move(e->context, finished);
    omp_set_lock(&f->lock);
    f->here = here;
    omp_unset_lock(&f->lock);
}

static void look_for_halt(strata_flow *f, const strata_epoch *e) {
    if (!e->halts || !e->halts(e->context))
        return;
    omp_set_lock(&f->lock);
    f->halted = true;
    omp_unset_lock(&f->lock);
}

/* Nothing is ready: look again soon, and let others have the processor when it takes longer. */
static void wait_a_little(int *turns) {
    static const struct timespec nap = {.tv_nsec = 20000};
    if (++*turns < 100)
        sched_yield();
    else
        nanosleep(&nap, NULL);
}

static void work(strata_flow *f, const strata_epoch *e, int thread) {
    int turns = 0;
    for (;;) {
        int a;
        if (thread == 0) {
            look_for_halt(f, e);
            if (e->move)
                move_on(f, e);
        }
        const task t = take_bucket(f, e, &a);
        if (a < 0) {
            if (is_finished(f))
                return;
            wait_a_little(&turns);
            continue;
        }
        turns = 0;
        /* Only this thread changes the step of a group that it holds. */
        const bool trained =
            t == TRAINS && e->train(e->context, e->first + a, f->groups[a].step, thread);
        const int64_t done = end_bucket(f, a, trained || t == HAS_DONE);
        if (thread == 0 && trained && e->tick)
            e->tick(e->context, done);
    }
}

void strata_run(strata_flow *f, const strata_epoch *e) {
    f->left = (int64_t)e->n * e->n_groups;
    f->done = 0;
    f->here = (strata_steps){.all = 1, .whole = 1};
    f->halted = false;
    for (int a = 0; a < e->n; a++)
        f->groups[a] = (position){0};
#pragma omp parallel num_threads(e->n_threads) default(none) shared(f, e)
    work(f, e, omp_get_thread_num());
    for (int a = 0; a < e->n; a++)
        e->done[a] = f->groups[a].whole;
}
