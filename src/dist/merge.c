// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"

enum { QUANTUM = 16 }; /* floats that a change is padded to */
static const char what[] = "rows to merge";

struct merger {
    const replicas *r;
    parallel threads;
    const row_changes *c; /* of the present run */
    record_buffer packed, received, folded, gathered, updates;
    int64_t *to, *from; /* [peers] bytes */
    int64_t *first_of;  /* [rows of the unit + 2] records of a row, in order */
    int64_t *fold_of;   /* [rows of the unit] record of a row in folded; -1 = none */
    const char **came;  /* records to be folded, by row */
    int64_t most;       /* records of a row, at least 1 */
    float *scratch;     /* [threads, most, padded] */
    float **pointers;   /* [threads, most] into it */
    size_t first_room, fold_room, came_room, scratch_room, pointers_room;
    int64_t sent;
};

status merge_create(merger **slot, const replicas *r, const parallel *threads) {
    status s = mem_new(slot, 1, sizeof **slot, "the merging of replicas");
    if (s.code)
        return s;
    merger *m = *slot;
    m->r = r;
    m->threads = *threads;
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
    mem_free(&m->first_of);
    mem_free(&m->fold_of);
    mem_free(&m->came);
    mem_free(&m->scratch);
    mem_free(&m->pointers);
    mem_free(slot);
}

int64_t merge_bytes_sent(const merger *m) {
    return m->sent;
}

static size_t padded(const placement *p) {
    return (p->shape.used + QUANTUM - 1) / QUANTUM * QUANTUM;
}

/* Room that depends on the table alone, got at its first merge. */
static status reserve_fixed(merger *m, const placement *p) {
    const status s =
        mem_grow(&m->first_of, &m->first_room, (size_t)p->unit_rows + 2, sizeof *m->first_of, what);
    return s.code ? s
                  : mem_grow(&m->fold_of, &m->fold_room, (size_t)p->unit_rows, sizeof *m->fold_of,
                             what);
}

static void add(float *row, const float *change, size_t n) {
    for (size_t k = 0; k < n; k++)
        row[k] += change[k];
}

/* A stage of a merge: what the threads of parallel_each work on. */
typedef struct {
    merger *m;
    const placement *p;
    merge_fold fold;
    void *context;
} stage;

static float *scratch_of(const stage *s, int thread) {
    return s->m->scratch + (size_t)thread * (size_t)s->m->most * padded(s->p);
}

/* ---- changes go to the owners */

static int64_t sum(const int64_t *x, int n) {
    int64_t total = 0;
    for (int i = 0; i < n; i++)
        total += x[i];
    return total;
}

/* Send records to the peers (m->to); *n = how many have come into `into`. */
static status send(merger *m, const char *records, record_buffer *into, int64_t *n) {
    const comm *peers = m->r->peers;
    const status s = exchange_into(peers, records, m->to, &into->data, &into->capacity, m->from);
    for (int peer = 0; !s.code && peer < m->r->n_peers; peer++)
        m->sent += peer == comm_rank(peers) ? 0 : m->to[peer];
    *n = s.code ? 0 : sum(m->from, m->r->n_peers) / (int64_t)m->c->record;
    return s;
}

/* *records = the n changes of rows that this rank owns; without other ranks they are here. */
static status bring(merger *m, const char **records, int64_t *n) {
    status s = reserve_fixed(m, m->c->p);
    if (!s.code)
        s = changes_by_owner(m->c, &m->packed, records, m->to);
    s = comm_agree(m->r->peers, s);
    *n = m->c->n_kept;
    if (s.code || m->r->n_peers == 1)
        return s;
    s = send(m, *records, &m->received, n);
    *records = m->received.data;
    return s;
}

/* ---- owners fold them */

/* came[first_of[i] .. first_of[i + 1]) are the changes of the i-th row of this rank's unit, in the
 * order in which they came: by peer, which is by replica. */
