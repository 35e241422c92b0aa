// SPDX-License-Identifier: Apache-2.0
#include "exchange_pieces.h"

#include <limits.h>
#include <string.h>

#include "comm_internal.h"
#include "memory.h"

/* One message of MPI counts its elements in an int. */
static const int64_t PIECE = (int64_t)1 << 29;

enum {
    TAG = 0,
    AT_ONCE = 8 /* messages that a rank sends before it waits for the oldest */
};

void exchange_sizes(const comm *c, const int64_t *send, int64_t *recv) {
    MPI_Alltoall(send, 1, MPI_INT64_T, recv, 1, MPI_INT64_T, c->mpi);
}

static int64_t sum_before(const int64_t *x, int n) {
    int64_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* ---- split phase */

typedef struct {
    char *data;
    int bytes, rank;
} message;

struct exchange_running {
    const comm *c;
    message *sends;                            /* [n_sends] in the order in which they go */
    MPI_Request *requests;                     /* [n_receives + n_sends] */
    int n_receives, n_sends, n_begun, n_ended; /* of sends: begun, and ended in order */
};

/* Pieces of what goes to a rank or comes from it. */
static int64_t count_pieces(const comm *c, const int64_t *bytes, int64_t piece) {
    int64_t n = 0;
    for (int r = 0; r < c->size; r++)
        n += r == c->rank ? 0 : (bytes[r] + piece - 1) / piece;
    return n;
}

static int list_pieces(const comm *c, char *data, const int64_t *bytes, int r, int64_t piece,
                       message *list) {
    int n = 0;
    data += sum_before(bytes, r);
    for (int64_t at = 0; r != c->rank && at < bytes[r]; at += piece) {
        const int64_t left = bytes[r] - at;
        list[n++] = (message){data + at, (int)(left < piece ? left : piece), r};
    }
    return n;
}

static status create(exchange_running **slot, const comm *c, int64_t n_receives, int64_t n_sends) {
    static const char what[] = "message requests";
    const int64_t n = n_receives + n_sends;
    status s = mem_new(slot, 1, sizeof **slot, what);
    if (s.code)
        return s;
    exchange_running *x = *slot;
    *x = (exchange_running){.c = c, .n_receives = (int)n_receives};
    s = mem_new(&x->requests, (size_t)n + 1, sizeof(MPI_Request), what);
    if (!s.code)
        s = mem_new(&x->sends, (size_t)n + 1, sizeof *x->sends, what);
    return s;
}

static void destroy(exchange_running **slot) {
    if (*slot) {
        mem_free(&(*slot)->requests);
        mem_free(&(*slot)->sends);
    }
    mem_free(slot);
}

/* Everybody begins with another rank, and sends few pieces at a time, so that no rank is flooded.
 */
static void begin_sends(exchange_running *x) {
    for (; x->n_begun < x->n_sends && x->n_begun - x->n_ended < AT_ONCE; x->n_begun++) {
        const message *m = &x->sends[x->n_begun];
        MPI_Isend(m->data, m->bytes, MPI_BYTE, m->rank, TAG, x->c->mpi,
                  &x->requests[x->n_receives + x->n_begun]);
    }
}

static void begin(exchange_running *x, char *send, const int64_t *send_bytes, char *recv,
                  const int64_t *recv_bytes, int64_t piece) {
    const comm *c = x->c;
    int n = 0;
    for (int step = 1; step < c->size; step++)
        n += list_pieces(c, recv, recv_bytes, (c->rank - step + c->size) % c->size, piece,
                         x->sends + n);
    for (int i = 0; i < n; i++)
        MPI_Irecv(x->sends[i].data, x->sends[i].bytes, MPI_BYTE, x->sends[i].rank, TAG, c->mpi,
                  &x->requests[i]);
    for (int step = 1; step < c->size; step++)
        x->n_sends += list_pieces(c, send, send_bytes, (c->rank + step) % c->size, piece,
                                  x->sends + x->n_sends);
    begin_sends(x);
}

static status begin_in_pieces(exchange_running **slot, const comm *c, const void *send,
                              const int64_t *send_bytes, void *recv, const int64_t *recv_bytes,
                              int64_t piece) {
    char *from = (char *)(uintptr_t)send; /* messages that go are read alone */
    const status s = comm_agree(
        c, create(slot, c, count_pieces(c, recv_bytes, piece), count_pieces(c, send_bytes, piece)));
    if (s.code) {
        destroy(slot);
        return s;
    }
    if (send_bytes[c->rank])
        memcpy((char *)recv + sum_before(recv_bytes, c->rank),
               from + sum_before(send_bytes, c->rank), (size_t)send_bytes[c->rank]);
    begin(*slot, from, send_bytes, recv, recv_bytes, piece);
    return s;
}

status exchange_begin(exchange_running **slot, const comm *c, const void *send,
                      const int64_t *send_bytes, void *recv, const int64_t *recv_bytes) {
    return begin_in_pieces(slot, c, send, send_bytes, recv, recv_bytes, PIECE);
}

void exchange_move(exchange_running *x) {
    int ended = 1;
    while (ended && x->n_ended < x->n_begun) {
        MPI_Test(&x->requests[x->n_receives + x->n_ended], &ended, MPI_STATUS_IGNORE);
        x->n_ended += ended;
    }
    begin_sends(x);
    MPI_Testall(x->n_receives, x->requests, &ended, MPI_STATUSES_IGNORE);
}

void exchange_end(exchange_running **slot) {
    exchange_running *x = *slot;
    if (!x)
        return;
    for (; x->n_ended < x->n_sends; x->n_ended++) {
        begin_sends(x);
        MPI_Wait(&x->requests[x->n_receives + x->n_ended], MPI_STATUS_IGNORE);
    }
    MPI_Waitall(x->n_receives, x->requests, MPI_STATUSES_IGNORE);
    destroy(slot);
}

/* ---- at once */

status exchange_in_pieces(const comm *c, const void *send, const int64_t *send_bytes, void *buffer,
                          size_t *capacity, int64_t *recv_bytes, int64_t piece) {
    exchange_running *running = NULL;
    exchange_sizes(c, send_bytes, recv_bytes);
    const size_t total = (size_t)sum_before(recv_bytes, c->size);
    status s = comm_agree(c, mem_grow(buffer, capacity, total ? total : 1, 1, "received data"));
    if (s.code)
        return s;
    void *recv;
    memcpy(&recv, buffer, sizeof recv);
    s = begin_in_pieces(&running, c, send, send_bytes, recv, recv_bytes, piece);
    exchange_end(&running);
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
