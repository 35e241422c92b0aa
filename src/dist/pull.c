// SPDX-License-Identifier: Apache-2.0
#include "pull.h"

#include <string.h>

#include "exchange.h"
#include "memory.h"

struct pull {
    const placement *p;
    int64_t *ask, *asked;   /* [n_peers] bytes of ids that go and come */
    int64_t *give, *coming; /* [n_peers] bytes of rows */
    int32_t *ids;           /* what peers ask for, by peer */
    float *rows;            /* and what they get */
    size_t ids_room, rows_room;
    exchange_running *running;
    int64_t sent;
};

static status create(pull *x) {
    static const char what[] = "rows of the next round";
    const size_t n = (size_t)x->p->r->n_peers;
    status s = mem_new(&x->ask, n, sizeof *x->ask, what);
    if (!s.code)
        s = mem_new(&x->asked, n, sizeof *x->asked, what);
    if (!s.code)
        s = mem_new(&x->give, n, sizeof *x->give, what);
    if (!s.code)
        s = mem_new(&x->coming, n, sizeof *x->coming, what);
    return s;
}

status pull_create(pull **slot, const placement *p) {
    status s = mem_new(slot, 1, sizeof **slot, "rows of the next round");
    if (s.code)
        return s;
    (*slot)->p = p;
    s = create(*slot);
    if (s.code)
        pull_destroy(slot);
    return s;
}

void pull_destroy(pull **slot) {
    pull *x = *slot;
    if (!x)
        return;
    exchange_end(&x->running);
    mem_free(&x->ask);
    mem_free(&x->asked);
    mem_free(&x->give);
    mem_free(&x->coming);
    mem_free(&x->ids);
    mem_free(&x->rows);
    mem_free(slot);
}

int64_t pull_bytes_sent(const pull *x) {
    return x->sent;
}

/* The first cold row of the next round that this rank asks for: those of its slice. */
static int64_t first_of_slice(const placement *p) {
    return p->firsts[1 - p->now][placement_unit_of(p, 0)];
}

static status send_ids(pull *x) {
    const placement *p = x->p;
    const int64_t *firsts = p->firsts[1 - p->now];
    const int64_t row = (int64_t)(p->shape.width * sizeof(float));
    for (int peer = 0; peer < p->r->n_peers; peer++) {
        const int unit = placement_unit_of(p, peer);
        const int64_t n = firsts[unit + 1] - firsts[unit];
        x->ask[peer] = n * (int64_t)sizeof *x->ids;
        x->coming[peer] = n * row;
    }
    return exchange_into(p->r->peers, p->ids[1 - p->now] + first_of_slice(p), x->ask, &x->ids,
                         &x->ids_room, x->asked);
}

static status pack_rows(pull *x) {
    const placement *p = x->p;
    const size_t width = p->shape.width;
    int64_t n = 0;
    for (int peer = 0; peer < p->r->n_peers; peer++) {
        const int64_t rows = x->asked[peer] / (int64_t)sizeof *x->ids;
        x->give[peer] = rows * (int64_t)(width * sizeof(float));
        n += rows;
    }
    const status s = mem_grow(&x->rows, &x->rows_room, (size_t)n * width + 1, sizeof *x->rows,
                              "rows of the next round");
    for (int64_t i = 0; !s.code && i < n; i++)
        memcpy(x->rows + (size_t)i * width, placement_own_row(p, x->ids[i]), width * sizeof(float));
    return s;
}

status pull_begin(pull *x) {
    const placement *p = x->p;
    const comm *peers = p->r->peers;
    status s = send_ids(x);
    if (!s.code)
        s = comm_agree(peers, pack_rows(x));
    if (!s.code)
        s = exchange_begin(&x->running, peers, x->rows, x->give,
                           p->cold_base[1 - p->now] + (size_t)first_of_slice(p) * p->shape.width,
                           x->coming);
    for (int peer = 0; !s.code && peer < p->r->n_peers; peer++)
        x->sent += peer == comm_rank(peers) ? 0 : x->ask[peer] + x->give[peer];
    return s;
}

void pull_move(pull *x) {
    if (x->running)
        exchange_move(x->running);
}

void pull_end(pull *x) {
    exchange_end(&x->running);
}

const int32_t *pull_asked(const pull *x, int peer, int64_t *n) {
    const int32_t *ids = x->ids;
    for (int before = 0; before < peer; before++)
        ids += x->asked[before] / (int64_t)sizeof *ids;
    *n = x->asked[peer] / (int64_t)sizeof *ids;
    return ids;
}
