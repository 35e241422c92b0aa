// SPDX-License-Identifier: Apache-2.0
#include "symmetric.h"

#include <string.h>

#include "exact_sum.h"
#include "exchange.h"
#include "memory.h"
#include "tall.h"

enum {
    PANEL_TILES = 16, /* of X: they stay in the third-level cache while all blocks use them */
    PARTS = 1024      /* no stretch of several rows has more than this part of the cells */
};

int64_t symmetric_begin(const symmetric *a) {
    return a->cuts[comm_rank(a->world)];
}

int64_t symmetric_end(const symmetric *a) {
    return a->cuts[comm_rank(a->world) + 1];
}

/* ---- who has which rows */

/* The end of the stretch that begins at row `first`: a function of the matrix only. */
static int64_t stretch_end(const int64_t *counts, int64_t n_rows, int64_t n_cells, int64_t first) {
    int64_t at = first + 1, cells = counts[first];
    while (at < n_rows && at - first < TALL_UNIT && cells + counts[at] <= n_cells / PARTS)
        cells += counts[at++];
    return at;
}

/* Work of a row in one iteration, in cells: its cells, and its share of the dense products. */
static double work_of(int64_t cells, size_t width) {
    return (double)cells + (double)width / 2;
}

/* Ranks get about the same work; a rank's rows end where a stretch does. */
static void cut_rows(symmetric *a, const int64_t *counts, size_t width) {
    const int size = comm_size(a->world);
    const double all = (double)a->n_cells + (double)a->n_rows * (double)width / 2;
    double done = 0;
    int rank = 0;
    for (int64_t at = 0; at < a->n_rows;) {
        while (rank + 1 < size && done >= all * (rank + 1) / size)
            a->cuts[++rank] = at;
        const int64_t end = stretch_end(counts, a->n_rows, a->n_cells, at);
        for (; at < end; at++)
            done += work_of(counts[at], width);
    }
    while (rank < size)
        a->cuts[++rank] = a->n_rows;
}

static status cut_units(symmetric *a, const int64_t *counts) {
    const int64_t begin = symmetric_begin(a), end = symmetric_end(a);
    size_t capacity = 0;
    status s = mem_grow(&a->units, &capacity, 1, sizeof *a->units, "stretches of rows");
    if (!s.code)
        a->units[0] = begin;
    for (int64_t at = begin; !s.code && at < end; a->n_units++) {
        at = stretch_end(counts, a->n_rows, a->n_cells, at);
        s = mem_grow(&a->units, &capacity, (size_t)a->n_units + 2, sizeof *a->units,
                     "stretches of rows");
        if (!s.code)
            a->units[a->n_units + 1] = at;
    }
    return s;
}

static status cut(symmetric *a, int64_t *counts, size_t width) {
    exact_sum_whole(a->world, counts, (size_t)a->n_rows);
    for (int64_t i = 0; i < a->n_rows; i++)
        a->n_cells += counts[i];
    const status s = mem_new(&a->cuts, (size_t)comm_size(a->world) + 1, sizeof *a->cuts,
                             "the rows of the ranks");
    if (s.code)
        return s;
    cut_rows(a, counts, width);
    return cut_units(a, counts);
}

/* ---- cells on their way: for each piece its row, n, columns[n], values[n] */

static size_t message_size(int64_t n) {
    return (size_t)(2 + 2 * n) * sizeof(int32_t);
}

/* Columns of a piece that concern rank r: all if the row is there, else those of its rows. */
static int64_t columns_for(const symmetric *a, const sparse_piece *p, int r, int64_t *first) {
    const bool whole = p->row >= a->cuts[r] && p->row < a->cuts[r + 1];
    *first = whole ? 0 : sparse_find(p->columns, p->n, a->cuts[r]);
    const int64_t end = whole ? p->n : sparse_find(p->columns, p->n, a->cuts[r + 1]);
    return end - *first;
}

static int64_t count_positive(const float *values, int64_t n) {
    int64_t found = 0;
    for (int64_t c = 0; c < n; c++)
        found += values[c] > 0;
    return found;
}

/* Returns where the next message goes. */
static char *write_message(char *at, const sparse_piece *p, int64_t first, int64_t n,
                           int32_t found) {
    int32_t *columns = (int32_t *)(void *)at + 2;
    float *values = (float *)(void *)(columns + found);
    columns[-2] = p->row;
    columns[-1] = found;
    for (int64_t c = first; c < first + n; c++)
        if (p->values[c] > 0) {
            *columns++ = p->columns[c];
            *values++ = p->values[c];
        }
    return at + message_size(found);
}

