// SPDX-License-Identifier: Apache-2.0
#include "exchange.h"

#include <limits.h>
#include <string.h>

#include "comm_internal.h"
#include "memory.h"

/* One message of MPI counts its elements in an int. */
static const int64_t PIECE = (int64_t)1 << 29;

enum { TAG = 0 };

static int64_t pieces(int64_t bytes) {
    return (bytes + PIECE - 1) / PIECE;
}

void exchange_sizes(const comm *c, const int64_t *send, int64_t *recv) {
    MPI_Alltoall(send, 1, MPI_INT64_T, recv, 1, MPI_INT64_T, c->mpi);
}

struct exchange_running {
    int n;
    MPI_Request requests[];
};

static void begin_pieces(const comm *c, char *data, const int64_t *bytes, bool send,
                         exchange_running *x) {
    for (int r = 0; r < c->size; r++) {
        for (int64_t at = 0; r != c->rank && at < bytes[r]; at += PIECE) {
            const int64_t left = bytes[r] - at;
            const int n = (int)(left < PIECE ? left : PIECE);
            if (send)
                MPI_Isend(data + at, n, MPI_BYTE, r, TAG, c->mpi, &x->requests[x->n++]);
            else
                MPI_Irecv(data + at, n, MPI_BYTE, r, TAG, c->mpi, &x->requests[x->n++]);
        }
        data += bytes[r];
    }
}

static int64_t sum_before(const int64_t *x, int n) {
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

status exchange_begin(exchange_running **slot, const comm *c, const void *send,
                      const int64_t *send_bytes, void *recv, const int64_t *recv_bytes) {
    int64_t n = 0;
    for (int r = 0; r < c->size; r++)
        n += pieces(send_bytes[r]) + pieces(recv_bytes[r]);
    const status s = comm_agree(
        c, mem_new(slot, 1, sizeof **slot + (size_t)n * sizeof(MPI_Request), "message requests"));
    if (s.code) {
        mem_free(slot);
        return s;
    }
    char *from = (char *)(uintptr_t)send; /* begin_pieces writes to what it receives alone */
    if (send_bytes[c->rank])
        memcpy((char *)recv + sum_before(recv_bytes, c->rank),
               from + sum_before(send_bytes, c->rank), (size_t)send_bytes[c->rank]);
    begin_pieces(c, recv, recv_bytes, false, *slot);
    begin_pieces(c, from, send_bytes, true, *slot);
    return s;
}

void exchange_move(exchange_running *x) {
    int ended;
    MPI_Testall(x->n, x->requests, &ended, MPI_STATUSES_IGNORE);
}

void exchange_end(exchange_running **slot) {
    if (!*slot)
        return;
    MPI_Waitall((*slot)->n, (*slot)->requests, MPI_STATUSES_IGNORE);
    mem_free(slot);
}

status exchange_into(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                     size_t *capacity, int64_t *recv_bytes) {
    exchange_running *running = NULL;
    exchange_sizes(c, send_bytes, recv_bytes);
    const size_t total = (size_t)sum_before(recv_bytes, c->size);
    status s = comm_agree(c, mem_grow(buffer, capacity, total ? total : 1, 1, "received data"));
    if (s.code)
        return s;
    void *recv;
    memcpy(&recv, buffer, sizeof recv);
    s = exchange_begin(&running, c, send, send_bytes, recv, recv_bytes);
    exchange_end(&running);
    return s;
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

status exchange_gather(const comm *c, const void *data, int64_t bytes, void *buffer,
                       size_t *capacity, int64_t *total) {
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
        if (*total <= INT_MAX)
            gather_small(c, data, sizes, scratch, out);
        else
            gather_large(c, data, sizes, out);
    }
    mem_free(&sizes);
    mem_free(&scratch);
    return s;
}
