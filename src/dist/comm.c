// SPDX-License-Identifier: Apache-2.0
#include "comm.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "comm_internal.h"
#include "exchange.h"

/* A handle is small and wanted before any memory limit is known: not counted. */
static comm *wrap(MPI_Comm mpi) {
    comm *c = malloc(sizeof *c);
    if (!c)
        abort();
    c->mpi = mpi;
    MPI_Comm_rank(mpi, &c->rank);
    MPI_Comm_size(mpi, &c->size);
    return c;
}

comm *comm_start(int *argc, char ***argv) {
    int given;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &given);
    if (given < MPI_THREAD_FUNNELED) {
        fprintf(stderr, "wordshard: error: this MPI library gives no thread support\n");
        MPI_Abort(MPI_COMM_WORLD, STATUS_INTERNAL);
    }
    return wrap(MPI_COMM_WORLD);
}

void comm_stop(comm **world) {
    free(*world);
    *world = NULL;
    MPI_Finalize();
}

comm *comm_split(const comm *c, int colour) {
    MPI_Comm mpi;
    MPI_Comm_split(c->mpi, colour, c->rank, &mpi);
    return wrap(mpi);
}

comm *comm_split_node(const comm *c) {
    MPI_Comm mpi;
    MPI_Comm_split_type(c->mpi, MPI_COMM_TYPE_SHARED, c->rank, MPI_INFO_NULL, &mpi);
    return wrap(mpi);
}

void comm_free(comm **c) {
    if (!*c)
        return;
    MPI_Comm_free(&(*c)->mpi);
    free(*c);
    *c = NULL;
}

int comm_rank(const comm *c) {
    return c->rank;
}

int comm_size(const comm *c) {
    return c->size;
}

static status agree_callback(void *context, status mine) {
    return comm_agree(context, mine);
}

group comm_group(const comm *c) {
    return (group){.rank = c->rank,
                   .size = c->size,
                   .handle = (int)MPI_Comm_c2f(c->mpi),
                   .context = (void *)c,
                   .agree = agree_callback};
}

status comm_agree(const comm *c, status mine) {
    int first = mine.code ? c->rank : INT_MAX, lowest;
    MPI_Allreduce(&first, &lowest, 1, MPI_INT, MPI_MIN, c->mpi);
    if (lowest == INT_MAX)
        return mine;
    MPI_Bcast(&mine, (int)sizeof mine, MPI_BYTE, lowest, c->mpi);
    return mine;
}

void comm_barrier(const comm *c) {
    MPI_Barrier(c->mpi);
}

/* Soon at first; others may need the processor when it takes longer. */
void comm_barrier_while(const comm *c, void (*meanwhile)(void *context), void *context) {
    static const struct timespec nap = {.tv_nsec = 200000};
    MPI_Request request;
    int ended = 0;
    MPI_Ibarrier(c->mpi, &request);
    for (int turns = 0; !ended; turns++) {
        meanwhile(context);
        MPI_Test(&request, &ended, MPI_STATUS_IGNORE);
        if (turns > 100 && !ended)
            nanosleep(&nap, NULL);
    }
}

void comm_broadcast(const comm *c, int root, void *data, size_t bytes) {
    const size_t most = (size_t)1 << 30;
    for (char *at = data; bytes;) {
        size_t now = bytes < most ? bytes : most;
        MPI_Bcast(at, (int)now, MPI_BYTE, root, c->mpi);
        at += now;
        bytes -= now;
    }
}

static int64_t reduce(const comm *c, int64_t x, MPI_Op op) {
    int64_t result;
    MPI_Allreduce(&x, &result, 1, MPI_INT64_T, op, c->mpi);
    return result;
}

int64_t comm_sum(const comm *c, int64_t x) {
    return reduce(c, x, MPI_SUM);
}

int64_t comm_max(const comm *c, int64_t x) {
    return reduce(c, x, MPI_MAX);
}

int64_t comm_min(const comm *c, int64_t x) {
    return reduce(c, x, MPI_MIN);
}

uint64_t comm_sum_wrapping(const comm *c, uint64_t x) {
    uint64_t result;
    MPI_Allreduce(&x, &result, 1, MPI_UINT64_T, MPI_SUM, c->mpi);
    return result;
}

double comm_sum_real(const comm *c, double x) {
    double sum = 0;
    for (int root = 0; root < c->size; root++) {
        double theirs = x;
        MPI_Bcast(&theirs, 1, MPI_DOUBLE, root, c->mpi);
        sum += theirs;
    }
    return sum;
}

static void reduce_all(const comm *c, int64_t *x, int64_t n, MPI_Op op) {
    const int64_t most = INT64_C(1) << 24;
    for (int64_t at = 0; at < n; at += most)
        MPI_Allreduce(MPI_IN_PLACE, x + at, (int)(n - at < most ? n - at : most), MPI_INT64_T, op,
                      c->mpi);
}

void comm_sum_all(const comm *c, int64_t *x, int64_t n) {
    reduce_all(c, x, n, MPI_SUM);
}

void comm_min_all(const comm *c, int64_t *x, int64_t n) {
    reduce_all(c, x, n, MPI_MIN);
}

void comm_spread(const comm *c, void *data, size_t bytes) {
    const size_t most = (size_t)1 << 28;
    for (size_t at = 0; at < bytes; at += most)
        MPI_Allreduce(MPI_IN_PLACE, (char *)data + at, (int)(bytes - at < most ? bytes - at : most),
                      MPI_BYTE, MPI_BOR, c->mpi);
}

int64_t comm_sum_before(const comm *c, int64_t x) {
    int64_t before = 0;
    MPI_Exscan(&x, &before, 1, MPI_INT64_T, MPI_SUM, c->mpi);
    return c->rank ? before : 0;
}

void comm_gather_all(const comm *c, int64_t x, int64_t *out) {
    MPI_Allgather(&x, 1, MPI_INT64_T, out, 1, MPI_INT64_T, c->mpi);
}

void comm_gather_reals(const comm *c, const double *x, size_t n, double *out) {
    MPI_Allgather(x, (int)n, MPI_DOUBLE, out, (int)n, MPI_DOUBLE, c->mpi);
}

status comm_concatenate(const comm *c, const void *data, int64_t bytes, void *out,
                        int64_t *out_bytes) {
    size_t capacity = 0;
    void *nothing = NULL;
    memcpy(out, &nothing, sizeof nothing);
    return exchange_gather(c, data, bytes, out, &capacity, out_bytes);
}

void comm_library(char *text, size_t size) {
    char name[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(name, &length);
    name[strcspn(name, "\n,")] = '\0';
    snprintf(text, size, "%s", name);
}

void comm_host(char *text, size_t size) {
    char name[MPI_MAX_PROCESSOR_NAME];
    int length;
    MPI_Get_processor_name(name, &length);
    snprintf(text, size, "%s", name);
}
