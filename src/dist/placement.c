// SPDX-License-Identifier: Apache-2.0
#include "placement.h"

#include <inttypes.h>
#include <string.h>

static int count_units(const replicas *r) {
    return r->n_peers * r->slices;
}

static int64_t rows_of_unit(int64_t n_rows, int n_units) {
    return (n_rows + n_units - 1) / n_units;
}

static size_t index_bytes(const placement_shape *s, int n_units) {
    return 2 * (((size_t)n_units + 1) * sizeof(int64_t) +
                (size_t)(s->n_rows + s->room) * sizeof(int32_t));
}

double placement_bytes(const replicas *r, const placement_shape *s) {
    const double row = (double)s->width * sizeof(float), hot = (double)s->n_hot * row;
    const int n_units = count_units(r);
    if (s->n_hot == s->n_rows)
        return hot;
    return hot + 2 * (double)s->room * row + (double)s->n_rows + (double)index_bytes(s, n_units) +
           (double)r->slices * (double)rows_of_unit(s->n_rows, n_units) * row;
}

/* ---- creation */

static void lay_out(placement *p) {
    char *at = p->index.data;
    for (int i = 0; i < 2; i++) {
        p->firsts[i] = (int64_t *)(void *)at;
        at += ((size_t)p->n_units + 1) * sizeof(int64_t);
    }
    for (int i = 0; i < 2; i++) {
        p->slots[i] = (int32_t *)(void *)at;
        at += (size_t)p->shape.n_rows * sizeof(int32_t);
        p->ids[i] = (int32_t *)(void *)at;
        at += (size_t)p->shape.room * sizeof(int32_t);
        p->cold_base[i] =
            (float *)p->cold_block.data + (size_t)i * (size_t)p->shape.room * p->shape.width;
    }
    p->own = p->own_block.data;
    p->wanted = p->wanted_block.data;
    for (int64_t row = 0; comm_rank(p->r->mine) == 0 && row < p->shape.n_hot; row++)
        p->slots[0][row] = p->slots[1][row] = (int32_t)row;
}

static status create_cold(placement *p) {
    const comm *mine = p->r->mine;
    const size_t row = p->shape.width * sizeof(float);
    status s =
        shared_create(&p->index, mine, index_bytes(&p->shape, p->n_units), "the places of rows");
    if (!s.code)
        s = shared_create(&p->wanted_block, mine, (size_t)p->shape.n_rows, "the marks of rows");
    if (!s.code)
        s = shared_create(&p->cold_block, mine, 2 * (size_t)p->shape.room * row,
                          "the rows of a round");
    if (!s.code)
        s = shared_create(&p->own_block, mine, (size_t)p->r->slices * (size_t)p->unit_rows * row,
                          "the rows of a node");
    if (!s.code)
        lay_out(p);
    return s;
}

status placement_create(placement *p, const replicas *r, const placement_shape *shape) {
    *p = (placement){.r = r, .shape = *shape, .n_slots = shape->n_hot + shape->room};
    p->n_units = count_units(r);
    p->unit_rows = rows_of_unit(shape->n_rows, p->n_units);
    status s =
        shared_create(&p->base_block, r->mine, (size_t)shape->n_hot * shape->width * sizeof(float),
                      "the merged rows");
    p->base = p->base_block.data;
    return s.code || !placement_is_cut(p) ? s : create_cold(p);
}

void placement_free(placement *p) {
    shared_free(&p->base_block);
    shared_free(&p->index);
    shared_free(&p->wanted_block);
    shared_free(&p->cold_block);
    shared_free(&p->own_block);
    *p = (placement){0};
}

/* ---- rounds */

const int32_t *placement_slots(const placement *p) {
    return placement_is_cut(p) ? p->slots[p->now] : NULL;
}

/* A counting sort of the wanted rows by unit. */
static void list_wanted(placement *p) {
    const int next = 1 - p->now;
    int64_t *firsts = p->firsts[next];
    memset(firsts, 0, ((size_t)p->n_units + 1) * sizeof *firsts);
    for (int64_t row = p->shape.n_hot; row < p->shape.n_rows; row++)
        firsts[placement_unit(p, row) + 1] += p->wanted[row];
    for (int u = 0; u < p->n_units; u++)
        firsts[u + 1] += firsts[u];
    if (firsts[p->n_units] > p->shape.room)
        return;
    for (int64_t row = p->shape.n_hot; row < p->shape.n_rows; row++)
        if (p->wanted[row]) {
            const int64_t at = firsts[placement_unit(p, row)]++;
            p->ids[next][at] = (int32_t)row;
            p->slots[next][row] = (int32_t)(p->shape.n_hot + at);
        }
    for (int u = p->n_units; u > 0; u--)
        firsts[u] = firsts[u - 1];
    firsts[0] = 0;
}

status placement_plan(placement *p) {
    const comm *mine = p->r->mine;
    shared_sync(&p->wanted_block, mine);
    if (comm_rank(mine) == 0) {
        list_wanted(p);
        memset(p->wanted, 0, (size_t)p->shape.n_rows);
    }
    shared_sync(&p->index, mine);
    const int64_t n = p->firsts[1 - p->now][p->n_units];
    if (n <= p->shape.room)
        return status_ok();
    return status_error(STATUS_SPACE,
                        "a round touches %" PRId64 " rows that other ranks own, and there is room "
                        "for %" PRId64 "; use a smaller --merge-every",
                        n, p->shape.room);
}

void placement_turn(placement *p) {
    const comm *mine = p->r->mine;
    shared_sync(&p->cold_block, mine);
    p->now = 1 - p->now;
    const int64_t n = p->firsts[p->now][p->n_units], size = comm_size(mine);
    const int64_t begin = n * comm_rank(mine) / size, end = n * (comm_rank(mine) + 1) / size;
    const size_t width = p->shape.width;
    memcpy(p->rows + (size_t)(p->shape.n_hot + begin) * width,
           p->cold_base[p->now] + (size_t)begin * width,
           (size_t)(end - begin) * width * sizeof(float));
    shared_sync(&p->cold_block, mine);
}

/* ---- owners */

static int own_unit(const placement *p) {
    return comm_rank(p->r->mine) < p->r->slices ? placement_unit_of(p, comm_rank(p->r->peers)) : -1;
}

int64_t placement_owned(const placement *p) {
    const int unit = own_unit(p);
    return unit < 0 || unit >= p->shape.n_rows ? 0 : (p->shape.n_rows - 1 - unit) / p->n_units + 1;
}

float *placement_owned_row(const placement *p, int64_t i, int64_t *id) {
    *id = own_unit(p) + i * p->n_units;
    return *id < p->shape.n_hot ? p->base + (size_t)*id * p->shape.width
                                : placement_own_row(p, *id);
}