static status sort_records(merger *m, const placement *p, const char *records, int64_t n) {
    const size_t bytes = m->c->record;
    const status s = mem_grow(&m->came, &m->came_room, (size_t)n + 1, sizeof *m->came, what);
    if (s.code)
        return s;
    memset(m->first_of, 0, ((size_t)p->unit_rows + 2) * sizeof *m->first_of);
    for (int64_t i = 0; i < n; i++)
        m->first_of[row_record_row(records + (size_t)i * bytes) / p->n_units + 2]++;
    for (int64_t i = 2; i < p->unit_rows + 2; i++)
        m->first_of[i] += m->first_of[i - 1];
    for (int64_t i = 0; i < n; i++) {
        const char *record = records + (size_t)i * bytes;
        m->came[m->first_of[row_record_row(record) / p->n_units + 1]++] = record;
    }
    return s;
}

/* Number the records of rows that anybody touched, ascending, so that hot rows come first; returns
 * how many there are, *n_hot of hot rows. */
static int64_t number_folds(merger *m, const placement *p, int64_t *n_hot) {
    const int unit = placement_unit_of(p, comm_rank(m->r->peers));
    int64_t n_folded = 0;
    *n_hot = 0;
    m->most = 1;
    for (int64_t i = 0; i < p->unit_rows; i++) {
        const int64_t n = m->first_of[i + 1] - m->first_of[i];
        m->fold_of[i] = n > 0 ? n_folded : -1;
        n_folded += n > 0;
        *n_hot += n > 0 && unit + i * p->n_units < p->shape.n_hot;
        m->most = n > m->most ? n : m->most;
    }
    return n_folded;
}

/* The changes of the i-th row of the unit as numbers, in the memory of a thread. */
static float **read_changes(const stage *s, int64_t i, int thread) {
    const merger *m = s->m;
    const size_t floats = padded(s->p), used = s->p->shape.used;
    const char *const *came = m->came + m->first_of[i];
    const int64_t n = m->first_of[i + 1] - m->first_of[i];
    float **numbers = m->pointers + (int64_t)thread * m->most, *values = scratch_of(s, thread);
    for (int64_t j = 0; j < n; j++, values += floats) {
        row_record_read(came[j], m->c->format, values, used);
        memset(values + used, 0, (floats - used) * sizeof *values);
        numbers[j] = values;
    }
    return numbers;
}

/* Owned rows [begin, end) of this rank's unit. Cold ones change here. */
static void fold_rows(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    merger *m = s->m;
    const size_t used = p->shape.used;
    const int unit = placement_unit_of(p, comm_rank(m->r->peers));
    for (int64_t i = begin; i < end; i++) {
        const int64_t row = unit + i * p->n_units;
        char *record = m->folded.data + (size_t)m->fold_of[i] * m->c->record;
        if (m->fold_of[i] < 0)
            continue;
        float **numbers = read_changes(s, i, thread);
        s->fold(s->context, row, numbers, (int)(m->first_of[i + 1] - m->first_of[i]), used);
        row_record_write(record, m->c->format, row, numbers[0], used,
                         changes_rounding(m->c, row, m->r->n));
        if (row < p->shape.n_hot)
            continue;
        row_record_read(record, m->c->format, numbers[0], used);
        add(placement_own_row(p, row), numbers[0], used);
    }
}

/* Room for what number_folds has counted. */
static status reserve_folds(merger *m, const placement *p, int64_t n_folded) {
    const size_t n = (size_t)m->threads.n_threads * (size_t)m->most;
    status s = mem_grow(&m->scratch, &m->scratch_room, n * padded(p), sizeof *m->scratch, what);
    if (!s.code)
        s = mem_grow(&m->pointers, &m->pointers_room, n, sizeof *m->pointers, what);
    return s.code ? s : record_buffer_reserve(&m->folded, (size_t)n_folded * m->c->record);
}

