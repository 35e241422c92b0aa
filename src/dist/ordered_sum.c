// SPDX-License-Identifier: Apache-2.0
#include "ordered_sum.h"

#include <string.h>

#include "comm_internal.h"
#include "memory.h"

/* Floats that are summed at a time; each rank sums one slice of them and gives it to the others. */
static const size_t PIECE = (size_t)1 << 20;

struct ordered_sum {
    const comm *c;
    float *parts;       /* [PIECE + size] this rank's slice from every rank */
    int *counts, *from; /* [size] the slices; counts holds all four arrays */
    int *mine, *places; /* [size] my slice, once for each rank, in parts */
};

status ordered_sum_create(ordered_sum **slot, const comm *c) {
    const size_t size = (size_t)comm_size(c);
    status s = mem_new(slot, 1, sizeof **slot, "a sum over ranks");
    if (s.code)
        return s;
    ordered_sum *o = *slot;
    o->c = c;
    s = mem_new(&o->parts, PIECE + size, sizeof *o->parts, "a sum over ranks");
    if (!s.code)
        s = mem_new(&o->counts, 4 * size, sizeof *o->counts, "a sum over ranks");
    if (s.code) {
        ordered_sum_destroy(slot);
        return s;
    }
    o->from = o->counts + size;
    o->mine = o->from + size;
    o->places = o->mine + size;
    return s;
}

void ordered_sum_destroy(ordered_sum **slot) {
    if (!*slot)
        return;
    mem_free(&(*slot)->parts);
    mem_free(&(*slot)->counts);
    mem_free(slot);
}

static void sum_piece(ordered_sum *o, float *x, size_t n) {
    const comm *c = o->c;
    const size_t size = (size_t)c->size;
    for (size_t r = 0; r < size; r++) {
        o->from[r] = (int)(n * r / size);
        o->counts[r] = (int)(n * (r + 1) / size) - o->from[r];
    }
    const int slice = o->counts[c->rank];
    for (int r = 0; r < c->size; r++) {
        o->mine[r] = slice;
        o->places[r] = r * slice;
    }
    MPI_Alltoallv(x, o->counts, o->from, MPI_FLOAT, o->parts, o->mine, o->places, MPI_FLOAT,
                  c->mpi);
    float *sum = x + o->from[c->rank];
    memcpy(sum, o->parts, (size_t)slice * sizeof *sum);
    for (int r = 1; r < c->size; r++)
        for (int i = 0; i < slice; i++)
            sum[i] += o->parts[(size_t)r * (size_t)slice + (size_t)i];
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, x, o->counts, o->from, MPI_FLOAT, c->mpi);
}

void ordered_sum_run(ordered_sum *o, float *x, size_t n) {
    for (size_t at = 0; o->c->size > 1 && at < n; at += PIECE)
        sum_piece(o, x + at, n - at < PIECE ? n - at : PIECE);
}
