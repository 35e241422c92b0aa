// SPDX-License-Identifier: Apache-2.0
#include "strata_rows.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"

/* Rank that writes a word. */
static int writer_of(const strata_rows *r, int64_t id) {
    return (int)(((id + 1) * comm_size(r->world) - 1) / r->n_words);
}

static const float *take_row(strata_rows *r, int32_t *id) {
    r->left--;
    return r->take(r->context, id);
}

static void put_row(const strata_rows *r, float *table, int64_t begin, int32_t id,
                    const void *row) {
    memcpy(table + (size_t)(id - begin) * (size_t)r->columns, row,
           (size_t)r->columns * sizeof *table);
}

/* Rows that are sent at a time. */
static int rows_at_a_time(size_t bytes) {
    enum { MOST_ROWS = 4096, MOST_BYTES = 1 << 20 };
    const size_t fit = MOST_BYTES / bytes;
    return fit < 1 ? 1 : fit > MOST_ROWS ? MOST_ROWS : (int)fit;
}

typedef struct {
    char *records, *received;                 /* id and row each; [most] and what comes */
    int most;                                 /* records sent at a time */
    size_t room, record;                      /* bytes of a record */
    int64_t *bytes, *received_bytes, *starts; /* [ranks] */
    const float **rows;                       /* [most] */
    int32_t *ids;
} row_sender;

static status row_sender_create(const strata_rows *r, row_sender *w) {
    static const char what[] = "rows to write";
    const size_t ranks = (size_t)comm_size(r->world);
    const size_t record = sizeof(int32_t) + (size_t)r->columns * sizeof(float);
    *w = (row_sender){.record = record, .most = rows_at_a_time(record)};
    status s = mem_new(&w->records, (size_t)w->most, record, what);
    if (!s.code)
        s = mem_new(&w->bytes, ranks, sizeof *w->bytes, what);
    if (!s.code)
        s = mem_new(&w->received_bytes, ranks, sizeof *w->received_bytes, what);
    if (!s.code)
        s = mem_new(&w->starts, ranks + 1, sizeof *w->starts, what);
    if (!s.code)
        s = mem_new(&w->rows, (size_t)w->most, sizeof *w->rows, what);
    if (!s.code)
        s = mem_new(&w->ids, (size_t)w->most, sizeof *w->ids, what);
    return s;
}

static void row_sender_clear(row_sender *w) {
    mem_free(&w->records);
    mem_free(&w->received);
    mem_free(&w->bytes);
    mem_free(&w->received_bytes);
    mem_free(&w->starts);
    mem_free(&w->rows);
    mem_free(&w->ids);
}

/* The next rows as records, by writer. */
static void fill_records(row_sender *w, strata_rows *r) {
    const int ranks = comm_size(r->world);
    const int n = r->left < w->most ? (int)r->left : w->most;
    memset(w->starts, 0, (size_t)(ranks + 1) * sizeof *w->starts);
    for (int k = 0; k < n; k++) {
        w->rows[k] = take_row(r, &w->ids[k]);
        w->starts[writer_of(r, w->ids[k]) + 1]++;
    }
    for (int rank = 0; rank < ranks; rank++) {
        w->bytes[rank] = w->starts[rank + 1] * (int64_t)w->record;
        w->starts[rank + 1] += w->starts[rank];
    }
    for (int k = 0; k < n; k++) {
        char *record = w->records + (size_t)w->starts[writer_of(r, w->ids[k])]++ * w->record;
        memcpy(record, &w->ids[k], sizeof w->ids[k]);
        memcpy(record + sizeof w->ids[k], w->rows[k], w->record - sizeof w->ids[k]);
    }
}

static status exchange_rows(strata_rows *r, float *table, int64_t begin) {
    row_sender w;
    status s = comm_agree(r->world, row_sender_create(r, &w));
    while (!s.code && comm_max(r->world, r->left) > 0) {
        fill_records(&w, r);
        s = exchange_into(r->world, w.records, w.bytes, &w.received, &w.room, w.received_bytes);
        int64_t bytes = 0;
        for (int rank = 0; rank < comm_size(r->world); rank++)
            bytes += w.received_bytes[rank];
        for (int64_t at = 0; !s.code && at < bytes; at += (int64_t)w.record) {
            int32_t id;
            memcpy(&id, w.received + at, sizeof id);
            put_row(r, table, begin, id, w.received + at + sizeof id);
        }
    }
    row_sender_clear(&w);
    return s;
}

status strata_rows_gather(strata_rows *r, float *table) {
    int64_t begin, n;
    rows_share(r->world, r->n_words, &begin, &n);
    if (comm_size(r->world) > 1)
        return exchange_rows(r, table, begin);
    while (r->left) {
        int32_t id;
        const float *row = take_row(r, &id);
        put_row(r, table, begin, id, row);
    }
    return status_ok();
}

/* ---- the reverse */

typedef struct {
    int64_t *ids;  /* [most] */
    float **to;    /* [most] */
    float *values; /* [most, columns] */
    int most;
} row_receiver;

static status row_receiver_create(const strata_rows *r, row_receiver *w) {
    static const char what[] = "rows to read";
    const size_t columns = (size_t)r->columns;
    *w = (row_receiver){.most = rows_at_a_time(columns * sizeof(float))};
    status s = mem_new(&w->ids, (size_t)w->most, sizeof *w->ids, what);
    if (!s.code)
        s = mem_new(&w->to, (size_t)w->most, sizeof *w->to, what);
    if (!s.code)
        s = mem_new(&w->values, (size_t)w->most * columns, sizeof *w->values, what);
    return s;
}

static void row_receiver_clear(row_receiver *w) {
    mem_free(&w->ids);
    mem_free(&w->to);
    mem_free(&w->values);
}

static status receive_rows(strata_rows *r, row_receiver *w, const rows_table *from) {
    const size_t columns = (size_t)r->columns;
    const int n = r->left < w->most ? (int)r->left : w->most;
    for (int k = 0; k < n; k++) {
        int32_t id;
        w->to[k] = r->place(r->context, &id);
        w->ids[k] = id;
    }
    r->left -= n;
    const status s = rows_fetch(from, w->ids, n, w->values, columns);
    for (int k = 0; !s.code && k < n; k++)
        memcpy(w->to[k], w->values + (size_t)k * columns, columns * sizeof(float));
    return s;
}

status strata_rows_scatter(strata_rows *r, const rows_table *from) {
    row_receiver w;
    status s = comm_agree(r->world, row_receiver_create(r, &w));
    while (!s.code && comm_max(r->world, r->left) > 0)
        s = receive_rows(r, &w, from);
    row_receiver_clear(&w);
    return s;
}
