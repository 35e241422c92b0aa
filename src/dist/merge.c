// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"
#include "random.h"

enum { QUANTUM = 16 }; /* floats that a change is padded to */

typedef struct {
    char *data;
    size_t capacity; /* bytes */
} buffer;

struct merger {
    const replicas *r;
    row_format format;
    uint64_t seed, n_runs;
    uint64_t key;                                       /* of the present run */
    buffer packed, received, folded, gathered, updates; /* records */
    int64_t *to, *from;                                 /* [peers] bytes */
    float *values;     /* [records, padded] what came, to be folded */
    int64_t *first_of; /* [rows of the unit + 2] records of a row, in order */
    int64_t *fold_of;  /* [rows of the unit] record of a row in folded; -1 = none */
    float **changes;   /* [records] */
    float *one;        /* [padded] */
    size_t values_room, first_room, fold_room, changes_room, one_room;
    int64_t sent;
};

status merge_create(merger **slot, const replicas *r, row_format format, uint64_t seed) {
    status s = mem_new(slot, 1, sizeof **slot, "the merging of replicas");
    if (s.code)
        return s;
    merger *m = *slot;
    m->r = r;
    m->format = format;
    m->seed = seed;
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
    mem_free(&m->updates.data);
    mem_free(&m->to);
    mem_free(&m->from);
    mem_free(&m->values);
    mem_free(&m->first_of);
    mem_free(&m->fold_of);
    mem_free(&m->changes);
    mem_free(&m->one);
    mem_free(slot);
}

int64_t merge_bytes_sent(const merger *m) {
    return m->sent;
}

static size_t padded(const placement *p) {
    return (p->shape.used + QUANTUM - 1) / QUANTUM * QUANTUM;
}

static size_t record_bytes(const merger *m, const placement *p) {
    return row_record_bytes(m->format, p->shape.used);
}

static status reserve(buffer *b, size_t bytes) {
    return mem_grow(&b->data, &b->capacity, bytes ? bytes : 1, 1, "rows to merge");
}

/* Room for one row apart, and where folds of the owned rows are. */
static status reserve_fixed(merger *m, const placement *p) {
    status s = mem_grow(&m->one, &m->one_room, padded(p), sizeof *m->one, "rows to merge");
    if (!s.code)
        s = mem_grow(&m->first_of, &m->first_room, (size_t)p->unit_rows + 2, sizeof *m->first_of,
                     "rows to merge");
    if (!s.code)
        s = mem_grow(&m->fold_of, &m->fold_room, (size_t)p->unit_rows, sizeof *m->fold_of,
                     "rows to merge");
    return s;
}

/* How the values of a row are rounded: who = the replica they come from, or n for the fold. */
static uint64_t rounding(const merger *m, int64_t row, int who) {
    return random_at(m->key, (uint64_t)row * (uint64_t)(m->r->n + 1) + (uint64_t)who);
}

static void add(float *row, const float *change, size_t n) {
    for (size_t k = 0; k < n; k++)
        row[k] += change[k];
}

/* ---- changes go to the owners */

typedef void (*visit_slot)(merger *m, const placement *p, int g, int64_t slot, int64_t row,
                           const float *base, void *context);

/* The slots of a replica that hold rows of a unit and were touched. */
static void each_touched(merger *m, const placement *p, int g, int unit, visit_slot visit,
                         void *context) {
    const size_t width = p->shape.width;
    for (int64_t row = unit; row < p->shape.n_hot; row += p->n_units)
        if (p->touched[g][row])
            visit(m, p, g, row, row, p->base + (size_t)row * width, context);
    if (!placement_is_cut(p))
        return;
    for (int64_t i = p->firsts[p->now][unit]; i < p->firsts[p->now][unit + 1]; i++)
        if (p->touched[g][p->shape.n_hot + i])
            visit(m, p, g, p->shape.n_hot + i, p->ids[p->now][i],
                  p->cold_base[p->now] + (size_t)i * width, context);
}

static void count_slot(merger *m, const placement *p, int g, int64_t slot, int64_t row,
                       const float *base, void *context) {
    (void)m, (void)p, (void)g, (void)slot, (void)row, (void)base;
    ++*(int64_t *)context;
}

