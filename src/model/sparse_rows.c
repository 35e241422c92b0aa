// SPDX-License-Identifier: Apache-2.0
#include "sparse_rows.h"

#include <omp.h>

#include "memory.h"

/* ---- ranges */

int sparse_ranges(int n_threads) {
    return n_threads > 1 ? 8 * n_threads : 1;
}

int64_t sparse_range(int64_t n, int r, int n_ranges) {
    const double part = (double)r / n_ranges;
    return r == n_ranges ? n : (int64_t)((double)n * part * part);
}

int64_t sparse_find(const int32_t *columns, int64_t n, int64_t low) {
    if (!n || columns[n - 1] < low)
        return n;
    int64_t first = 0;
    while (first < n && columns[first] < low) { /* halving what is left */
        const int64_t middle = first + (n - first) / 2;
        if (columns[middle] < low)
            first = middle + 1;
        else
            n = middle;
    }
    return first;
}

/* ---- counting */

void sparse_rows_count(const sparse_piece *pieces, int64_t n, int64_t n_rows, int64_t *counts,
                       int n_threads) {
    const int n_ranges = sparse_ranges(n_threads);
#pragma omp parallel for default(none) shared(pieces, counts) firstprivate(n)                      \
    num_threads(n_threads) schedule(dynamic, 64)
    for (int64_t p = 0; p < n; p++) {
        int64_t found = 0;
        for (int32_t c = 0; c < pieces[p].n; c++)
            found += pieces[p].values[c] > 0;
        counts[pieces[p].row] += found;
    }
#pragma omp parallel for default(none) shared(pieces, counts) firstprivate(n, n_rows, n_ranges)    \
    num_threads(n_threads) schedule(dynamic, 1)
    for (int r = 0; r < n_ranges; r++) {
        const int64_t low = sparse_range(n_rows, r, n_ranges),
                      high = sparse_range(n_rows, r + 1, n_ranges);
        for (int64_t p = 0; p < n; p++) {
            const sparse_piece x = pieces[p];
            for (int64_t c = sparse_find(x.columns, x.n, low); c < x.n && x.columns[c] < high; c++)
                counts[x.columns[c]] += x.values[c] > 0 && x.columns[c] != x.row;
        }
    }
}

/* ---- placing */

status sparse_rows_create(sparse_rows *r, int64_t begin, int64_t end, const int64_t *counts) {
    *r = (sparse_rows){.begin = begin, .end = end};
    const size_t n = (size_t)(end - begin);
    status s = mem_new(&r->offsets, n + 1, sizeof *r->offsets, "rows of the matrix");
    if (!s.code)
        s = mem_new(&r->filled, n, sizeof *r->filled, "rows of the matrix");
    for (size_t i = 0; !s.code && i < n; i++) {
        r->filled[i] = r->offsets[i];
        r->offsets[i + 1] = r->offsets[i] + counts[begin + (int64_t)i];
    }
    const size_t cells = s.code ? 0 : (size_t)r->offsets[n];
    if (!s.code)
        s = mem_new(&r->columns, cells, sizeof *r->columns, "cells of the matrix");
    if (!s.code)
        s = mem_new(&r->values, cells, sizeof *r->values, "cells of the matrix");
    if (s.code)
        sparse_rows_clear(r);
    return s;
}

void sparse_rows_clear(sparse_rows *r) {
    mem_free(&r->offsets);
    mem_free(&r->filled);
    mem_free(&r->columns);
    mem_free(&r->values);
    *r = (sparse_rows){0};
}

static inline void append(sparse_rows *r, int64_t row, int32_t column, float value) {
    const int64_t at = r->filled[row - r->begin]++;
    r->columns[at] = column;
    r->values[at] = value;
}

void sparse_rows_place(sparse_rows *r, const sparse_piece *pieces, int64_t n, int n_threads) {
    const int n_ranges = sparse_ranges(n_threads);
#pragma omp parallel for default(none) shared(r, pieces) firstprivate(n) num_threads(n_threads)    \
    schedule(dynamic, 64)
    for (int64_t p = 0; p < n; p++)
        if (pieces[p].row >= r->begin && pieces[p].row < r->end)
            for (int32_t c = 0; c < pieces[p].n; c++)
                if (pieces[p].values[c] > 0)
                    append(r, pieces[p].row, pieces[p].columns[c], pieces[p].values[c]);
#pragma omp parallel for default(none) shared(r, pieces) firstprivate(n, n_ranges)                 \
    num_threads(n_threads) schedule(dynamic, 1)
    for (int range = 0; range < n_ranges; range++) {
        const int64_t rows = r->end - r->begin;
        const int64_t low = r->begin + sparse_range(rows, range, n_ranges),
                      high = r->begin + sparse_range(rows, range + 1, n_ranges);
        for (int64_t p = 0; p < n; p++) {
            const sparse_piece x = pieces[p];
            for (int64_t c = sparse_find(x.columns, x.n, low); c < x.n && x.columns[c] < high; c++)
                if (x.values[c] > 0 && x.columns[c] != x.row)
                    append(r, x.columns[c], x.row, x.values[c]);
        }
    }
}
