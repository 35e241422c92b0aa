// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"

/* A record on the wire: a row's number, then its change, padded so that changes stay aligned. */
enum { HEADER_FLOATS = 16, QUANTUM = 16 };

typedef struct {
    float *data;
    size_t capacity; /* bytes */
} buffer;

struct merger {
    const replicas *r;
    buffer packed, received, folded, gathered;
    int64_t *to, *from; /* [peers] bytes */
    int64_t *first_of;  /* [rows of the block + 1] records of a row, in order */
    size_t first_capacity;
    float **changes; /* [records] */
    size_t changes_capacity;
    int64_t sent;
};

status merge_create(merger **slot, const replicas *r) {
    status s = mem_new(slot, 1, sizeof **slot, "the merging of replicas");
    if (s.code)
        return s;
    merger *m = *slot;
    m->r = r;
    s = mem_new(&m->to, (size_t)comm_size(r->peers), sizeof *m->to, "the merging of replicas");
    if (!s.code)
        s = mem_new(&m->from, (size_t)comm_size(r->peers), sizeof *m->from,
                    "the merging of replicas");
    if (s.code)
        merge_destroy(slot);
    return s;
}

void merge_destroy(merger **slot) {
    merger *m = *slot;
    if (!m)
        return;
    mem_free(&m->packed.data);
    mem_free(&m->received.data);
    mem_free(&m->folded.data);
    mem_free(&m->gathered.data);
    mem_free(&m->to);
    mem_free(&m->from);
    mem_free(&m->first_of);
    mem_free(&m->changes);
    mem_free(slot);
}

int64_t merge_bytes_sent(const merger *m) {
    return m->sent;
}

static size_t record_floats(const merge_table *t) {
    return HEADER_FLOATS + (t->used + QUANTUM - 1) / QUANTUM * QUANTUM;
}

static status reserve(buffer *b, size_t bytes) {
    return mem_grow(&b->data, &b->capacity, bytes ? bytes : 1, 1, "rows to merge");
}

/* Rows that this rank's peers merge, and of those the ones that peer p owns. */
static int64_t slice_begin(const merger *m, const merge_table *t, int slice) {
    return t->n_rows * slice / m->r->slices;
}

static int64_t block_begin(const merger *m, const merge_table *t, int peer) {
    int slice = comm_rank(m->r->mine), n = comm_size(m->r->peers);
    int64_t begin = slice_begin(m, t, slice), end = slice_begin(m, t, slice + 1);
    return begin + (end - begin) * peer / n;
}

static int64_t count_touched(const merge_table *t, int n_local, int64_t begin, int64_t end) {
    int64_t n = 0;
    for (int g = 0; g < n_local; g++)
        for (int64_t row = begin; row < end; row++)
            n += t->touched[g][row];
    return n;
}

static float *pack_row(float *record, const merge_table *t, int g, int64_t row) {
    const float *now = t->rows[g] + (size_t)row * t->width;
    const float *base = t->base + (size_t)row * t->width;
    const size_t floats = record_floats(t);
    memcpy(record, &row, sizeof row);
    for (size_t k = 0; k < t->used; k++)
        record[HEADER_FLOATS + k] = now[k] - base[k];
    memset(record + HEADER_FLOATS + t->used, 0,
           (floats - HEADER_FLOATS - t->used) * sizeof *record);
    return record + floats;
}

/* Touched rows, by owner, then by local replica. */
static status pack(merger *m, const merge_table *t) {
    const int n_peers = comm_size(m->r->peers), n_local = m->r->n_local;
    const size_t bytes = record_floats(t) * sizeof(float);
    size_t total = 0;
    for (int p = 0; p < n_peers; p++) {
        m->to[p] = count_touched(t, n_local, block_begin(m, t, p), block_begin(m, t, p + 1)) *
                   (int64_t)bytes;
        total += (size_t)m->to[p];
    }
    status s = reserve(&m->packed, total);
    if (s.code)
        return s;
    float *record = m->packed.data;
    for (int p = 0; p < n_peers; p++)
        for (int g = 0; g < n_local; g++)
            for (int64_t row = block_begin(m, t, p); row < block_begin(m, t, p + 1); row++)
                if (t->touched[g][row]) {
                    record = pack_row(record, t, g, row);
                    t->touched[g][row] = 0;
                }
    return s;
}

