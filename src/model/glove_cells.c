// SPDX-License-Identifier: Apache-2.0
#include "glove_cells.h"

#include <omp.h>
#include <string.h>

#include "memory.h"
#include "random.h"

static const char WHAT[] = "the non-zeros";

/* Kernels read this many past the end. */
enum { BEHIND = ROW_QUANTUM };

/* ---- tiles */

static int64_t count_tiles(const strata *groups, int group, int64_t usual) {
    const int64_t most = usual + usual / 8;
    return (strata_size(groups, group) + most - 1) / most;
}

static void cut_group(glove_cells *c, int group) {
    const int64_t n = strata_size(c->groups, group), begin = c->tile_first[group];
    const int64_t tiles = c->tile_first[group + 1] - begin;
    for (int64_t t = 0; t < tiles; t++) {
        c->contexts[begin + t] = n * t / tiles;
        for (int64_t k = n * t / tiles; k < n * (t + 1) / tiles; k++) {
            const int32_t id = c->groups->by_id[c->groups->first[group] + k];
            c->words[id] = (glove_word){.group = group,
                                        .row = (uint32_t)c->groups->chance[id],
                                        .tile = (int32_t)(begin + t),
                                        .place = (uint16_t)(k - n * t / tiles)};
        }
    }
}

status glove_cells_create(glove_cells *c, const strata *groups, int first, int n,
                          int usual_contexts) {
    const int k = groups->n_groups;
    *c = (glove_cells){.groups = groups, .first = first, .n = n};
    status s = mem_new(&c->tile_first, (size_t)k + 1, sizeof *c->tile_first, WHAT);
    for (int g = 0; !s.code && g < k; g++)
        c->tile_first[g + 1] = c->tile_first[g] + count_tiles(groups, g, usual_contexts);
    if (!s.code)
        s = mem_new(&c->contexts, (size_t)glove_tiles(c) + 1, sizeof *c->contexts, WHAT);
    if (!s.code)
        s = mem_new(&c->words, (size_t)groups->n_words, sizeof *c->words, WHAT);
    for (int g = 0; !s.code && g < k; g++)
        cut_group(c, g);
    return s;
}

void glove_cells_clear(glove_cells *c) {
    mem_free(&c->tile_first);
    mem_free(&c->contexts);
    mem_free(&c->words);
    mem_free(&c->cells);
    mem_free(&c->runs);
    mem_free(&c->places);
    mem_free(&c->log_x);
    mem_free(&c->run_words);
    mem_free(&c->lengths);
    mem_free(&c->rows);
    mem_free(&c->next);
    *c = (glove_cells){0};
}

double glove_cells_loading_bytes(double n_cells) {
    return n_cells * (sizeof(uint32_t) + sizeof(uint16_t) + sizeof(float));
}

double glove_cells_bytes(double n_cells, double n_runs) {
    return n_cells * (sizeof(uint16_t) + sizeof(float)) +
           n_runs * (sizeof(uint32_t) + sizeof(uint16_t));
}

/* ---- taking in */

status glove_cells_open(glove_cells *c, const int64_t *counts) {
    const size_t n = (size_t)(c->n * glove_tiles(c));
    status s = mem_new(&c->cells, n + 1, sizeof *c->cells, WHAT);
    if (!s.code)
        s = mem_new(&c->runs, n + 1, sizeof *c->runs, WHAT);
    if (!s.code)
        s = mem_new(&c->next, n, sizeof *c->next, WHAT);
    if (s.code)
        return s;
    for (size_t t = 0; t < n; t++) {
        c->next[t] = c->cells[t];
        c->cells[t + 1] = c->cells[t] + counts[t];
    }
    c->n_cells = c->cells[n];
    const size_t cells = (size_t)c->n_cells + BEHIND;
    s = mem_new(&c->places, cells, sizeof *c->places, WHAT);
    if (!s.code)
        s = mem_new(&c->log_x, cells, sizeof *c->log_x, WHAT);
    if (!s.code)
        s = mem_new(&c->rows, cells, sizeof *c->rows, WHAT);
    return s;
}

/* ---- bringing into order */

/* What a thread needs. */
typedef struct {
    uint32_t *starts; /* [most rows of a group + 1] */
    uint32_t *rows;   /* [most cells of a tile], as the next two */
    uint16_t *places;
    float *values;
    float dense[UINT16_MAX + 1]; /* by place in a tile; 0 = none */
} sorter;

/* Stable, by row. */
static void sort_rows(const glove_cells *c, sorter *w, int64_t begin, int64_t n, int64_t n_rows) {
    memset(w->starts, 0, (size_t)(n_rows + 1) * sizeof *w->starts);
    for (int64_t k = 0; k < n; k++)
        w->starts[c->rows[begin + k] + 1]++;
    for (int64_t r = 0; r < n_rows; r++)
        w->starts[r + 1] += w->starts[r];
    for (int64_t k = 0; k < n; k++) {
        const uint32_t at = w->starts[c->rows[begin + k]]++;
        w->rows[at] = c->rows[begin + k];
        w->places[at] = c->places[begin + k];
        w->values[at] = c->log_x[begin + k];
    }
    memcpy(c->rows + begin, w->rows, (size_t)n * sizeof *w->rows);
    memcpy(c->places + begin, w->places, (size_t)n * sizeof *w->places);
    memcpy(c->log_x + begin, w->values, (size_t)n * sizeof *w->values);
}

/* By place. Non-zeros of one rank come in that order already, those of several nearly. */
static void sort_few(uint16_t *places, float *x, int64_t n) {
    for (int64_t k = 1; k < n; k++) {
        const uint16_t place = places[k];
        const float value = x[k];
        int64_t at = k;
        for (; at > 0 && places[at - 1] > place; at--) {
            places[at] = places[at - 1];
            x[at] = x[at - 1];
        }
        places[at] = place;
        x[at] = value;
    }
}

