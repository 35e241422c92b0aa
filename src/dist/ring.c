// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include "comm_internal.h"
#include "memory.h"

enum {
    TAG_WHOLE = 11,  /* a block that has had all its training, */
    TAG_PARTLY = 12, /* and one that has not */
    UNIT = 64,       /* bytes that messages are counted in */
    SPARE = 2        /* slots beside those in use: a block that comes while another still goes */
};

/* Blocks are told by their place in the sequence in which this rank sees them in an epoch: 0..n-1
 * are at home, n + m is the m-th to come. Centre first + i works with i + s in step s. Place q
 * lives in slot (base + q) mod n_slots; base goes on from epoch to epoch, since blocks come home to
 * other slots than they left. */
struct ring {
    const comm *c;
    int n_groups, first, n;
    int before, after; /* neighbours that have groups; this rank if there is no other */
    int64_t base;
    int n_slots;
    size_t slot_bytes; /* of the largest block */
    size_t *bytes;     /* [n_groups] */
    char *slots;       /* [n_slots, slot_bytes] */
    MPI_Datatype unit;
    MPI_Request *sends; /* [n_slots] by slot */
    MPI_Request receives[SPARE];
    int n_sent, n_gone;      /* sends begun, ended */
    int n_asked, n_received; /* receives begun, ended */
    int n_whole;             /* of the received, those before the first that was not whole */
    int64_t total_sent;
};

void ring_share(int n_groups, int rank, int n_ranks, int *first, int *n) {
    *first = (int)((int64_t)n_groups * rank / n_ranks);
    *n = (int)((int64_t)n_groups * (rank + 1) / n_ranks) - *first;
}

int ring_owner(int n_groups, int which, int n_ranks) {
    return (int)(((int64_t)(which + 1) * n_ranks - 1) / n_groups);
}

static size_t rounded(size_t bytes) {
    return (bytes + UNIT - 1) / UNIT * UNIT;
}

static size_t largest(int n_groups, const size_t *bytes) {
    size_t most = UNIT;
    for (int g = 0; g < n_groups; g++)
        if (rounded(bytes[g]) > most)
            most = rounded(bytes[g]);
    return most;
}

static int count_slots(int n_groups, int n) {
    return n == 0 || n == n_groups ? n : n + SPARE;
}

double ring_bytes(int n_groups, size_t most_bytes, int rank, int n_ranks) {
    int first, n;
    ring_share(n_groups, rank, n_ranks, &first, &n);
    return (double)count_slots(n_groups, n) * (double)rounded(most_bytes);
}

static int wrap(const ring *r, int which) {
    return (which % r->n_groups + r->n_groups) % r->n_groups;
}

status ring_create(ring **slot, const comm *c, int n_groups, const size_t *bytes) {
    status s = mem_new(slot, 1, sizeof **slot, "the travelling rows");
    if (s.code)
        return s;
    ring *r = *slot;
    r->c = c;
    r->n_groups = n_groups;
    ring_share(n_groups, c->rank, c->size, &r->first, &r->n);
    r->n_slots = count_slots(n_groups, r->n);
    r->slot_bytes = largest(n_groups, bytes);
    MPI_Type_contiguous(UNIT, MPI_BYTE, &r->unit);
    MPI_Type_commit(&r->unit);
    if (r->n) {
        r->before = ring_owner(n_groups, wrap(r, r->first - 1), c->size);
        r->after = ring_owner(n_groups, wrap(r, r->first + r->n), c->size);
    }
    const size_t n = (size_t)r->n_slots;
    s = mem_new(&r->bytes, (size_t)n_groups, sizeof *r->bytes, "the travelling rows");
    if (!s.code)
        s = mem_new(&r->sends, n, sizeof(MPI_Request), "the travelling rows");
    if (!s.code)
        s = mem_new(&r->slots, n, r->slot_bytes, "the travelling rows");
    if (s.code) {
        ring_destroy(slot);
        return s;
    }
    for (int g = 0; g < n_groups; g++)
        r->bytes[g] = rounded(bytes[g]);
    return s;
}

