// SPDX-License-Identifier: Apache-2.0
#include "exchange_pieces.h"

#include <limits.h>
#include <string.h>

#include "comm_internal.h"
#include "memory.h"

/* One message of MPI counts its elements in an int. */
static const int64_t PIECE = (int64_t)1 << 29;

enum { AT_ONCE = 8 }; /* messages that a rank sends before it waits for the oldest */

static int64_t count_requests(const comm *c, const int64_t *send_bytes, const int64_t *recv_bytes,
                              int64_t piece) {
    int64_t n = 0;
    for (int r = 0; r < c->size; r++)
        n += (send_bytes[r] + piece - 1) / piece + (recv_bytes[r] + piece - 1) / piece;
    return n;
}

static int64_t sum_before(const int64_t *x, int n) {
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* Pieces of a rank's bytes, to it or from it; returns the number of requests. */
static int begin_pieces(const comm *c, char *at, int64_t bytes, int rank, int64_t piece, bool send,
                        MPI_Request *requests) {
    int n = 0;
    for (; bytes > 0; at += piece, bytes -= piece, n++) {
        const int now = (int)(bytes < piece ? bytes : piece);
        if (send)
            MPI_Isend(at, now, MPI_BYTE, rank, 0, c->mpi, &requests[n]);
        else
            MPI_Irecv(at, now, MPI_BYTE, rank, 0, c->mpi, &requests[n]);
    }
    return n;
}

/* Everybody begins with another rank, and sends to few at a time, so that no rank is flooded. */
static void move(const comm *c, const char *send, const int64_t *send_bytes, char *recv,
                 const int64_t *recv_bytes, int64_t piece, MPI_Request *requests) {
    const int64_t total = sum_before(recv_bytes, c->size);
    int64_t to = sum_before(send_bytes, c->rank), from = sum_before(recv_bytes, c->rank);
    int n = 0;
    for (int step = 1; step < c->size; step++) {
        const int r = (c->rank - step + c->size) % c->size;
        from = (r == c->size - 1 ? total : from) - recv_bytes[r];
        n += begin_pieces(c, recv + from, recv_bytes[r], r, piece, false, requests + n);
    }
    for (int step = 1, waited = n; step < c->size; step++) {
        const int before = (c->rank + step - 1) % c->size, r = (before + 1) % c->size;
        to = r == 0 ? 0 : to + send_bytes[before];
        for (; n - waited >= AT_ONCE; waited++)
            MPI_Wait(&requests[waited], MPI_STATUS_IGNORE);
        n += begin_pieces(c, (char *)send + to, send_bytes[r], r, piece, true, requests + n);
    }
    MPI_Waitall(n, requests, MPI_STATUSES_IGNORE);
}

status exchange_in_pieces(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                          size_t *capacity, int64_t *recv_bytes, int64_t piece) {
    MPI_Request *requests = NULL;
    MPI_Alltoall(send_bytes, 1, MPI_INT64_T, recv_bytes, 1, MPI_INT64_T, c->mpi);
    size_t total = (size_t)sum_before(recv_bytes, c->size);
    status s = mem_grow(buffer, capacity, total ? total : 1, 1, "received data");
    if (!s.code)
        s = mem_new(&requests, (size_t)count_requests(c, send_bytes, recv_bytes, piece),
                    sizeof *requests, "message requests");
    s = comm_agree(c, s);
    if (!s.code) {
        char *recv;
        memcpy(&recv, buffer, sizeof recv);
        if (send_bytes[c->rank])
            memcpy(recv + sum_before(recv_bytes, c->rank),
                   (const char *)send + sum_before(send_bytes, c->rank),
                   (size_t)send_bytes[c->rank]);
        move(c, send, send_bytes, recv, recv_bytes, piece, requests);
    }
    mem_free(&requests);
    return s;
}

status exchange_into(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                     size_t *capacity, int64_t *recv_bytes) {
    return exchange_in_pieces(c, send, send_bytes, buffer, capacity, recv_bytes, PIECE);
}

status exchange_bytes(const comm *c, const void *send, const int64_t *send_bytes, void *recv,
                      int64_t *recv_bytes) {
    size_t capacity = 0;
    void *nothing = NULL;
    memcpy(recv, &nothing, sizeof nothing);
    return exchange_into(c, send, send_bytes, recv, &capacity, recv_bytes);
}

static void gather_small(const comm *c, const void *data, const int64_t *sizes, int *scratch,
                         void *out) {
    int *counts = scratch, *offsets = scratch + c->size, at = 0;
    for (int r = 0; r < c->size; r++) {
        counts[r] = (int)sizes[r];
        offsets[r] = at;
        at += counts[r];
    }
    MPI_Allgatherv(data, counts[c->rank], MPI_BYTE, out, counts, offsets, MPI_BYTE, c->mpi);
}

static void gather_large(const comm *c, const void *data, const int64_t *sizes, char *out) {
    for (int r = 0; r < c->size; r++) {
        if (r == c->rank && sizes[r])
            memcpy(out, data, (size_t)sizes[r]);
        comm_broadcast(c, r, out, (size_t)sizes[r]);
        out += sizes[r];
    }
}

status exchange_gather_most(const comm *c, const void *data, int64_t bytes, void *buffer,
                            size_t *capacity, int64_t *total, int64_t most) {
    int64_t *sizes = NULL;
    int *scratch = NULL;
    status s = mem_new(&sizes, (size_t)c->size, sizeof *sizes, "sizes of the ranks");
    if (!s.code)
        s = mem_new(&scratch, 2 * (size_t)c->size, sizeof *scratch, "sizes of the ranks");
    s = comm_agree(c, s);
    if (!s.code) {
        comm_gather_all(c, bytes, sizes);
        *total = sum_before(sizes, c->size);
        s = comm_agree(
            c, mem_grow(buffer, capacity, *total ? (size_t)*total : 1, 1, "data of all ranks"));
    }
    if (!s.code) {
        char *out;
        memcpy(&out, buffer, sizeof out);
        if (*total <= most)
            gather_small(c, data, sizes, scratch, out);
        else
            gather_large(c, data, sizes, out);
    }
    mem_free(&sizes);
    mem_free(&scratch);
    return s;
}

status exchange_gather(const comm *c, const void *data, int64_t bytes, void *buffer,
                       size_t *capacity, int64_t *total) {
    return exchange_gather_most(c, data, bytes, buffer, capacity, total, INT_MAX);
}