/* Bytes for each other rank, or (out) the messages, one rank after the other. */
static void write_messages(const symmetric *a, const sparse_piece *pieces, int64_t n_pieces,
                           int64_t *bytes, char *out) {
    for (int r = 0; r < comm_size(a->world); r++)
        for (int64_t p = 0; r != comm_rank(a->world) && p < n_pieces; p++) {
            int64_t first;
            const int64_t n = columns_for(a, &pieces[p], r, &first);
            const int64_t found = count_positive(pieces[p].values + first, n);
            if (found && out)
                out = write_message(out, &pieces[p], first, n, (int32_t)found);
            else if (found)
                bytes[r] += (int64_t)message_size(found);
        }
}

/* The pieces in a rank's messages; *pieces is new. */
static status read_messages(const char *at, int64_t bytes, sparse_piece **pieces, int64_t *n) {
    size_t capacity = 0;
    status s = mem_grow(pieces, &capacity, 1, sizeof **pieces, "pieces of rows");
    *n = 0;
    for (const char *end = at + bytes; !s.code && at < end; (*n)++) {
        const int32_t *head = (const int32_t *)(const void *)at;
        s = mem_grow(pieces, &capacity, (size_t)*n + 1, sizeof **pieces, "pieces of rows");
        if (s.code)
            break;
        (*pieces)[*n] = (sparse_piece){.row = head[0],
                                       .n = head[1],
                                       .columns = head + 2,
                                       .values = (const float *)(const void *)(head + 2 + head[1])};
        at += message_size(head[1]);
    }
    return s;
}

/* Ranks hold rising rows of the lower triangle, so in the order of ranks every row rises. */
static status place_all(const symmetric *a, sparse_rows *rows, const sparse_piece *mine, int64_t n,
                        const char *received, const int64_t *bytes) {
    status s = status_ok();
    for (int r = 0; !s.code && r < comm_size(a->world); r++) {
        sparse_piece *theirs = NULL;
        int64_t n_theirs;
        if (r == comm_rank(a->world)) {
            sparse_rows_place(rows, mine, n, a->n_threads);
            continue;
        }
        s = read_messages(received, bytes[r], &theirs, &n_theirs);
        if (!s.code)
            sparse_rows_place(rows, theirs, n_theirs, a->n_threads);
        mem_free(&theirs);
        received += bytes[r];
    }
    return s;
}

static status gather_rows(const symmetric *a, sparse_rows *rows, const sparse_piece *pieces,
                          int64_t n_pieces) {
    const size_t size = (size_t)comm_size(a->world);
    int64_t *bytes = NULL, total = 0;
    char *send = NULL, *received = NULL;
    status s = mem_new(&bytes, 2 * size, sizeof *bytes, "sizes of the ranks");
    if (!s.code) {
        write_messages(a, pieces, n_pieces, bytes, NULL);
        for (size_t r = 0; r < size; r++)
            total += bytes[r];
        s = mem_new(&send, (size_t)total, 1, "cells for other ranks");
    }
    if (!s.code)
        write_messages(a, pieces, n_pieces, bytes, send);
    s = comm_agree(a->world, s);
    if (!s.code)
        s = exchange_bytes(a->world, send, bytes, &received, bytes + size);
    mem_free(&send);
    if (!s.code)
        s = comm_agree(a->world, place_all(a, rows, pieces, n_pieces, received, bytes + size));
    mem_free(&received);
    mem_free(&bytes);
    return s;
}

/* ---- making */

status symmetric_create(symmetric *a, const sparse_piece *pieces, int64_t n_pieces, int64_t n_rows,
                        size_t width, int n_threads, const comm *world) {
    *a = (symmetric){.world = world, .n_rows = n_rows, .n_threads = n_threads};
    int64_t *counts = NULL;
    sparse_rows rows = {0};
    status s = mem_new(&counts, (size_t)n_rows, sizeof *counts, "cells of each row");
    s = comm_agree(world, s);
    if (!s.code) {
        sparse_rows_count(pieces, n_pieces, n_rows, counts, n_threads);
        s = comm_agree(world, cut(a, counts, width));
    }
    if (!s.code)
        s = comm_agree(world,
                       sparse_rows_create(&rows, symmetric_begin(a), symmetric_end(a), counts));
    mem_free(&counts);
    if (!s.code)
        s = gather_rows(a, &rows, pieces, n_pieces);
    if (!s.code)
        s = comm_agree(
            world, sparse_tiles_create(&a->tiles, &rows, a->cuts, comm_size(world) + 1, n_threads));
    sparse_rows_clear(&rows);
    if (s.code)
        symmetric_clear(a);
    return s;
}

