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

/* A row of a replica that was touched. */
typedef struct {
    int32_t row, slot;
    int32_t replica; /* among the local ones */
} touched_row;

struct merger {
    const replicas *r;
    parallel threads;
    row_format format;
    uint64_t seed, n_runs;
    uint64_t key;                                       /* of the present run */
    buffer packed, received, folded, gathered, updates; /* records */
    int64_t *to, *from;                                 /* [peers] bytes */
    touched_row *touched;                               /* in the order of packed */
    float *values;     /* [records, padded] what came, to be folded */
    int64_t *first_of; /* [rows of the unit + 2] records of a row, in order */
    int64_t *fold_of;  /* [rows of the unit] record of a row in folded; -1 = none */
    float **changes;   /* [records] */
    float *scratch;    /* [threads, padded] */
    size_t touched_room, values_room, first_room, fold_room, changes_room;
    int64_t sent;
};

status merge_create(merger **slot, const replicas *r, row_format format, uint64_t seed,
                    const parallel *threads) {
    status s = mem_new(slot, 1, sizeof **slot, "the merging of replicas");
    if (s.code)
        return s;
    merger *m = *slot;
    m->r = r;
    m->threads = *threads;
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
    mem_free(&m->touched);
    mem_free(&m->scratch);
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

/* Room that depends on the table alone, got at its first merge. */
static status reserve_fixed(merger *m, const placement *p) {
    status s = mem_grow(&m->first_of, &m->first_room, (size_t)p->unit_rows + 2, sizeof *m->first_of,
                        "rows to merge");
    if (!s.code)
        s = mem_grow(&m->fold_of, &m->fold_room, (size_t)p->unit_rows, sizeof *m->fold_of,
                     "rows to merge");
    if (!s.code && !m->scratch)
        s = mem_new(&m->scratch, (size_t)m->threads.n_threads * padded(p), sizeof *m->scratch,
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

/* A stage of a merge: what the threads of parallel_each work on. */
typedef struct {
    merger *m;
    const placement *p;
    merge_fold fold;
    void *context;
} stage;

static float *scratch_of(const stage *s, int thread) {
    return s->m->scratch + (size_t)thread * padded(s->p);
}

/* ---- changes go to the owners */

/* List the slots of a replica that hold rows of a unit and were touched, from touched[n] on; their
 * marks are cleared. Returns the new n. touched NULL: count. */
static int64_t list_touched(const placement *p, int g, int unit, touched_row *touched, int64_t n) {
    uint8_t *marks = p->touched[g];
    for (int64_t row = unit; row < p->shape.n_hot; row += p->n_units) {
        if (!marks[row])
            continue;
        if (touched) {
            touched[n] = (touched_row){(int32_t)row, (int32_t)row, g};
            marks[row] = 0;
        }
        n++;
    }
    if (!placement_is_cut(p))
        return n;
    for (int64_t i = p->firsts[p->now][unit]; i < p->firsts[p->now][unit + 1]; i++) {
        const int64_t slot = p->shape.n_hot + i;
        if (!marks[slot])
            continue;
        if (touched) {
            touched[n] = (touched_row){p->ids[p->now][i], (int32_t)slot, g};
            marks[slot] = 0;
        }
        n++;
    }
    return n;
}

static void pack_rows(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    const size_t width = p->shape.width, bytes = record_bytes(s->m, p);
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        const touched_row *t = &s->m->touched[i];
        const int64_t cold = t->slot - p->shape.n_hot;
        const float *base = cold < 0 ? p->base + (size_t)t->row * width
                                     : p->cold_base[p->now] + (size_t)cold * width;
        const float *now = p->rows[t->replica] + (size_t)t->slot * width;
        for (size_t k = 0; k < p->shape.used; k++)
            change[k] = now[k] - base[k];
        row_record_write(s->m->packed.data + (size_t)i * bytes, s->m->format, t->row, change,
                         p->shape.used, rounding(s->m, t->row, s->m->r->first + t->replica));
    }
}

/* Touched rows, by owner, then by local replica. */
static status pack(merger *m, const placement *p) {
    const int n_peers = m->r->n_peers, n_local = m->r->n_local;
    int64_t total = 0;
    status s = reserve_fixed(m, p);
    for (int peer = 0; peer < n_peers; peer++) {
        int64_t n = 0;
        for (int g = 0; g < n_local; g++)
            n = list_touched(p, g, placement_unit_of(p, peer), NULL, n);
        m->to[peer] = n * (int64_t)record_bytes(m, p);
        total += n;
    }
    if (!s.code)
        s = mem_grow(&m->touched, &m->touched_room, (size_t)total + 1, sizeof *m->touched,
                     "rows to merge");
    if (!s.code)
        s = reserve(&m->packed, (size_t)total * record_bytes(m, p));
    if (s.code)
        return s;
    int64_t n = 0;
    for (int peer = 0; peer < n_peers; peer++)
        for (int g = 0; g < n_local; g++)
            n = list_touched(p, g, placement_unit_of(p, peer), m->touched, n);
    stage work = {.m = m, .p = p};
    parallel_each(&m->threads, total, pack_rows, &work);
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

static void read_changes(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const size_t floats = padded(s->p), used = s->p->shape.used, bytes = record_bytes(s->m, s->p);
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        float *values = s->m->values + (size_t)i * floats;
        row_record_read(s->m->received.data + (size_t)i * bytes, s->m->format, values, used);
        memset(values + used, 0, (floats - used) * sizeof *values);
    }
}

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
        const int64_t row = row_record_row(m->received.data + (size_t)i * bytes);
        m->changes[m->first_of[row / p->n_units + 1]++] = m->values + (size_t)i * floats;
    }
    stage work = {.m = m, .p = p};
    parallel_each(&m->threads, n, read_changes, &work);
    return s;
}