static void pack_slot(merger *m, const placement *p, int g, int64_t slot, int64_t row,
                      const float *base, void *context) {
    char **record = context;
    const float *now = p->rows[g] + (size_t)slot * p->shape.width;
    for (size_t k = 0; k < p->shape.used; k++)
        m->one[k] = now[k] - base[k];
    *record = row_record_write(*record, m->format, row, m->one, p->shape.used,
                               rounding(m, row, m->r->first + g));
    p->touched[g][slot] = 0;
}

/* Touched rows, by owner, then by local replica. */
static status pack(merger *m, const placement *p) {
    const int n_peers = m->r->n_peers, n_local = m->r->n_local;
    size_t total = 0;
    status s = reserve_fixed(m, p);
    for (int peer = 0; peer < n_peers; peer++) {
        int64_t n = 0;
        for (int g = 0; g < n_local; g++)
            each_touched(m, p, g, placement_unit_of(p, peer), count_slot, &n);
        m->to[peer] = n * (int64_t)record_bytes(m, p);
        total += (size_t)m->to[peer];
    }
    if (!s.code)
        s = reserve(&m->packed, total);
    char *record = m->packed.data;
    for (int peer = 0; !s.code && peer < n_peers; peer++)
        for (int g = 0; g < n_local; g++)
            each_touched(m, p, g, placement_unit_of(p, peer), pack_slot, &record);
    return s;
}

static int64_t sum(const int64_t *x, int n) {
    int64_t total = 0;
    for (int i = 0; i < n; i++)
        total += x[i];
    return total;
}

/* Send records from `from` to the peers (m->to); *n = how many have come into `into`. */
static status send(merger *m, const placement *p, const buffer *from, buffer *into, int64_t *n) {
    const comm *peers = m->r->peers;
    const status s = exchange_into(peers, from->data, m->to, &into->data, &into->capacity, m->from);
    for (int peer = 0; !s.code && peer < m->r->n_peers; peer++)
        m->sent += peer == comm_rank(peers) ? 0 : m->to[peer];
    *n = s.code ? 0 : sum(m->from, m->r->n_peers) / (int64_t)record_bytes(m, p);
    return s;
}

/* ---- owners fold them */

/* changes[first_of[i] .. first_of[i + 1]) are the changes of the i-th row of this rank's unit, in
 * the order in which they came: by peer, which is by replica. */
static status sort_records(merger *m, const placement *p, int64_t n) {
    const size_t floats = padded(p), bytes = record_bytes(m, p);
    status s = mem_grow(&m->values, &m->values_room, (size_t)n * floats + 1, sizeof *m->values,
                        "rows to merge");
    if (!s.code)
        s = mem_grow(&m->changes, &m->changes_room, (size_t)n + 1, sizeof *m->changes,
                     "rows to merge");
    if (s.code)
        return s;
    memset(m->first_of, 0, ((size_t)p->unit_rows + 2) * sizeof *m->first_of);
    for (int64_t i = 0; i < n; i++)
        m->first_of[row_record_row(m->received.data + (size_t)i * bytes) / p->n_units + 2]++;
    for (int64_t i = 2; i < p->unit_rows + 2; i++)
        m->first_of[i] += m->first_of[i - 1];
    for (int64_t i = 0; i < n; i++) {
        const char *record = m->received.data + (size_t)i * bytes;
        float *values = m->values + (size_t)i * floats;
        row_record_read(record, m->format, values, p->shape.used);
        memset(values + p->shape.used, 0, (floats - p->shape.used) * sizeof *values);
        m->changes[m->first_of[row_record_row(record) / p->n_units + 1]++] = values;
    }
    return s;
}

/* One record for each row of the unit that anybody touched, ascending, so that hot rows come first;
 * *n_hot of them. Cold rows change here. */
static status fold_rows(merger *m, const placement *p, merge_fold fold, void *context, int64_t n,
                        int64_t *n_hot) {
    const size_t bytes = record_bytes(m, p), used = p->shape.used;
    const int unit = placement_unit_of(p, comm_rank(m->r->peers));
    int64_t n_folded = 0;
    *n_hot = 0;
    status s = sort_records(m, p, n);
    if (!s.code)
        s = reserve(&m->folded, (size_t)n * bytes);
    for (int64_t i = 0; !s.code && i < p->unit_rows; i++) {
        float **changes = m->changes + m->first_of[i];
        const int n_changes = (int)(m->first_of[i + 1] - m->first_of[i]);
        const int64_t row = unit + i * p->n_units;
        char *record = m->folded.data + (size_t)n_folded * bytes;
        m->fold_of[i] = n_changes ? n_folded : -1;
        if (!n_changes)
            continue;
        fold(context, row, changes, n_changes, used);
        row_record_write(record, m->format, row, changes[0], used, rounding(m, row, m->r->n));
        n_folded++;
        if (row < p->shape.n_hot) {
            ++*n_hot;
        } else {
            row_record_read(record, m->format, m->one, used);
            add(placement_own_row(p, row), m->one, used);
        }
    }
    return s;
}

