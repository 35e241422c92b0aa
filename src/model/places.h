// SPDX-License-Identifier: Apache-2.0
/* Where the rows of one worker are: the slots of rows of which only some are held, and while
 * several workers have copies of them (rounds.c), which copy is this worker's. */
#ifndef WORDSHARD_PLACES_H
#define WORDSHARD_PLACES_H

#include <stdint.h>

typedef struct {
    const int32_t *slots; /* [rows] of rows; NULL = each has its own number. The rest is by slot. */
    const uint64_t *masks;  /* [n] a bit for each worker that uses the row; NULL = no copies */
    const uint32_t *copies; /* [n] the first copy of a row that several use, behind row n */
    int64_t n;
    uint64_t before; /* bits of the workers whose copies come before */
} row_places;

/* The number of ones. The baseline of x86-64 has no instruction for it. */
static inline uint32_t places_count(uint64_t x) {
    x -= (x >> 1) & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + ((x >> 2) & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (uint32_t)((x * 0x0101010101010101u) >> 56);
}

static inline int32_t places_slot(const int32_t *slots, int32_t row) {
    return slots ? slots[row] : row;
}

/* The place of what is in a slot. */
static inline int32_t places_of_slot(const row_places *p, int32_t slot) {
    if (!p->masks)
        return slot;
    const uint64_t mask = p->masks[slot];
    if (!(mask & (mask - 1)))
        return slot;
    return (int32_t)(p->n + p->copies[slot] + places_count(mask & p->before));
}

/* Different rows have different places. */
static inline int32_t places_find(const row_places *p, int32_t row) {
    return places_of_slot(p, places_slot(p->slots, row));
}

#endif