/* One record for each row of the unit that anybody touched; *n_hot of hot rows, which come first.
 */
static status fold_unit(merger *m, merge_fold fold, void *context, const char *records, int64_t n,
                        int64_t *n_hot) {
    const placement *p = m->c->p;
    status s = sort_records(m, p, records, n);
    if (!s.code)
        s = reserve_folds(m, p, number_folds(m, p, n_hot));
    stage work = {.m = m, .p = p, .fold = fold, .context = context};
    if (!s.code)
        parallel_each(&m->threads, p->unit_rows, fold_rows, &work);
    return s;
}

/* ---- and the folds go to those who hold the rows */

static void apply_hot(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    const size_t bytes = s->m->c->record, used = p->shape.used;
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        const char *record = s->m->gathered.data + (size_t)i * bytes;
        const size_t offset = (size_t)row_record_row(record) * p->shape.width;
        row_record_read(record, s->m->c->format, change, used);
        add(p->base + offset, change, used);
        memcpy(p->rows + offset, p->base + offset, used * sizeof(float));
    }
}

static status spread_hot(merger *m, const placement *p, int64_t n_hot) {
    const int64_t bytes = (int64_t)m->c->record;
    int64_t total = 0;
    const status s = exchange_gather(m->r->peers, m->folded.data, n_hot * bytes, &m->gathered.data,
                                     &m->gathered.capacity, &total);
    if (s.code)
        return s;
    stage work = {.m = m, .p = p};
    parallel_each(&m->threads, total / bytes, apply_hot, &work);
    m->sent += (m->r->n_peers - 1) * n_hot * bytes;
    return s;
}

/* For each peer the folds of rows that it has asked for. */
static status pack_updates(merger *m, const placement *p, const pull *next) {
    const size_t bytes = m->c->record;
    size_t total = 0;
    for (int peer = 0; peer < m->r->n_peers; peer++) {
        int64_t n, n_changed = 0;
        const int32_t *ids = pull_asked(next, peer, &n);
        for (int64_t i = 0; i < n; i++)
            n_changed += m->fold_of[ids[i] / p->n_units] >= 0;
        m->to[peer] = n_changed * (int64_t)bytes;
        total += (size_t)m->to[peer];
    }
    const status s = record_buffer_reserve(&m->packed, total);
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

static void apply_cold(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    const int next = 1 - p->now;
    const size_t bytes = s->m->c->record, used = p->shape.used;
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        const char *record = s->m->updates.data + (size_t)i * bytes;
        const int64_t slot = p->slots[next][row_record_row(record)] - p->shape.n_hot;
        row_record_read(record, s->m->c->format, change, used);
        add(p->cold_base[next] + (size_t)slot * p->shape.width, change, used);
    }
}

/* Cold rows of the next round came before this merge: they get its changes too. */
static status update_cold(merger *m, const placement *p, const pull *next) {
    int64_t n;
    status s = comm_agree(m->r->peers, pack_updates(m, p, next));
    if (!s.code)
        s = send(m, m->packed.data, &m->updates, &n);
    if (s.code)
        return s;
    stage work = {.m = m, .p = p};
    parallel_each(&m->threads, n, apply_cold, &work);
    return s;
}

status merge_run(merger *m, row_changes *c, const pull *next, merge_fold fold, void *context) {
    const placement *p = c->p;
    const char *records = NULL;
    if (comm_rank(m->r->mine) >= m->r->slices)
        return status_ok();
    int64_t n = 0, n_hot = 0;
    m->c = c;
    status s = bring(m, &records, &n);
    if (!s.code)
        s = comm_agree(m->r->peers, fold_unit(m, fold, context, records, n, &n_hot));
    if (!s.code)
        s = spread_hot(m, p, n_hot);
    if (!s.code && next)
        s = update_cold(m, p, next);
    changes_forget(c);
    return s;
}
