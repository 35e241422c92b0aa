// SPDX-License-Identifier: Apache-2.0
#include "cooccur.h"

#include <omp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "cooc_row.h"
#include "memory.h"

enum {
    AHEAD = 16,            /* places whose neighbours the memory is asked for */
    BLOCK = 16,            /* sums that are looked at together */
    BATCH_CELLS = 1 << 16, /* a batch of several rows has at most so many cells */
    SHARES = 256           /* ... and at most this part of the places */
};

/* Marks a place whose window is cut by an end of its document. */
static const uint32_t CUT = 0x80000000u;

/* What a thread works with. */
typedef struct {
    uint32_t *narrow;  /* [spare + 2 BLOCK] sums that fit 32 bits; zeros between two rows */
    cooc_row wide;     /* the same in 64 bits */
    int32_t *columns;  /* [room] cells of the batch */
    uint32_t *weights; /* [room] */
    cooc_high *high;   /* of the batch */
    size_t high_room;
    int64_t n_high;
    status failure;
} worker;

struct cooccur {
    cooccur_text text;
    const cooccur_rule *rule;
    int64_t n_words;
    int32_t spare;    /* where sums begin that nobody wants: V rounded up to a block */
    int64_t *offsets; /* [V + 2] places of word i are places[offsets[i], offsets[i + 1]) */
    uint32_t *places; /* [n + AHEAD] */
    int64_t *batches; /* [n_batches + 1] their first rows */
    int64_t n_batches, room;
    int n_threads;
    worker *workers;
    status (*check)(int thread);
};

static status may_go_on(const cooccur *c, int thread) {
    return c->check ? c->check(thread) : status_ok();
}

/* ---- weights */

static int64_t common_multiple(int n) {
    int64_t multiple = 1;
    for (int d = 2; d <= n; d++) {
        int64_t a = multiple, b = d;
        while (b) {
            const int64_t rest = a % b;
            a = b;
            b = rest;
        }
        multiple *= d / a;
    }
    return multiple;
}

void cooccur_rule_init(cooccur_rule *r, int window, cooccur_weighting weighting) {
    *r = (cooccur_rule){.window = window, .denominator = 1};
    if (weighting == WEIGHTING_INVERSE)
        r->denominator = window <= COOCCUR_EXACT ? common_multiple(window) : INT64_C(1) << 30;
    for (int d = 1; d <= window; d++) {
        r->weights[d] = weighting == WEIGHTING_FLAT ? 1 : (uint32_t)((r->denominator + d / 2) / d);
        r->reach += 2 * (uint64_t)r->weights[d];
    }
}

/* ---- where the words are */

/* The first end of a document at or behind a place. */
static int64_t next_end(const int32_t *ids, int64_t place) {
    while (ids[place] != COOCCUR_END)
        place++;
    return place;
}

/* The last end of a document before a place, or one that is out of the window. */
static int64_t last_end(const int32_t *ids, int64_t place, int window) {
    int64_t end = place - 1;
    while (place - end <= window && ids[end] != COOCCUR_END)
        end--;
    return end;
}

/* Put each place behind the others of its word: starts[i] of word i moves on. */
static status put_places(const cooccur *c, int64_t *starts) {
    enum { LOOK = 1 << 24 }; /* places between two checks */
    const int32_t *ids = c->text.ids;
    const int window = c->rule->window;
    int64_t p = c->text.begin, last = p < c->text.end ? last_end(ids, p, window) : 0;
    int64_t looked = p;
    while (p < c->text.end) {
        if (p - looked > LOOK) {
            const status s = may_go_on(c, 0);
            if (s.code)
                return s;
            looked = p;
        }
        const int64_t next = next_end(ids, p), end = next < c->text.end ? next : c->text.end;
        for (; p < end; p++) {
            const bool is_cut = p - last <= window || next - p <= window;
            c->places[starts[ids[p]]++] = (uint32_t)p | (is_cut ? CUT : 0);
        }
        last = next;
        p = next + 1;
    }
    return status_ok();
}