static void sort_many(sorter *w, uint16_t *places, float *x, int64_t n) {
    for (int64_t k = 0; k < n; k++)
        w->dense[places[k]] = x[k];
    for (int64_t k = 0, place = 0; k < n; place++)
        if (w->dense[place] > 0) {
            places[k] = (uint16_t)place;
            x[k++] = w->dense[place];
            w->dense[place] = 0;
        }
}

static void shuffle(uint16_t *places, float *x, int64_t n, uint64_t key) {
    for (int64_t k = n - 1; k > 0; k--) {
        const uint32_t j = random_below(random_at(key, (uint64_t)k), (uint32_t)k + 1);
        const uint16_t place = places[j];
        const float value = x[j];
        places[j] = places[k];
        x[j] = x[k];
        places[k] = place;
        x[k] = value;
    }
}

static int64_t run_end(const glove_cells *c, int64_t begin, int64_t end) {
    int64_t at = begin + 1;
    while (at < end && c->rows[at] == c->rows[begin])
        at++;
    return at;
}

/* A tile of a bucket; returns its runs. */
static int64_t order_tile(const glove_cells *c, const kernels *kernel, uint64_t key, sorter *w,
                          int64_t tile) {
    enum { FEW = 48 };
    const int group = c->first + (int)(tile / glove_tiles(c));
    const int64_t begin = c->cells[tile], end = c->cells[tile + 1];
    const int32_t *ids = c->groups->by_chance + c->groups->first[group];
    int64_t n_runs = 0;
    sort_rows(c, w, begin, end - begin, strata_size(c->groups, group));
    for (int64_t at = begin, next; at < end; at = next) {
        next = run_end(c, at, end);
        if (next - at < FEW)
            sort_few(c->places + at, c->log_x + at, next - at);
        else
            sort_many(w, c->places + at, c->log_x + at, next - at);
        const uint64_t stream = (uint64_t)ids[c->rows[at]] * (uint64_t)glove_tiles(c) +
                                (uint64_t)(tile % glove_tiles(c));
        shuffle(c->places + at, c->log_x + at, next - at, random_at(key, stream));
        n_runs++;
    }
    kernel->logs(c->log_x + begin, (size_t)(end - begin));
    return n_runs;
}

static void write_runs(const glove_cells *c, int64_t tile) {
    int64_t run = c->runs[tile];
    for (int64_t at = c->cells[tile], next; at < c->cells[tile + 1]; at = next, run++) {
        next = run_end(c, at, c->cells[tile + 1]);
        c->run_words[run] = c->rows[at];
        c->lengths[run] = (uint16_t)(next - at);
    }
}

static void sorter_clear(sorter *w) {
    mem_free(&w->starts);
    mem_free(&w->rows);
    mem_free(&w->places);
    mem_free(&w->values);
}

static status sorter_create(const glove_cells *c, sorter *w) {
    int64_t most_rows = 0, most_cells = 0;
    for (int g = c->first; g < c->first + c->n; g++)
        if (strata_size(c->groups, g) > most_rows)
            most_rows = strata_size(c->groups, g);
    for (int64_t t = 0; t < c->n * glove_tiles(c); t++)
        if (c->cells[t + 1] - c->cells[t] > most_cells)
            most_cells = c->cells[t + 1] - c->cells[t];
    const size_t n = (size_t)most_cells;
    status s = mem_new(&w->starts, (size_t)most_rows + 1, sizeof *w->starts, WHAT);
    if (!s.code)
        s = mem_new(&w->rows, n, sizeof *w->rows, WHAT);
    if (!s.code)
        s = mem_new(&w->places, n, sizeof *w->places, WHAT);
    if (!s.code)
        s = mem_new(&w->values, n, sizeof *w->values, WHAT);
    return s;
}

static void order_tiles(glove_cells *c, const kernels *kernel, uint64_t key, sorter *sorters,
                        int n_threads) {
    const int64_t n = c->n * glove_tiles(c);
#pragma omp parallel for num_threads(n_threads) schedule(dynamic) default(none)                    \
    shared(c, kernel, key, sorters, n)
    for (int64_t t = 0; t < n; t++)
        c->runs[t + 1] = order_tile(c, kernel, key, &sorters[omp_get_thread_num()], t);
    for (int64_t t = 0; t < n; t++)
        c->runs[t + 1] += c->runs[t];
    c->n_runs = c->runs[n];
}

status glove_cells_close(glove_cells *c, const kernels *kernel, uint64_t key, int n_threads) {
    sorter *sorters = NULL;
    status s = mem_new(&sorters, (size_t)n_threads, sizeof *sorters, WHAT);
    for (int t = 0; !s.code && t < n_threads; t++)
        s = sorter_create(c, &sorters[t]);
    if (!s.code)
        order_tiles(c, kernel, key, sorters, n_threads);
    for (int t = 0; sorters && t < n_threads; t++)
        sorter_clear(&sorters[t]);
    mem_free(&sorters);
    if (!s.code)
        s = mem_new(&c->run_words, (size_t)c->n_runs + 2, sizeof *c->run_words, WHAT);
    if (!s.code)
        s = mem_new(&c->lengths, (size_t)c->n_runs, sizeof *c->lengths, WHAT);
    for (int64_t t = 0; !s.code && t < c->n * glove_tiles(c); t++)
        write_runs(c, t);
    mem_free(&c->rows);
    mem_free(&c->next);
    return s;
}
