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

status replicas_create(replicas *r, const comm *world, int64_t n) {
    comm *node = comm_split_node(world);
    int is_first = comm_rank(node) == 0;
    int n_nodes = (int)comm_sum(world, is_first);
    int64_t index = comm_sum_before(world, is_first);
    comm_broadcast(node, 0, &index, sizeof index);
    *r = (replicas){.n = n ? (int)n : n_nodes, .n_nodes = n_nodes};
    status s = status_ok();
    if (r->n < n_nodes)
        s = status_error(STATUS_USAGE,
                         "--replicas %d: there are %d nodes, and each needs a replica of its own",
                         r->n, n_nodes);
    if (!s.code) {
        place(r, (int)index, n_nodes, comm_rank(node), comm_size(node));
        r->mine = comm_split(world, r->first);
        r->slices = (int)comm_min(world, comm_size(r->mine));
        int place_in = comm_rank(r->mine);
        r->peers =
            comm_split(world, place_in < r->slices ? place_in : r->slices + comm_rank(world));
        r->n_peers = (int)comm_max(world, place_in < r->slices ? comm_size(r->peers) : 1);
    }
    comm_free(&node);
    return s;
}

void replicas_create_one(replicas *r, const comm *world) {
    *r = (replicas){.n = 1, .n_local = 1, .mine = comm_split_node(world), .slices = 1};
    r->peers = comm_split(world, comm_rank(world));
    r->n_peers = 1;
}

void replicas_clear(replicas *r) {
    comm_free(&r->mine);
    comm_free(&r->peers);
}
