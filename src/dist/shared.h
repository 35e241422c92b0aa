// SPDX-License-Identifier: Apache-2.0
/* Memory that all ranks of a communicator on one node see at once (an MPI shared-memory window). A
 * rank alone gets ordinary memory with huge pages. */
#ifndef WORDSHARD_SHARED_H
#define WORDSHARD_SHARED_H

#include <stddef.h>

#include "comm.h"

typedef struct {
    void *data; /* the same bytes on every rank of the communicator; zeros at first; 64-byte
                   aligned */
    size_t bytes;
    void *window; /* NULL for ordinary memory */
} shared_block;

/* Collective over c, whose ranks are all on one node. STATUS_SPACE, with the numbers, if it cannot
 * fit. what: for the message. */
status shared_create(shared_block *b, const comm *c, size_t bytes, const char *what);

/* Collective over the same ranks. */
void shared_free(shared_block *b);

/* Collective. What one rank wrote is seen by all afterwards. */
void shared_sync(const shared_block *b, const comm *c);

#endif
