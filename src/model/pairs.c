// SPDX-License-Identifier: Apache-2.0
#include "pairs.h"

#include <string.h>

#include "memory.h"

enum { CHUNK = 4096 }; /* tokens that are drawn at a time */

/* Cells of counts that all parts together may have: K can be large. */
static const int64_t MOST_CELLS = (int64_t)1 << 24;

/* Where words are as inputs, or as outputs. */
typedef struct {
    int32_t *group, *place; /* [chunk.capacity] */
} side;

/* A part of the job: parts follow each other in the corpus, each is drawn by one thread. */
typedef struct {
    window_chunk chunk;
    side in, out;  /* of the tokens of the chunk */
    int64_t *next; /* [K * K] pairs of each bucket; then where the next one goes */
} pair_part;

struct pair_sorter {
    int n_groups, n_parts, window;
    pair_part *parts; /* [n_parts] */
};

static int64_t cells(int n_groups) {
    return (int64_t)n_groups * n_groups;
}

static int count_parts(int n_groups, int n_threads) {
    const int64_t most = MOST_CELLS / cells(n_groups);
    return most < 1 ? 1 : most < n_threads ? (int)most : n_threads;
}

static status create_side(side *s, size_t n) {
    status st = mem_new(&s->group, n, sizeof *s->group, "pairs of words");
    return st.code ? st : mem_new(&s->place, n, sizeof *s->place, "pairs of words");
}

static void clear_side(side *s) {
    mem_free(&s->group);
    mem_free(&s->place);
}

static status create_part(pair_part *part, int n_groups, int window) {
    status s = window_create(&part->chunk, CHUNK, window);
    if (!s.code)
        s = create_side(&part->in, (size_t)part->chunk.capacity);
    if (!s.code)
        s = create_side(&part->out, (size_t)part->chunk.capacity);
    if (!s.code)
        s = mem_new(&part->next, (size_t)cells(n_groups), sizeof *part->next, "pairs of words");
    return s;
}

status pair_sorter_create(pair_sorter **slot, int n_groups, int n_threads, int window) {
    status s = mem_new(slot, 1, sizeof **slot, "pairs of words");
    if (s.code)
        return s;
    pair_sorter *p = *slot;
    p->n_groups = n_groups;
    p->window = window;
    s = mem_new(&p->parts, (size_t)count_parts(n_groups, n_threads), sizeof *p->parts,
                "pairs of words");
    if (!s.code)
        p->n_parts = count_parts(n_groups, n_threads);
    for (int i = 0; !s.code && i < p->n_parts; i++)
        s = create_part(&p->parts[i], n_groups, window);
    if (s.code)
        pair_sorter_destroy(slot);
    return s;
}

void pair_sorter_destroy(pair_sorter **slot) {
    pair_sorter *p = *slot;
    if (!p)
        return;
    for (int i = 0; i < p->n_parts; i++) {
        window_clear(&p->parts[i].chunk);
        clear_side(&p->parts[i].in);
        clear_side(&p->parts[i].out);
        mem_free(&p->parts[i].next);
    }
    mem_free(&p->parts);
    mem_free(slot);
}

double pair_sorter_bytes(int n_groups, int n_threads, int window) {
    const double token = 5 * sizeof(int32_t) + sizeof(uint16_t) + sizeof(int64_t);
    return (double)count_parts(n_groups, n_threads) *
           ((double)cells(n_groups) * sizeof(int64_t) + 2 * token * (CHUNK + 2.0 * window + 4));
}

/* ---- drawing */

static void look_up(side *s, const strata *groups, const window_chunk *c) {
    for (int i = 0; i < c->n; i++) {
        const int32_t word = c->tokens[i];
        s->group[i] = word >= 0 ? groups->group[word] : WINDOW_BREAK;
        s->place[i] = word >= 0 ? groups->place[word] : WINDOW_BREAK;
    }
}

/* One chunk of a part, looked up. */
static void draw_chunk(pair_part *part, const pair_job *job, int window, int64_t begin,
                       int64_t end) {
    window_chunk *c = &part->chunk;
    window_fill(c, job->view, begin, end, job->sampler, window, job->token_key);
    look_up(&part->in, job->inputs, c);
    look_up(&part->out, job->outputs, c);
}

/* Contexts of a centre: [*from, *to) without the centre. */
static inline void find_contexts(const pair_part *part, int centre, int *from, int *to) {
    const window_chunk *c = &part->chunk;
    const int reach = c->widths[centre];
    int low = centre, high = centre + 1;
    while (low > 0 && centre - low < reach && c->tokens[low - 1] >= 0)
        low--;
    while (high < c->n && high - centre <= reach && c->tokens[high] >= 0)
        high++;
    *from = low;
    *to = high;
}

static void count_chunk(pair_part *part, int n_groups) {
    for (int i = part->chunk.first; i < part->chunk.last; i++) {
        int from, to;
        if (part->chunk.tokens[i] < 0)
            continue;
        find_contexts(part, i, &from, &to);
        int64_t *column = part->next + part->out.group[i];
        for (int j = from; j < to; j++)
            column[(int64_t)part->in.group[j] * n_groups] += j != i;
    }
}

static void fill_chunk(pair_part *part, int n_groups, int64_t origin, word_pair *pairs) {
    for (int i = part->chunk.first; i < part->chunk.last; i++) {
        int from, to;
        if (part->chunk.tokens[i] < 0)
            continue;
        find_contexts(part, i, &from, &to);
        int64_t *column = part->next + part->out.group[i];
        const uint32_t window = (uint32_t)(part->chunk.draws[i] - origin);
        for (int j = from; j < to; j++)
            if (j != i)
                pairs[column[(int64_t)part->in.group[j] * n_groups]++] =
                    (word_pair){part->in.place[j], part->out.place[i], window};
    }
}

/* pairs: where they go; NULL counts them. */
static void run_part(const pair_sorter *p, int which, const pair_job *job, word_pair *pairs) {
    pair_part *part = &p->parts[which];
    const int64_t n = job->end - job->begin;
    const int64_t end = job->begin + n * (which + 1) / p->n_parts;
    if (!pairs)
        memset(part->next, 0, (size_t)cells(p->n_groups) * sizeof *part->next);
    for (int64_t at = job->begin + n * which / p->n_parts; at < end; at += CHUNK) {
        draw_chunk(part, job, p->window, at, at + CHUNK < end ? at + CHUNK : end);
        if (pairs)
            fill_chunk(part, p->n_groups, job->origin, pairs);
        else
            count_chunk(part, p->n_groups);
    }
}

static void run_parts(pair_sorter *p, const pair_job *job, word_pair *pairs) {
#pragma omp parallel for num_threads(p->n_parts) schedule(static) default(none)                    \
    shared(p, job, pairs)
    for (int i = 0; i < p->n_parts; i++)
        run_part(p, i, job, pairs);
}

void pair_sorter_count(pair_sorter *p, const pair_job *job, int64_t *starts) {
    int64_t at = 0;
    run_parts(p, job, NULL);
    for (int64_t bucket = 0; bucket < cells(p->n_groups); bucket++) {
        starts[bucket] = at;
        for (int i = 0; i < p->n_parts; i++) {
            const int64_t n = p->parts[i].next[bucket];
            p->parts[i].next[bucket] = at;
            at += n;
        }
    }
    starts[cells(p->n_groups)] = at;
}

void pair_sorter_fill(pair_sorter *p, const pair_job *job, word_pair *pairs) {
    if (pairs)
        run_parts(p, job, pairs);
}
