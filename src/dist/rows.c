// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"

void rows_share(const comm *c, int64_t n_rows, int64_t *begin, int64_t *n) {
    const int64_t rank = comm_rank(c), size = comm_size(c);
    *begin = n_rows * rank / size;
    *n = n_rows * (rank + 1) / size - *begin;
}

status rows_cuts(const comm *c, int64_t n_rows, int64_t **cuts) {
    const int64_t size = comm_size(c);
    const status s = mem_new(cuts, (size_t)size + 1, sizeof **cuts, "the rows of the ranks");
    for (int64_t r = 0; !s.code && r <= size; r++)
        (*cuts)[r] = n_rows * r / size;
    return s;
}

/* Rows that a rank asks for at a time: bounds the memory of messages. */
enum { ROUND = 16384 };

typedef struct {
    int64_t *wanted; /* [ROUND] ids, by owner */
    int64_t *place;  /* [ROUND] which of the round each is */
    int64_t *bytes;  /* [3 * ranks] what is sent, what comes; [ranks] a cursor */
    char *requests, *rows, *replies;
    size_t request_room, reply_room;
} fetching;

static int owner_of(const rows_table *t, int64_t id) {
    int low = 0, high = comm_size(t->c) - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (id >= t->cuts[middle + 1])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A counting sort of the ids by owner; bytes[r] of requests for rank r. */
static void sort_ids(const rows_table *t, fetching *f, const int64_t *ids, int64_t n) {
    const int size = comm_size(t->c);
    int64_t *cursor = f->bytes + 2 * size, at = 0;
    memset(f->bytes, 0, (size_t)size * sizeof *f->bytes);
    for (int64_t i = 0; i < n; i++)
        f->bytes[owner_of(t, ids[i])] += (int64_t)sizeof *ids;
    for (int r = 0; r < size; r++) {
        cursor[r] = at;
        at += f->bytes[r] / (int64_t)sizeof *ids;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t to = cursor[owner_of(t, ids[i])]++;
        f->wanted[to] = ids[i];
        f->place[to] = i;
    }
}

/* The rows that others asked for; bytes[r] of them for rank r. */
static status pack(const rows_table *t, fetching *f) {
    const int size = comm_size(t->c);
    const size_t row = t->columns * sizeof(float);
    const int64_t *asked = f->bytes + size, *ids = (const int64_t *)(const void *)f->requests;
    int64_t n = 0;
    for (int r = 0; r < size; r++) {
        n += asked[r] / (int64_t)sizeof *ids;
        f->bytes[r] = asked[r] / (int64_t)sizeof *ids * (int64_t)row;
    }
    const status s = mem_new(&f->rows, (size_t)n, row, "rows for other ranks");
    for (int64_t i = 0; !s.code && i < n; i++)
        memcpy(f->rows + (size_t)i * row,
               t->rows + (size_t)(ids[i] - t->cuts[comm_rank(t->c)]) * t->stride, row);
    return s;
}

static void unpack(const rows_table *t, const fetching *f, int64_t n, float *out, size_t stride) {
    const size_t row = t->columns * sizeof(float);
    for (int64_t i = 0; i < n; i++) {
        float *to = out + (size_t)f->place[i] * stride;
        memcpy(to, f->replies + (size_t)i * row, row);
        memset(to + t->columns, 0, (stride - t->columns) * sizeof *to);
    }
}

static status fetch_round(const rows_table *t, fetching *f, const int64_t *ids, int64_t n,
                          float *out, size_t stride) {
    int64_t *coming = f->bytes + comm_size(t->c);
    sort_ids(t, f, ids, n);
    status s = exchange_into(t->c, f->wanted, f->bytes, &f->requests, &f->request_room, coming);
    if (!s.code)
        s = comm_agree(t->c, pack(t, f));
    if (!s.code)
        s = exchange_into(t->c, f->rows, f->bytes, &f->replies, &f->reply_room, coming);
    if (!s.code)
        unpack(t, f, n, out, stride);
    mem_free(&f->rows);
    return s;
}

status rows_fetch(const rows_table *t, const int64_t *ids, int64_t n, float *out,
                  size_t out_stride) {
    const int64_t rounds = comm_max(t->c, (n + ROUND - 1) / ROUND);
    fetching f = {0};
    status s = mem_new(&f.wanted, ROUND, sizeof *f.wanted, "rows to fetch");
    if (!s.code)
        s = mem_new(&f.place, ROUND, sizeof *f.place, "rows to fetch");
    if (!s.code)
        s = mem_new(&f.bytes, 3 * (size_t)comm_size(t->c), sizeof *f.bytes, "rows to fetch");
    s = comm_agree(t->c, s);
    for (int64_t r = 0; !s.code && r < rounds; r++) {
        const int64_t first = r * ROUND < n ? r * ROUND : n;
        const int64_t count = n - first < ROUND ? n - first : ROUND;
        s = fetch_round(t, &f, ids + first, count, out + (size_t)first * out_stride, out_stride);
    }
    mem_free(&f.wanted);
    mem_free(&f.place);
    mem_free(&f.bytes);
    mem_free(&f.requests);
    mem_free(&f.replies);
    return s;
}