static status sort_places(cooccur *c) {
    const int32_t *ids = c->text.ids;
    int64_t *starts = c->offsets + 1; /* of word x at [x], so that at last its end is there */
    for (int64_t p = c->text.begin; p < c->text.end; p++)
        if (ids[p] != COOCCUR_END)
            c->offsets[ids[p]]++;
    int64_t sum = 0;
    for (int64_t i = 0; i <= c->n_words; i++) {
        const int64_t n = c->offsets[i];
        c->offsets[i] = sum;
        sum += n;
    }
    memmove(starts, c->offsets, (size_t)(c->n_words + 1) * sizeof *starts);
    c->offsets[0] = 0;
    return put_places(c, starts);
}

static int64_t n_places(const cooccur *c, int64_t row) {
    return c->offsets[row + 1] - c->offsets[row];
}

/* The most cells that a row can have. */
static int64_t most_cells(const cooccur *c, int64_t row) {
    const int64_t pairs = 2 * c->rule->window * n_places(c, row);
    return pairs < row + 1 ? pairs : row + 1;
}

/* Cut the rows into batches; with cuts = NULL only count them. */
static void cut_batches(cooccur *c, int64_t *cuts) {
    const int64_t share = c->offsets[c->n_words] / SHARES + 1;
    int64_t cells = 0, n = 0;
    c->n_batches = 0;
    for (int64_t i = 0; i < c->n_words; i++) {
        const int64_t more = most_cells(c, i);
        if (i == 0 || cells + more > BATCH_CELLS || n + n_places(c, i) > share) {
            if (cuts)
                cuts[c->n_batches] = i;
            c->n_batches++;
            cells = n = 0;
        }
        cells += more;
        n += n_places(c, i);
        c->room = cells > c->room ? cells : c->room;
    }
    if (cuts)
        cuts[c->n_batches] = c->n_words;
}

/* ---- one row */

typedef struct {
    const int32_t *ids;
    const uint32_t *places;
    int64_t n;
    int32_t row, spare;
    const cooccur_rule *rule;
} gather_job;

/* Ask the memory for the neighbours of a place, up to a cache line away. */
static inline void ask_for(const gather_job *j, int64_t q) {
    const int32_t *centre = j->ids + (j->places[q] & ~CUT);
    const int reach = j->rule->window < BLOCK ? j->rule->window : BLOCK;
    __builtin_prefetch(centre - reach);
    __builtin_prefetch(centre);
    __builtin_prefetch(centre + reach);
}

static inline __attribute__((always_inline)) void add(void *sums, bool wide, int32_t place,
                                                      uint32_t weight) {
    if (wide)
        ((uint64_t *)sums)[place] += weight;
    else
        ((uint32_t *)sums)[place] += weight;
}

/* Neighbours in a window that is cut, one by one. */
static inline __attribute__((always_inline)) void
gather_cut(const gather_job *j, const int32_t *centre, void *sums, bool wide) {
    for (int side = -1; side <= 1; side += 2)
        for (int d = 1; d <= j->rule->window && centre[side * d] != COOCCUR_END; d++)
            if (centre[side * d] <= j->row)
                add(sums, wide, centre[side * d], j->rule->weights[d]);
}

/* Four ids, at any address. */
typedef int32_t quad __attribute__((vector_size(16), aligned(4), may_alias));

/* Where a block of neighbours is added: ids above the row's go to spare sums, one for each
 * distance, so that there is no branch and no chain of additions to one sum. */
static inline __attribute__((always_inline)) void find_sums(const int32_t *ids, int n, int32_t row,
                                                            int32_t spare, int32_t *out) {
    for (int k = 0; k < n; k += 4) {
        const quad x = *(const quad *)(ids + k), wanted = x <= row;
        const quad other = spare + k + (quad){0, 1, 2, 3};
        *(quad *)(out + k) = (x & wanted) | (other & ~wanted);
    }
}

