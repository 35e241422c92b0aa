// SPDX-License-Identifier: Apache-2.0
/* The cold rows of the next round (placement.h) come from their owners while the present one is
 * trained. Collective over the ranks that merge unless marked otherwise; others need not call. */
#ifndef WORDSHARD_PULL_H
#define WORDSHARD_PULL_H

#include "placement.h"

typedef struct pull pull;

/* Local. Buffers that live from round to round. p must outlive them. */
status pull_create(pull **x, const placement *p);
void pull_destroy(pull **x);

/* Ask for the rows that placement_plan has listed, and begin to send those that others ask for: as
 * they are after the last merge. */
status pull_begin(pull *x);

/* Local. Let messages go on; the thread that started MPI. */
void pull_move(pull *x);

/* The rows have come: placement.cold_base of the next round holds them. */
void pull_end(pull *x);

/* Local. The rows of this rank that a peer has asked for in the last pull_begin, ascending. */
const int32_t *pull_asked(const pull *x, int peer, int64_t *n);

/* Local. Bytes that this rank has sent to others. */
int64_t pull_bytes_sent(const pull *x);

#endif
