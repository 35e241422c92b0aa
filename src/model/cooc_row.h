// SPDX-License-Identifier: Apache-2.0
/* One row of co-occurrence weights being added up: a dense array, and marks in two levels that lead
 * to what is not zero without a look at the rest. */
#ifndef WORDSHARD_COOC_ROW_H
#define WORDSHARD_COOC_ROW_H

#include <stdint.h>

#include "status.h"

typedef struct {
    uint64_t *sums;   /* [V]; zeros between two rows */
    uint64_t *marks;  /* a bit for each sum */
    uint64_t *groups; /* a bit for each word of marks */
    int64_t n_groups;
} cooc_row;

status cooc_row_init(cooc_row *r, int64_t n_words);
void cooc_row_clear(cooc_row *r);
/* Bytes that cooc_row_init takes. */
int64_t cooc_row_bytes(int64_t n_words);

static inline void cooc_row_mark(cooc_row *r, int32_t column) {
    r->marks[column >> 6] |= UINT64_C(1) << (column & 63);
    r->groups[column >> 12] |= UINT64_C(1) << (column >> 6 & 63);
}

static inline void cooc_row_add(cooc_row *r, int32_t column, uint64_t weight) {
    r->sums[column] += weight;
    cooc_row_mark(r, column);
}

/* The marked columns in rising order; the marks are gone. Returns how many. */
int64_t cooc_row_columns(cooc_row *r, int32_t *columns);

#endif
