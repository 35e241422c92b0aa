// SPDX-License-Identifier: Apache-2.0
/* Which ranks hold which copy of the tables.
 *
 * A replica lives on one node. Its ranks share it; a rank may also hold several replicas alone,
 * when there are more replicas than ranks. Replicas are numbered by rank, so a fixed order of
 * replicas is an order of ranks. */
#ifndef WORDSHARD_REPLICAS_H
#define WORDSHARD_REPLICAS_H

#include "comm.h"

typedef struct {
    int n; /* replicas in all */
    int n_nodes;
    int first, n_local; /* those of this rank: [first, first + n_local) */
    comm *mine;         /* ranks that share them (this one alone when n_local > 1), */
    int n_sharing;      /* and how many these are */
    int slices;  /* rows are merged in this many parts at once: the fewest ranks of a replica */
    int n_peers; /* size of peers for such ranks: known to all */
    comm *peers; /* for a rank whose place in mine is below slices: the ranks with that place in
                    the other replicas, by replica; a comm of its own otherwise */
} replicas;

/* Collective. n = 0: one replica on each node. STATUS_USAGE if n is less than the nodes. */
status replicas_create(replicas *r, const comm *world, int64_t n);
/* Local. The numbers that a rank of such a job would have, without communicators: of the first rank
 * of the node with the most replicas. Ranks are spread evenly over the nodes. */
status replicas_foresee(replicas *r, int n_ranks, int n_nodes, int64_t n);
/* Collective. One logical copy of which every node keeps what it needs: mine is the ranks of this
 * node, and nothing is ever merged. */
void replicas_create_one(replicas *r, const comm *world);
/* Local. The numbers of this without communicators. */
void replicas_foresee_one(replicas *r, int n_node_ranks);
void replicas_clear(replicas *r);

#endif
