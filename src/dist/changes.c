// SPDX-License-Identifier: Apache-2.0
#include "changes.h"

#include <string.h>

#include "memory.h"
#include "random.h"

static const char what[] = "rows to merge";

status record_buffer_reserve(record_buffer *b, size_t bytes) {
    return mem_grow(&b->data, &b->capacity, bytes ? bytes : 1, 1, what);
}

static void set_key(row_changes *c) {
    c->key = random_key(c->seed, RANDOM_MESSAGE, 2 * c->n_merges + (uint64_t)c->side);
}

status changes_create(row_changes *c, const placement *p, int side, row_format format,
                      uint64_t seed, const parallel *threads) {
    *c = (row_changes){.p = p,
                       .threads = *threads,
                       .format = format,
                       .record = row_record_bytes(format, p->shape.used),
                       .side = side,
                       .seed = seed,
                       .refused = status_ok()};
    set_key(c);
    const status s =
        mem_new(&c->n, (size_t)p->r->n_local * (size_t)p->r->n_peers, sizeof *c->n, what);
    return s.code ? s
                  : mem_new(&c->scratch, (size_t)threads->n_threads * p->shape.width,
                            sizeof *c->scratch, what);
}

void changes_free(row_changes *c) {
    mem_free(&c->kept.data);
    mem_free(&c->n);
    mem_free(&c->touched);
    mem_free(&c->scratch);
}

uint64_t changes_rounding(const row_changes *c, int64_t row, int who) {
    return random_at(c->key, (uint64_t)row * (uint64_t)(c->p->r->n + 1) + (uint64_t)who);
}

/* ---- keeping */

/* List the slots of rows of a unit that were touched, from touched[n] on; their marks are cleared.
 * Returns the new n. touched NULL: count. */
static int64_t list_touched(const placement *p, int unit, touched_row *touched, int64_t n) {
    uint8_t *marks = p->touched;
    for (int64_t row = unit; row < p->shape.n_hot; row += p->n_units) {
        if (!marks[row])
            continue;
        if (touched) {
            touched[n] = (touched_row){(int32_t)row, (int32_t)row};
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
            touched[n] = (touched_row){p->ids[p->now][i], (int32_t)slot};
            marks[slot] = 0;
        }
        n++;
    }
    return n;
}

typedef struct {
    row_changes *c;
    int g;
    char *records; /* where those of the replica begin */
} packing;

/* The last replica leaves its rows to the merge, which sets what was touched. */
static void pack_rows(void *context, int64_t begin, int64_t end, int thread) {
    const packing *x = context;
    const row_changes *c = x->c;
    const placement *p = c->p;
    const size_t width = p->shape.width, used = p->shape.used;
    const bool restores = x->g + 1 < p->r->n_local;
    float *change = c->scratch + (size_t)thread * width;
    for (int64_t i = begin; i < end; i++) {
        const touched_row *t = &c->touched[i];
        const int64_t cold = t->slot - p->shape.n_hot;
        const float *base = cold < 0 ? p->base + (size_t)t->row * width
                                     : p->cold_base[p->now] + (size_t)cold * width;
        float *now = p->rows + (size_t)t->slot * width;
        for (size_t k = 0; k < used; k++)
            change[k] = now[k] - base[k];
        row_record_write(x->records + (size_t)i * c->record, c->format, t->row, change, used,
                         changes_rounding(c, t->row, p->r->first + x->g));
        if (restores)
            memcpy(now, base, used * sizeof *now);
    }
}

void changes_keep(row_changes *c, int g) {
    const placement *p = c->p;
    const int n_peers = p->r->n_peers;
    int64_t *counts = c->n + (size_t)g * (size_t)n_peers, n = 0;
    for (int peer = 0; peer < n_peers; peer++) {
        counts[peer] = list_touched(p, placement_unit_of(p, peer), NULL, 0);
        n += counts[peer];
    }
    if (!c->refused.code)
        c->refused =
            mem_grow(&c->touched, &c->touched_room, (size_t)n + 1, sizeof *c->touched, what);
    if (!c->refused.code)
        c->refused = record_buffer_reserve(&c->kept, (size_t)(c->n_kept + n) * c->record);
    if (c->refused.code)
        return;
    int64_t listed = 0;
    for (int peer = 0; peer < n_peers; peer++)
        listed = list_touched(p, placement_unit_of(p, peer), c->touched, listed);
    packing work = {.c = c, .g = g, .records = c->kept.data + (size_t)c->n_kept * c->record};
    parallel_each(&c->threads, n, pack_rows, &work);
    c->n_kept += n;
}

/* ---- merging */

static void copy_by_owner(const row_changes *c, char *to) {
    const int n_peers = c->p->r->n_peers, n_local = c->p->r->n_local;
    for (int peer = 0; peer < n_peers; peer++) {
        const char *from = c->kept.data;
        for (int i = 0; i < n_local * n_peers; i++) {
            const size_t bytes = (size_t)c->n[i] * c->record;
            if (i % n_peers == peer) {
                memcpy(to, from, bytes);
                to += bytes;
            }
            from += bytes;
        }
    }
}

status changes_by_owner(const row_changes *c, record_buffer *room, const char **records,
                        int64_t *bytes) {
    const int n_peers = c->p->r->n_peers, n_local = c->p->r->n_local;
    status s = c->refused;
    memset(bytes, 0, (size_t)n_peers * sizeof *bytes);
    for (int i = 0; i < n_local * n_peers; i++)
        bytes[i % n_peers] += c->n[i] * (int64_t)c->record;
    *records = c->kept.data;
    if (s.code || n_local == 1 || n_peers == 1)
        return s;
    s = record_buffer_reserve(room, (size_t)c->n_kept * c->record);
    if (!s.code)
        copy_by_owner(c, room->data);
    *records = room->data;
    return s;
}

void changes_forget(row_changes *c) {
    c->n_kept = 0;
    c->n_merges++;
    set_key(c);
}

void changes_go_on(row_changes *c, uint64_t n_merges) {
    c->n_merges = n_merges;
    set_key(c);
}
