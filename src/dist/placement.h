// SPDX-License-Identifier: Apache-2.0
/* Where the rows of a table are while several replicas train it.
 *
 * Every replica holds the hot rows, [0, n_hot): the most frequent ones, as rows are sorted. A cold
 * row lives with one owner. A replica holds those that it will touch in a round: it tells them
 * before, gets them from their owners, and the owners get the changes back (pull.h, merge.h).
 *
 * A rank that holds several replicas trains them in the same rows, one after the other (changes.h).
 *
 * A replica's rows have slots: the hot rows first, each in the slot of its number, then the cold
 * ones of the round, by owner and number. Owners are the ranks that merge (replicas.h): row i is
 * that of unit i mod n_units, unit u that of peer u mod n_peers in slice u / n_peers, so that
 * frequent rows are spread evenly. What is kept here is shared by the ranks of a node. */
#ifndef WORDSHARD_PLACEMENT_H
#define WORDSHARD_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replicas.h"
#include "shared.h"

typedef struct {
    int64_t n_rows; /* of the table */
    int64_t n_hot;
    int64_t room;       /* slots for cold rows; 0 if all rows are hot */
    size_t width, used; /* floats from row to row; floats that travel */
} placement_shape;

typedef struct {
    const replicas *r;
    placement_shape shape;
    int64_t n_slots;  /* n_hot + room */
    float *rows;      /* [n_slots, width] of the local replica that trains; the caller's */
    uint8_t *touched; /* [n_slots] 1 = it has changed the row since the last merge; the caller's */
    float *base;      /* [n_hot, width] the hot rows after the last merge, alike in all replicas */

    /* Cold rows; nothing of this without any. [2]: those of the present round and the next. */
    int now;
    int32_t *slots[2];   /* [n_rows] of hot rows and of those that the round holds */
    int32_t *ids[2];     /* [room] the cold rows of the round, by unit, ascending */
    int64_t *firsts[2];  /* [n_units + 1] of each unit in ids */
    float *cold_base[2]; /* [room, width] these rows after the last merge */
    float *own;          /* [slices, unit_rows, width] the cold rows of this node */
    uint8_t *wanted;     /* [n_rows] 1 = the next round touches the row */
    int n_units;
    int64_t unit_rows; /* rows of a unit at most */

    shared_block base_block, index, wanted_block, cold_block, own_block;
} placement;

/* Collective over r->mine, as all here unless marked otherwise. rows and touched are set by the
 * caller afterwards. STATUS_SPACE if memory does not suffice. */
status placement_create(placement *p, const replicas *r, const placement_shape *shape);
void placement_free(placement *p);

/* Local. Bytes of what is kept here, on this node. */
double placement_bytes(const replicas *r, const placement_shape *shape);

/* Local. Whether any row is cold. */
static inline bool placement_is_cut(const placement *p) {
    return p->shape.n_hot < p->shape.n_rows;
}

/* Local. The slot of each row in the present round; NULL where every row has its own number. */
const int32_t *placement_slots(const placement *p);

/* The rows that are wanted become those of the next round; the marks are cleared. STATUS_SPACE if
 * there are more than room. */
status placement_plan(placement *p);

/* The next round becomes the present one: its cold rows, which have come (pull.h), go to the
 * slots. */
void placement_turn(placement *p);

/* ---- owners; local */

static inline int placement_unit(const placement *p, int64_t row) {
    return (int)(row % p->n_units);
}

/* The unit of this rank's slice that a peer owns. */
static inline int placement_unit_of(const placement *p, int peer) {
    return comm_rank(p->r->mine) * p->r->n_peers + peer;
}

/* Whether this rank owns a row. */
static inline bool placement_owns(const placement *p, int64_t row) {
    return comm_rank(p->r->mine) < p->r->slices &&
           placement_unit(p, row) == placement_unit_of(p, comm_rank(p->r->peers));
}

/* A cold row that this node owns. */
static inline float *placement_own_row(const placement *p, int64_t row) {
    const int64_t slice = placement_unit(p, row) / p->r->n_peers;
    return p->own + (size_t)(slice * p->unit_rows + row / p->n_units) * p->shape.width;
}

/* The number of rows that this rank owns, and the i-th of them, ascending; ranks that do not merge
 * own none. *id: its number. The owned rows of all ranks tile the table. */
int64_t placement_owned(const placement *p);
float *placement_owned_row(const placement *p, int64_t i, int64_t *id);

#endif
