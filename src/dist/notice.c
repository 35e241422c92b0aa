// SPDX-License-Identifier: Apache-2.0
/* Words go to rank 0, which tells everybody once: 2 n empty messages, however many ranks begin. */
#include "notice.h"

#include "comm_internal.h"
#include "memory.h"

enum { TAG = 0 };

struct notice {
    const comm *world;
    MPI_Comm own;
    MPI_Request *sent; /* [n_sent]; room for one to each rank */
    int n_sent, n_received;
    bool given; /* to rank 0; on rank 0 to all others */
};

status notice_create(notice **slot, const comm *world) {
    status s = mem_new(slot, 1, sizeof **slot, "notices");
    if (!s.code)
        s = mem_new(&(*slot)->sent, (size_t)world->size, sizeof *(*slot)->sent, "notices");
    s = comm_agree(world, s);
    if (s.code) {
        if (*slot)
            mem_free(&(*slot)->sent);
        mem_free(slot);
        return s;
    }
    (*slot)->world = world;
    MPI_Comm_dup(world->mpi, &(*slot)->own);
    return s;
}

static void tell(notice *n, int rank) {
    MPI_Isend(NULL, 0, MPI_BYTE, rank, TAG, n->own, &n->sent[n->n_sent++]);
}

void notice_give(notice *n) {
    if (n->given)
        return;
    n->given = true;
    if (n->world->rank > 0)
        tell(n, 0);
    else
        for (int rank = 1; rank < n->world->size; rank++)
            tell(n, rank);
}

static void receive(notice *n) {
    MPI_Recv(NULL, 0, MPI_BYTE, MPI_ANY_SOURCE, TAG, n->own, MPI_STATUS_IGNORE);
    n->n_received++;
}

bool notice_came(notice *n) {
    int there = 0;
    if (n->world->size > 1)
        MPI_Iprobe(MPI_ANY_SOURCE, TAG, n->own, &there, MPI_STATUS_IGNORE);
    if (there)
        receive(n);
    if (n->world->rank == 0 && n->n_received)
        notice_give(n);
    return n->given || n->n_received;
}

void notice_destroy(notice **slot) {
    notice *n = *slot;
    if (!n)
        return;
    const bool is_first = n->world->rank == 0;
    const int64_t to_first = comm_sum(n->world, is_first ? 0 : n->n_sent);
    const int64_t from_first = comm_max(n->world, is_first ? n->n_sent > 0 : 0);
    while (n->n_received < (is_first ? to_first : from_first))
        receive(n);
    MPI_Waitall(n->n_sent, n->sent, MPI_STATUSES_IGNORE);
    MPI_Comm_free(&n->own);
    mem_free(&n->sent);
    mem_free(slot);
}