/* The neighbours of all places of a word. Reads up to a block beyond the window. */
static inline __attribute__((always_inline)) void gather(const gather_job *j, void *sums,
                                                         bool wide) {
    const int window = j->rule->window;
    int32_t after[BLOCK], before[BLOCK];
    for (int64_t q = 0; q < j->n; q++) {
        const int32_t *centre = j->ids + (j->places[q] & ~CUT);
        ask_for(j, q + AHEAD);
        if (j->places[q] & CUT) {
            gather_cut(j, centre, sums, wide);
            continue;
        }
        for (int begin = 1; begin <= window; begin += BLOCK) {
            const uint32_t *weights = j->rule->weights + begin;
            const int n = window - begin + 1 < BLOCK ? window - begin + 1 : BLOCK;
            find_sums(centre + begin, n, j->row, j->spare, after);
            find_sums(centre - begin - n + 1, n, j->row, j->spare + BLOCK, before);
            for (int k = 0; k < n; k++) {
                add(sums, wide, after[k], weights[k]);
                add(sums, wide, before[n - 1 - k], weights[k]);
            }
        }
    }
}

static void gather_narrow(const gather_job *j, uint32_t *sums) {
    gather(j, sums, false);
}

static void gather_wide(const gather_job *j, uint64_t *sums) {
    gather(j, sums, true);
}

/* The same for a row with few cells, which are noted as they come. Nearly all neighbours of a rare
 * word are more frequent. */
static int64_t gather_few(const gather_job *j, uint32_t *sums, int32_t *columns) {
    const int window = j->rule->window;
    const uint32_t *weights = j->rule->weights;
    int64_t n = 0;
    for (int64_t q = 0; q < j->n; q++) {
        const int32_t *centre = j->ids + (j->places[q] & ~CUT);
        ask_for(j, q + AHEAD);
        for (int side = -1; side <= 1; side += 2)
            for (int d = 1; d <= window && centre[side * d] != COOCCUR_END; d++) {
                const int32_t x = centre[side * d];
                if (x > j->row)
                    continue;
                columns[n] = x;
                n += sums[x] == 0;
                sums[x] += weights[d];
            }
    }
    return n;
}

/* ---- what leaves a row */

static int64_t emit_narrow(uint32_t *sums, int64_t row, int32_t *columns, uint32_t *weights) {
    int64_t n = 0;
    for (int64_t j = 0; j <= row; j += BLOCK) {
        uint32_t any = 0;
        for (int k = 0; k < BLOCK; k++)
            any |= sums[j + k];
        if (!any)
            continue;
        for (int k = 0; k < BLOCK; k++) {
            columns[n] = (int32_t)(j + k);
            weights[n] = sums[j + k];
            n += sums[j + k] != 0;
        }
        memset(sums + j, 0, BLOCK * sizeof *sums);
    }
    return n;
}

static int64_t emit_few(worker *w, int64_t n, int32_t *columns, uint32_t *weights) {
    for (int64_t k = 0; k < n; k++)
        cooc_row_mark(&w->wide, columns[k]);
    (void)cooc_row_columns(&w->wide, columns);
    for (int64_t k = 0; k < n; k++) {
        weights[k] = w->narrow[columns[k]];
        w->narrow[columns[k]] = 0;
    }
    return n;
}

/* cell: number of the row's first cell in the batch. */
static int64_t emit_wide(worker *w, int64_t row, int64_t cell) {
    uint64_t *sums = w->wide.sums;
    int64_t n = cell;
    for (int64_t j = 0; j <= row; j++) {
        if (!sums[j])
            continue;
        w->columns[n] = (int32_t)j;
        w->weights[n] = (uint32_t)sums[j];
        if (sums[j] >> 32)
            w->high[w->n_high++] = (cooc_high){n, (uint32_t)(sums[j] >> 32)};
        sums[j] = 0;
        n++;
    }
    return n - cell;
}