static int64_t row_of(const float *record) {
    int64_t row;
    memcpy(&row, record, sizeof row);
    return row;
}

static int64_t count_records(const merger *m, const merge_table *t) {
    int64_t bytes = 0;
    for (int p = 0; p < comm_size(m->r->peers); p++)
        bytes += m->from[p];
    return bytes / (int64_t)(record_floats(t) * sizeof(float));
}

/* changes[first_of[i] .. first_of[i + 1]) are the changes of the i-th row of this rank's block, in
 * the order in which they came: by peer, which is by replica. */
static status sort_records(merger *m, const merge_table *t, int64_t begin, int64_t n_rows) {
    const int64_t n = count_records(m, t);
    const size_t floats = record_floats(t);
    status s = mem_grow(&m->first_of, &m->first_capacity, (size_t)n_rows + 2, sizeof *m->first_of,
                        "rows to merge");
    if (!s.code)
        s = mem_grow(&m->changes, &m->changes_capacity, (size_t)n + 1, sizeof *m->changes,
                     "rows to merge");
    if (s.code)
        return s;
    memset(m->first_of, 0, ((size_t)n_rows + 2) * sizeof *m->first_of);
    for (int64_t i = 0; i < n; i++)
        m->first_of[row_of(m->received.data + (size_t)i * floats) - begin + 2]++;
    for (int64_t i = 2; i < n_rows + 2; i++)
        m->first_of[i] += m->first_of[i - 1];
    for (int64_t i = 0; i < n; i++) {
        float *record = m->received.data + (size_t)i * floats;
        m->changes[m->first_of[row_of(record) - begin + 1]++] = record + HEADER_FLOATS;
    }
    return s;
}

/* One record for each row of the block that anybody touched. */
static status fold_block(merger *m, const merge_table *t, merge_fold fold, void *context,
                         size_t *bytes) {
    const int me = comm_rank(m->r->peers);
    const int64_t begin = block_begin(m, t, me), n_rows = block_begin(m, t, me + 1) - begin;
    const size_t floats = record_floats(t);
    *bytes = 0;
    status s = sort_records(m, t, begin, n_rows);
    if (!s.code)
        s = reserve(&m->folded, (size_t)count_records(m, t) * floats * sizeof(float));
    if (s.code)
        return s;
    float *record = m->folded.data;
    for (int64_t i = 0; i < n_rows; i++) {
        float **changes = m->changes + m->first_of[i];
        int n = (int)(m->first_of[i + 1] - m->first_of[i]);
        if (!n)
            continue;
        fold(context, begin + i, changes, n, t->used);
        memcpy(record, changes[0] - HEADER_FLOATS, floats * sizeof *record);
        record += floats;
    }
    *bytes = (size_t)(record - m->folded.data) * sizeof *record;
    return s;
}

static void apply(const merger *m, const merge_table *t, int64_t total) {
    const size_t floats = record_floats(t);
    for (int64_t at = 0; at < total; at += (int64_t)(floats * sizeof(float))) {
        const float *record = m->gathered.data + (size_t)at / sizeof(float);
        const size_t offset = (size_t)row_of(record) * t->width;
        for (size_t k = 0; k < t->used; k++)
            t->base[offset + k] += record[HEADER_FLOATS + k];
        for (int g = 0; g < m->r->n_local; g++)
            memcpy(t->rows[g] + offset, t->base + offset, t->used * sizeof(float));
    }
}

status merge_run(merger *m, const merge_table *t, merge_fold fold, void *context) {
    const comm *peers = m->r->peers;
    if (comm_rank(m->r->mine) >= m->r->slices)
        return status_ok();
    size_t bytes = 0;
    int64_t total = 0;
    status s = comm_agree(peers, pack(m, t));
    if (!s.code)
        s = exchange_into(peers, m->packed.data, m->to, &m->received.data, &m->received.capacity,
                          m->from);
    if (!s.code)
        s = comm_agree(peers, fold_block(m, t, fold, context, &bytes));
    if (!s.code)
        s = exchange_gather(peers, m->folded.data, (int64_t)bytes, &m->gathered.data,
                            &m->gathered.capacity, &total);
    if (s.code)
        return s;
    apply(m, t, total);
    for (int p = 0; p < comm_size(peers); p++)
        m->sent += p == comm_rank(peers) ? 0 : m->to[p] + (int64_t)bytes;
    return s;
}