void ring_destroy(ring **slot) {
    ring *r = *slot;
    if (!r)
        return;
    MPI_Type_free(&r->unit);
    mem_free(&r->bytes);
    mem_free(&r->sends);
    mem_free(&r->slots);
    mem_free(slot);
}

bool ring_moves(const ring *r) {
    return r->n > 0 && r->n < r->n_groups;
}

static int slot_of(const ring *r, int place) {
    return (int)((r->base + place) % r->n_slots);
}

static char *at_place(const ring *r, int place) {
    return r->slots + (size_t)slot_of(r, place) * r->slot_bytes;
}

void *ring_block(const ring *r, int centre, int step) {
    if (!ring_moves(r))
        return r->slots + (size_t)wrap(r, centre + step) * r->slot_bytes;
    return at_place(r, centre - r->first + step);
}

static int units(const ring *r, int place) {
    return (int)(r->bytes[wrap(r, r->first + place)] / UNIT);
}

static void begin_sends(ring *r, ring_steps finished) {
    for (; r->n_sent < finished.all; r->n_sent++) {
        const int place = r->n_sent, tag = place < finished.whole ? TAG_WHOLE : TAG_PARTLY;
        MPI_Isend(at_place(r, place), units(r, place), r->unit, r->before, tag, r->c->mpi,
                  &r->sends[slot_of(r, place)]);
        r->total_sent += (int64_t)units(r, place) * UNIT;
    }
}

/* A block may come into a slot when the one that was there has gone: place q follows q - n_slots.
 * Messages of one rank are received in the order in which it sends them, and it sends nothing else
 * before all its blocks: any tag is a block's. */
static void begin_receives(ring *r) {
    for (; r->n_asked < r->n_groups && r->n_asked - r->n_received < SPARE &&
           r->n + r->n_asked - r->n_slots < r->n_gone;
         r->n_asked++) {
        const int place = r->n + r->n_asked;
        MPI_Irecv(at_place(r, place), units(r, place), r->unit, r->after, MPI_ANY_TAG, r->c->mpi,
                  &r->receives[r->n_asked % SPARE]);
    }
}

static void note_received(ring *r, const MPI_Status *message) {
    r->n_whole += r->n_whole == r->n_received && message->MPI_TAG == TAG_WHOLE;
    r->n_received++;
}

static void end_messages(ring *r) {
    int ended = 1;
    while (ended && r->n_gone < r->n_sent) {
        MPI_Test(&r->sends[slot_of(r, r->n_gone)], &ended, MPI_STATUS_IGNORE);
        r->n_gone += ended;
    }
    ended = 1;
    while (ended && r->n_received < r->n_asked) {
        MPI_Status message;
        MPI_Test(&r->receives[r->n_received % SPARE], &ended, &message);
        if (ended)
            note_received(r, &message);
    }
}

/* The oldest message that comes, or else that goes. */
static void wait_for_one(ring *r) {
    if (r->n_received < r->n_asked) {
        MPI_Status message;
        MPI_Wait(&r->receives[r->n_received % SPARE], &message);
        note_received(r, &message);
    } else if (r->n_gone < r->n_sent) {
        MPI_Wait(&r->sends[slot_of(r, r->n_gone)], MPI_STATUS_IGNORE);
        r->n_gone++;
    }
}

ring_steps ring_move(ring *r, ring_steps finished) {
    begin_sends(r, finished);
    end_messages(r);
    begin_receives(r);
    return (ring_steps){.all = r->n_received + 1, .whole = r->n_whole + 1};
}

void ring_end(ring *r, int whole) {
    if (!ring_moves(r))
        return;
    while (r->n_gone < r->n_groups || r->n_received < r->n_groups) {
        ring_move(r, (ring_steps){.all = r->n_groups, .whole = whole});
        wait_for_one(r);
    }
    r->base += r->n_groups;
    r->n_sent = r->n_gone = r->n_asked = r->n_received = r->n_whole = 0;
}

int64_t ring_bytes_sent(const ring *r) {
    return r->total_sent;
}