/* Room for the cells of a row that may go beyond 32 bits. */
static status high_room(worker *w, int64_t row, double most) {
    const double need = most / 0x1p32 + 1 < (double)row + 1 ? most / 0x1p32 + 1 : (double)row + 1;
    return mem_grow(&w->high, &w->high_room, (size_t)w->n_high + (size_t)need, sizeof *w->high,
                    "large co-occurrences");
}

/* Count row i behind the `cell` cells that the batch has; *n gets its cells. */
static status count_row(const cooccur *c, worker *w, int64_t i, int64_t cell, int64_t *n) {
    const gather_job job = {.ids = c->text.ids,
                            .places = c->places + c->offsets[i],
                            .n = n_places(c, i),
                            .row = (int32_t)i,
                            .spare = c->spare,
                            .rule = c->rule};
    const double most = (double)job.n * (double)c->rule->reach;
    int32_t *columns = w->columns + cell;
    uint32_t *weights = w->weights + cell;
    if (most >= 0x1p32) {
        status s = high_room(w, i, most);
        if (s.code)
            return s;
        gather_wide(&job, w->wide.sums);
        *n = emit_wide(w, i, cell);
    } else if (job.n * c->rule->window > i / 8) {
        gather_narrow(&job, w->narrow);
        *n = emit_narrow(w->narrow, i, columns, weights);
    } else {
        *n = emit_few(w, gather_few(&job, w->narrow, columns), columns, weights);
    }
    return status_ok();
}

/* ---- batches */

static status copy_cells(cooc_matrix *part, const worker *w, int64_t n) {
    size_t columns = 0, weights = 0, high = 0; /* mem_grow, because it does not write zeros first */
    const size_t room = n ? (size_t)n : 1;
    status s = mem_grow(&part->columns, &columns, room, sizeof *part->columns, "co-occurrences");
    if (!s.code)
        s = mem_grow(&part->weights, &weights, room, sizeof *part->weights, "co-occurrences");
    if (!s.code && w->n_high)
        s = mem_grow(&part->high, &high, (size_t)w->n_high, sizeof *part->high, "co-occurrences");
    if (s.code)
        return s;
    memcpy(part->columns, w->columns, (size_t)n * sizeof *part->columns);
    memcpy(part->weights, w->weights, (size_t)n * sizeof *part->weights);
    if (w->n_high)
        memcpy(part->high, w->high, (size_t)w->n_high * sizeof *part->high);
    part->n_high = w->n_high;
    return s;
}

static status count_batch(const cooccur *c, worker *w, int64_t batch, cooc_matrix *part) {
    const int64_t begin = c->batches[batch], end = c->batches[batch + 1];
    *part = (cooc_matrix){
        .n_words = c->n_words, .begin = begin, .end = end, .denominator = c->rule->denominator};
    status s = mem_new(&part->offsets, (size_t)(end - begin) + 1, sizeof *part->offsets,
                       "rows of co-occurrences");
    w->n_high = 0;
    for (int64_t i = begin; i < end && !s.code; i++) {
        int64_t *at = &part->offsets[i - begin], n = 0;
        s = count_row(c, w, i, at[0], &n);
        at[1] = at[0] + n;
    }
    return s.code ? s : copy_cells(part, w, cooc_matrix_cells(part));
}

status cooccur_count(cooccur *c, int64_t begin, int64_t end, cooc_matrix *parts) {
    atomic_bool failed = false;
    memset(parts, 0, (size_t)(end - begin) * sizeof *parts);
#pragma omp parallel for default(none) shared(c, parts, failed) firstprivate(begin, end)           \
    num_threads(c->n_threads) schedule(dynamic, 1)
    for (int64_t b = begin; b < end; b++) {
        worker *w = &c->workers[omp_get_thread_num()];
        if (atomic_load(&failed))
            continue;
        status s = may_go_on(c, omp_get_thread_num());
        if (!s.code)
            s = count_batch(c, w, b, &parts[b - begin]);
        if (s.code) {
            w->failure = s;
            atomic_store(&failed, true);
        }
    }
    status s = status_ok();
    for (int i = 0; i < c->n_threads; i++)
        s = status_first(s, c->workers[i].failure);
    return s;
}