/* Number the records of rows that anybody touched, ascending, so that hot rows come first; returns
 * how many of these there are. */
static int64_t number_folds(merger *m, const placement *p, int unit) {
    int64_t n_folded = 0, n_hot = 0;
    for (int64_t i = 0; i < p->unit_rows; i++) {
        const bool any = m->first_of[i + 1] > m->first_of[i];
        m->fold_of[i] = any ? n_folded : -1;
        n_folded += any;
        n_hot += any && unit + i * p->n_units < p->shape.n_hot;
    }
    return n_hot;
}

/* Owned rows [begin, end) of this rank's unit. Cold ones change here. */
static void fold_rows(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    merger *m = s->m;
    const size_t bytes = record_bytes(m, p), used = p->shape.used;
    const int unit = placement_unit_of(p, comm_rank(m->r->peers));
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        float **changes = m->changes + m->first_of[i];
        const int64_t row = unit + i * p->n_units;
        char *record = m->folded.data + (size_t)m->fold_of[i] * bytes;
        if (m->fold_of[i] < 0)
            continue;
        s->fold(s->context, row, changes, (int)(m->first_of[i + 1] - m->first_of[i]), used);
        row_record_write(record, m->format, row, changes[0], used, rounding(m, row, m->r->n));
        if (row < p->shape.n_hot)
            continue;
        row_record_read(record, m->format, change, used);
        add(placement_own_row(p, row), change, used);
    }
}

/* One record for each row of the unit that anybody touched; *n_hot of hot rows, which come first.
 */
static status fold_unit(merger *m, const placement *p, merge_fold fold, void *context, int64_t n,
                        int64_t *n_hot) {
    status s = sort_records(m, p, n);
    if (!s.code)
        s = reserve(&m->folded, (size_t)n * record_bytes(m, p));
    if (s.code)
        return s;
    *n_hot = number_folds(m, p, placement_unit_of(p, comm_rank(m->r->peers)));
    stage work = {.m = m, .p = p, .fold = fold, .context = context};
    parallel_each(&m->threads, p->unit_rows, fold_rows, &work);
    return s;
}

/* ---- and the folds go to those who hold the rows */

static void apply_hot(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    const size_t bytes = record_bytes(s->m, p), used = p->shape.used;
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        const char *record = s->m->gathered.data + (size_t)i * bytes;
        const size_t offset = (size_t)row_record_row(record) * p->shape.width;
        row_record_read(record, s->m->format, change, used);
        add(p->base + offset, change, used);
        for (int g = 0; g < s->m->r->n_local; g++)
            memcpy(p->rows[g] + offset, p->base + offset, used * sizeof(float));
    }
}

static status spread_hot(merger *m, const placement *p, int64_t n_hot) {
    const int64_t bytes = (int64_t)record_bytes(m, p);
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

static void apply_cold(void *context, int64_t begin, int64_t end, int thread) {
    const stage *s = context;
    const placement *p = s->p;
    const int next = 1 - p->now;
    const size_t bytes = record_bytes(s->m, p), used = p->shape.used;
    float *change = scratch_of(s, thread);
    for (int64_t i = begin; i < end; i++) {
        const char *record = s->m->updates.data + (size_t)i * bytes;
        const int64_t slot = p->slots[next][row_record_row(record)] - p->shape.n_hot;
        row_record_read(record, s->m->format, change, used);
        add(p->cold_base[next] + (size_t)slot * p->shape.width, change, used);
    }
}

/* Cold rows of the next round came before this merge: they get its changes too. */
static status update_cold(merger *m, const placement *p, const pull *next) {
    int64_t n;
    status s = comm_agree(m->r->peers, pack_updates(m, p, next));
    if (!s.code)
        s = send(m, p, &m->packed, &m->updates, &n);
    if (s.code)
        return s;
    stage work = {.m = m, .p = p};
    parallel_each(&m->threads, n, apply_cold, &work);
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
        s = comm_agree(peers, fold_unit(m, p, fold, context, n, &n_hot));
    if (!s.code)
        s = spread_hot(m, p, n_hot);
    return s.code || !next ? s : update_cold(m, p, next);
}