void symmetric_clear(symmetric *a) {
    mem_free(&a->cuts);
    mem_free(&a->units);
    sparse_tiles_clear(&a->tiles);
}

/* The margins of all ranks' counts. */
static status find_margins(ppmi *p, const cooc_matrix *counts, const ppmi_settings *settings,
                           int n_threads, const comm *world) {
    const status s = comm_agree(world, ppmi_create(p, settings, counts->n_words));
    if (s.code)
        return s;
    ppmi_add(p, counts, n_threads);
    exact_sum_whole(world, p->sums, (size_t)p->n_words);
    if (settings->weights > 0) {
        ppmi_weigh(p);
        ppmi_add(p, counts, n_threads);
        exact_sum_whole(world, p->sums, (size_t)p->n_words);
    }
    ppmi_finish(p);
    return s;
}

static status make_pieces(const cooc_matrix *counts, const float *values, sparse_piece **pieces) {
    const int64_t n = counts->end - counts->begin;
    const status s = mem_new(pieces, (size_t)n, sizeof **pieces, "pieces of rows");
    for (int64_t i = 0; !s.code && i < n; i++) {
        const int64_t first = counts->offsets[i];
        (*pieces)[i] = (sparse_piece){.row = (int32_t)(counts->begin + i),
                                      .n = (int32_t)(counts->offsets[i + 1] - first),
                                      .columns = counts->columns + first,
                                      .values = values + first};
    }
    return s;
}

status symmetric_from_counts(symmetric *a, const cooc_matrix *counts, const ppmi_settings *settings,
                             size_t width, int n_threads, const comm *world, double **bias) {
    ppmi p;
    float *values = NULL;
    sparse_piece *pieces = NULL;
    *a = (symmetric){0};
    *bias = NULL;
    status s = find_margins(&p, counts, settings, n_threads, world);
    if (!s.code)
        s = mem_new(&values, (size_t)cooc_matrix_cells(counts), sizeof *values, "PMI of the cells");
    if (!s.code)
        s = make_pieces(counts, values, &pieces);
    s = comm_agree(world, s);
    if (!s.code) {
        ppmi_values(&p, counts, values, n_threads);
        s = symmetric_create(a, pieces, counts->end - counts->begin, counts->n_words, width,
                             n_threads, world);
    }
    if (!s.code) {
        *bias = p.bias;
        p.bias = NULL;
    }
    ppmi_clear(&p);
    mem_free(&values);
    mem_free(&pieces);
    return s;
}

/* ---- products */

size_t symmetric_panel_bytes(const symmetric *a, size_t width) {
    const size_t rows = comm_size(a->world) > 1 ? (PANEL_TILES + 1) * SPARSE_TILE : 0;
    return rows * width * sizeof(float);
}

/* The rank that has a row. */
static int owner_of(const symmetric *a, int64_t row, int from) {
    while (a->cuts[from + 1] <= row)
        from++;
    return from;
}

void symmetric_multiply(const symmetric *a, float *x, float *y, size_t width, float *panel,
                        const kernels *k) {
    const sparse_tiles *t = &a->tiles;
    const int64_t begin = symmetric_begin(a);
    const int me = comm_rank(a->world), size = comm_size(a->world);
    int owner = 0;
    memset(y, 0, (size_t)(symmetric_end(a) - begin) * width * sizeof *y);
    for (int64_t first = 0, last; first < t->n_tiles; first = last) {
        owner = owner_of(a, t->tiles[first], owner);
        for (last = first + 1; last < t->n_tiles && last - first < PANEL_TILES &&
                               t->tiles[last] < a->cuts[owner + 1];)
            last++;
        const int64_t row = t->tiles[first];
        const size_t slack = (size_t)symmetric_slack(row) * width;
        float *rows = owner == me ? x + (size_t)(row - begin) * width : panel + slack;
        if (size > 1)
            comm_broadcast(a->world, owner, rows,
                           (size_t)(t->tiles[last] - row) * width * sizeof *rows);
        const sparse_product p = {.first = first,
                                  .last = last,
                                  .base = row - symmetric_slack(row),
                                  .x = rows - slack,
                                  .y = y,
                                  .width = width};
        sparse_tiles_multiply(t, &p, k, a->n_threads);
    }
}