/* ---- and the folds go to those who hold the rows */

static status spread_hot(merger *m, const placement *p, int64_t n_hot) {
    const size_t bytes = record_bytes(m, p), used = p->shape.used;
    int64_t total = 0;
    const status s = exchange_gather(m->r->peers, m->folded.data, n_hot * (int64_t)bytes,
                                     &m->gathered.data, &m->gathered.capacity, &total);
    for (int64_t at = 0; !s.code && at < total; at += (int64_t)bytes) {
        const char *record = m->gathered.data + at;
        const size_t offset = (size_t)row_record_row(record) * p->shape.width;
        row_record_read(record, m->format, m->one, used);
        add(p->base + offset, m->one, used);
        for (int g = 0; g < m->r->n_local; g++)
            memcpy(p->rows[g] + offset, p->base + offset, used * sizeof(float));
    }
    if (!s.code)
        m->sent += (m->r->n_peers - 1) * n_hot * (int64_t)bytes;
    return s;
}

/* For each peer the folds of rows that it has asked for. */
static status pack_updates(merger *m, const placement *p, const pull *next) {
    const size_t bytes = record_bytes(m, p);
    size_t total = 0;
    for (int peer = 0; peer < m->r->n_peers; peer++) {
        int64_t n, n_changed = 0;
        const int32_t *ids = pull_asked(next, peer, &n);
        for (int64_t i = 0; i < n; i++)
            n_changed += m->fold_of[ids[i] / p->n_units] >= 0;
        m->to[peer] = n_changed * (int64_t)bytes;
        total += (size_t)m->to[peer];
    }
    const status s = reserve(&m->packed, total);
    char *record = m->packed.data;
    for (int peer = 0; !s.code && peer < m->r->n_peers; peer++) {
        int64_t n;
        const int32_t *ids = pull_asked(next, peer, &n);
        for (int64_t i = 0; i < n; i++) {
            const int64_t fold = m->fold_of[ids[i] / p->n_units];
            if (fold < 0)
                continue;
            memcpy(record, m->folded.data + (size_t)fold * bytes, bytes);
            record += bytes;
        }
    }
    return s;
}

/* Cold rows of the next round came before this merge: they get its changes too. */
static status update_cold(merger *m, const placement *p, const pull *next) {
    const size_t bytes = record_bytes(m, p), used = p->shape.used;
    const int stage = 1 - p->now;
    int64_t n;
    status s = comm_agree(m->r->peers, pack_updates(m, p, next));
    if (!s.code)
        s = send(m, p, &m->packed, &m->updates, &n);
    for (int64_t i = 0; !s.code && i < n; i++) {
        const char *record = m->updates.data + (size_t)i * bytes;
        const int64_t slot = p->slots[stage][row_record_row(record)] - p->shape.n_hot;
        row_record_read(record, m->format, m->one, used);
        add(p->cold_base[stage] + (size_t)slot * p->shape.width, m->one, used);
    }
    return s;
}

status merge_run(merger *m, const placement *p, const pull *next, merge_fold fold, void *context) {
    const comm *peers = m->r->peers;
    if (comm_rank(m->r->mine) >= m->r->slices)
        return status_ok();
    int64_t n = 0, n_hot = 0;
    m->key = random_key(m->seed, RANDOM_MESSAGE, m->n_runs++);
    status s = comm_agree(peers, pack(m, p));
    if (!s.code)
        s = send(m, p, &m->packed, &m->received, &n);
    if (!s.code)
        s = comm_agree(peers, fold_rows(m, p, fold, context, n, &n_hot));
    if (!s.code)
        s = spread_hot(m, p, n_hot);
    return s.code || !next ? s : update_cold(m, p, next);
}