/* ---- making it */

static status open_worker(const cooccur *c, worker *w) {
    static const char what[] = "a thread's rows of co-occurrences";
    const size_t sums = (size_t)c->spare + 2 * BLOCK;
    const size_t room = (size_t)c->room + BLOCK;
    status s = mem_new(&w->narrow, sums, sizeof *w->narrow, what);
    if (!s.code)
        s = cooc_row_init(&w->wide, (int64_t)sums);
    if (!s.code)
        s = mem_new(&w->columns, room, sizeof *w->columns, what);
    if (!s.code)
        s = mem_new(&w->weights, room, sizeof *w->weights, what);
    return s;
}

static void close_worker(worker *w) {
    mem_free(&w->narrow);
    cooc_row_clear(&w->wide);
    mem_free(&w->columns);
    mem_free(&w->weights);
    mem_free(&w->high);
}

static status sort_and_cut(cooccur *c) {
    const size_t places = (size_t)(c->text.end - c->text.begin) + AHEAD;
    size_t room = 0;
    status s =
        mem_new(&c->offsets, (size_t)c->n_words + 2, sizeof *c->offsets, "where the words are");
    if (!s.code)
        s = mem_grow(&c->places, &room, places, sizeof *c->places, "where the words are");
    if (!s.code)
        s = sort_places(c);
    if (s.code)
        return s;
    memset(c->places + c->offsets[c->n_words], 0, AHEAD * sizeof *c->places);
    cut_batches(c, NULL);
    s = mem_new(&c->batches, (size_t)c->n_batches + 1, sizeof *c->batches, "batches of rows");
    if (!s.code)
        cut_batches(c, c->batches);
    return s;
}

status cooccur_create(cooccur **out, const cooccur_text *text, int64_t n_words,
                      const cooccur_rule *rule, int n_threads, status (*check)(int thread)) {
    status s = mem_new(out, 1, sizeof **out, "counting of co-occurrences");
    if (s.code)
        return s;
    cooccur *c = *out;
    *c = (cooccur){.text = *text,
                   .rule = rule,
                   .n_words = n_words,
                   .spare = (int32_t)((n_words + BLOCK - 1) / BLOCK * BLOCK),
                   .n_threads = n_threads,
                   .check = check};
    s = sort_and_cut(c);
    if (!s.code)
        s = mem_new(&c->workers, (size_t)n_threads, sizeof *c->workers, "threads");
    for (int i = 0; i < n_threads && !s.code; i++)
        s = open_worker(c, &c->workers[i]);
    if (s.code)
        cooccur_destroy(out);
    return s;
}

void cooccur_destroy(cooccur **out) {
    cooccur *c = *out;
    if (!c)
        return;
    for (int i = 0; c->workers && i < c->n_threads; i++)
        close_worker(&c->workers[i]);
    mem_free(&c->workers);
    mem_free(&c->offsets);
    mem_free(&c->places);
    mem_free(&c->batches);
    mem_free(out);
}

static int64_t most_room(int64_t n_words) {
    return (n_words > BATCH_CELLS ? n_words : BATCH_CELLS) + BLOCK;
}

int64_t cooccur_batch_bytes(int64_t n_words) {
    return cooc_matrix_bytes(BATCH_CELLS, most_room(n_words));
}

int64_t cooccur_bytes(int64_t n_words, int64_t n, int n_threads) {
    const int64_t sums = n_words + 3 * BLOCK;
    const int64_t each = 4 * sums + cooc_row_bytes(sums) + 8 * most_room(n_words);
    return n_threads * each + 4 * (n + AHEAD) + 16 * (n_words + 2);
}

int64_t cooccur_batches(const cooccur *c) {
    return c->n_batches;
}
