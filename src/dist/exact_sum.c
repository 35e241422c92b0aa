// SPDX-License-Identifier: Apache-2.0
#include "exact_sum.h"

#include "comm_internal.h"

/* MPI counts in an int. */
static const size_t PIECE = (size_t)1 << 26;

static void reduce(const comm *c, void *x, size_t n, size_t size, MPI_Datatype type, MPI_Op op) {
    for (size_t at = 0; c->size > 1 && at < n; at += PIECE)
        MPI_Allreduce(MPI_IN_PLACE, (char *)x + at * size, (int)(n - at < PIECE ? n - at : PIECE),
                      type, op, c->mpi);
}

void exact_sum_whole(const comm *c, int64_t *x, size_t n) {
    reduce(c, x, n, sizeof *x, MPI_INT64_T, MPI_SUM);
}

void exact_sum_reals(const comm *c, double *x, size_t n) {
    reduce(c, x, n, sizeof *x, MPI_DOUBLE, MPI_SUM);
}

void exact_highest(const comm *c, float *x, size_t n) {
    reduce(c, x, n, sizeof *x, MPI_FLOAT, MPI_MAX);
}
