// SPDX-License-Identifier: Apache-2.0
/* The processes that take part in a collective call, as seen by a folder that does not know MPI.
 * dist/comm makes one from a communicator; group_alone() is a group of one. */
#ifndef WORDSHARD_GROUP_H
#define WORDSHARD_GROUP_H

#include <stdbool.h>

#include "status.h"

typedef struct {
    int rank, size;
    int handle;    /* Fortran handle of the communicator, for libraries that need one; 0 if alone */
    void *context; /* what agree needs */
    /* Collective. The same status on every rank: the failure of the lowest rank that has one. */
    status (*agree)(void *context, status mine);
} group;

group group_alone(void);

static inline status group_agree(const group *g, status mine) {
    return g->size > 1 ? g->agree(g->context, mine) : mine;
}

#endif
