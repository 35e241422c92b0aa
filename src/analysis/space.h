// SPDX-License-Identifier: Apache-2.0
/* The vectors of n words in one run, rows cut over ranks: what the measures of agreement compare.
 * Row i is the same word in every space of a comparison. */
#ifndef WORDSHARD_SPACE_H
#define WORDSHARD_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "comm.h"
#include "neighbours.h"
#include "status.h"

typedef struct {
    const comm *world;
    int64_t n;              /* words, on all ranks */
    int64_t begin, n_local; /* rows [begin, begin + n_local) are here (rows_share) */
    int64_t dim;
    size_t stride; /* floats from one row to the next: dim, padded with zeros to a cache line */
    float *rows;   /* [n_local][stride] */
} space;

/* Local. An empty space of zeros for n words. The caller clears, also after a failure. */
status space_create(space *s, const comm *world, int64_t n, int64_t dim);
void space_clear(space *s);

/* Local. to is a new space with the same rows scaled to length 1 (neighbours_normalise); zero rows
 * stay. */
status space_unit(const space *s, space *to);

/* Collective. All rows on every rank, as they are: of a space of unit rows it makes unit rows.
 * all->rows is a new block (mem_free). */
status space_gather(const space *s, unit_rows *all);

#endif
