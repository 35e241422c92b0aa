// SPDX-License-Identifier: Apache-2.0
#include "replicas.h"

/* First item of part `part` when n items are split over n_parts. */
static int split(int n, int part, int n_parts) {
    return (int)((int64_t)n * part / n_parts);
}

/* The part that item belongs to. */
static int part_of(int item, int n, int n_parts) {
    int part = (int)((int64_t)item * n_parts / n);
    while (split(n, part + 1, n_parts) <= item)
        part++;
    return part;
}

static void place(replicas *r, int node, int n_nodes, int rank, int n_ranks) {
    int first = split(r->n, node, n_nodes), n = split(r->n, node + 1, n_nodes) - first;
    if (n <= n_ranks) {
        r->first = first + part_of(rank, n_ranks, n);
        r->n_local = 1;
    } else {
        r->first = first + split(n, rank, n_ranks);
        r->n_local = first + split(n, rank + 1, n_ranks) - r->first;
    }
}

static status check_nodes(const replicas *r) {
    if (r->n >= r->n_nodes)
        return status_ok();
    return status_error(STATUS_USAGE,
                        "--replicas %d: there are %d nodes, and each needs a replica of its own",
                        r->n, r->n_nodes);
}

status replicas_create(replicas *r, const comm *world, int64_t n) {
    comm *node = comm_split_node(world);
    int is_first = comm_rank(node) == 0;
    int n_nodes = (int)comm_sum(world, is_first);
    int64_t index = comm_sum_before(world, is_first);
    comm_broadcast(node, 0, &index, sizeof index);
    *r = (replicas){.n = n ? (int)n : n_nodes, .n_nodes = n_nodes};
    const status s = check_nodes(r);
    if (!s.code) {
        place(r, (int)index, n_nodes, comm_rank(node), comm_size(node));
        r->mine = comm_split(world, r->first);
        r->n_sharing = comm_size(r->mine);
        r->slices = (int)comm_min(world, r->n_sharing);
        int place_in = comm_rank(r->mine);
        r->peers =
            comm_split(world, place_in < r->slices ? place_in : r->slices + comm_rank(world));
        r->n_peers = (int)comm_max(world, place_in < r->slices ? comm_size(r->peers) : 1);
    }
    comm_free(&node);
    return s;
}

/* Replicas of a node and the groups of ranks that share them: n = the ranks of the group. */
static void foresee_node(replicas *r, int node, int n_ranks) {
    for (int rank = 0, n; rank < n_ranks; rank += n) {
        replicas here = {.n = r->n}, next = here;
        place(&here, node, r->n_nodes, rank, n_ranks);
        for (n = 1; rank + n < n_ranks; n++) {
            place(&next, node, r->n_nodes, rank + n, n_ranks);
            if (next.first != here.first)
                break;
        }
        r->n_peers++;
        r->slices = n < r->slices || !r->slices ? n : r->slices;
        if (here.n_local > r->n_local) {
            r->first = here.first;
            r->n_local = here.n_local;
            r->n_sharing = n;
        }
    }
}

status replicas_foresee(replicas *r, int n_ranks, int n_nodes, int64_t n) {
    *r = (replicas){.n = n ? (int)n : n_nodes, .n_nodes = n_nodes};
    const status s = check_nodes(r);
    for (int node = 0; !s.code && node < n_nodes; node++)
        foresee_node(r, node, split(n_ranks, node + 1, n_nodes) - split(n_ranks, node, n_nodes));
    return s;
}

void replicas_foresee_one(replicas *r, int n_node_ranks) {
    *r = (replicas){.n = 1, .n_local = 1, .n_sharing = n_node_ranks, .slices = 1, .n_peers = 1};
}

void replicas_create_one(replicas *r, const comm *world) {
    comm *node = comm_split_node(world);
    replicas_foresee_one(r, comm_size(node));
    r->mine = node;
    r->peers = comm_split(world, comm_rank(world));
}

void replicas_clear(replicas *r) {
    comm_free(&r->mine);
    comm_free(&r->peers);
}
