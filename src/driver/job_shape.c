// SPDX-License-Identifier: Apache-2.0
#include "job_shape.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "memory.h"

/* ---- how many */

/* Ranks are spread evenly, as with --ntasks-per-node. j: as launched. */
static status plan(job_shape *j, const options *o) {
    j->planned = true;
    j->nodes = o->plan_nodes ? (int)o->plan_nodes : o->plan_ranks ? 1 : j->nodes;
    j->ranks = o->plan_ranks ? (int)o->plan_ranks : j->ranks;
    j->node_ranks = (j->ranks + j->nodes - 1) / j->nodes;
    j->rank = j->ranks - 1;
    if (j->nodes > j->ranks)
        return status_error(STATUS_USAGE, "--nodes %d: there are only %d ranks; see --ranks",
                            j->nodes, j->ranks);
    return status_ok();
}

status job_shape_find(job_shape *j, const options *o, const comm *world) {
    comm *node = comm_split_node(world);
    *j = (job_shape){.ranks = comm_size(world),
                     .nodes = (int)comm_sum(world, comm_rank(node) == 0),
                     .node_ranks = (int)comm_max(world, comm_size(node)),
                     .rank = comm_rank(world),
                     .threads = common_threads(o)};
    comm_free(&node);
    return o->command & C_PLAN ? plan(j, o) : status_ok();
}

/* ---- what is there before anything is asked for */

/* Bytes of this process by kind, as the kernel counts them; 0 if it does not tell. */
static void read_pages(double *all, double *anonymous, double *shared) {
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    double kib;
    *all = *anonymous = *shared = 0;
    while (f && fgets(line, sizeof line, f)) {
        if (sscanf(line, "VmRSS: %lf kB", &kib) == 1)
            *all = kib * 1024;
        if (sscanf(line, "RssAnon: %lf kB", &kib) == 1)
            *anonymous = kib * 1024;
        if (sscanf(line, "RssShmem: %lf kB", &kib) == 1)
            *shared = kib * 1024;
    }
    if (f)
        fclose(f);
}

void job_shape_add_process(const job_shape *j, estimate *e) {
    double all, anonymous, shared;
    const double live = (double)mem_live_bytes();
    read_pages(&all, &anonymous, &shared);
    const double own = anonymous > live ? anonymous - live : 0;
    estimate_add(e, "program and libraries", own + (all - anonymous - shared) / j->node_ranks);
    estimate_add(e, "vocabulary", live);
}

/* ---- whether it fits */

static status check_limit(const options *o, double bytes, const char *advice) {
    char need[32], have[32];
    if (!o->memory || bytes <= (double)o->memory)
        return status_ok();
    return status_error(STATUS_SPACE, "this run needs %s for each rank, --memory gives %s; %s",
                        mem_format(need, bytes), mem_format(have, (double)o->memory), advice);
}

static status check_planned_node(const job_shape *j, const options *o, double bytes,
                                 const char *advice) {
    char need[32], have[32];
    const double on_node = bytes * j->node_ranks;
    if (!o->node_memory || on_node <= (double)o->node_memory)
        return status_ok();
    return status_error(STATUS_SPACE,
                        "this run needs %s on each node for its %d rank(s), --node-memory gives "
                        "%s; %s",
                        mem_format(need, on_node), j->node_ranks,
                        mem_format(have, (double)o->node_memory), advice);
}

static status check_this_node(const job_shape *j, const comm *world, double bytes,
                              const char *advice) {
    char need[32], have[32];
    estimate now = {0};
    job_shape_add_process(j, &now);
    comm *node = comm_split_node(world);
    const double on_node = comm_sum_real(node, bytes - estimate_sum(&now));
    const double available = (double)mem_available();
    comm_free(&node);
    if (available <= 0 || on_node <= available)
        return status_ok();
    return status_error(STATUS_SPACE, "this run needs %s more on this node, %s are available; %s",
                        mem_format(need, on_node), mem_format(have, available), advice);
}

status job_shape_check(const job_shape *j, const options *o, const comm *world, const estimate *e,
                       const char *advice) {
    const double bytes = estimate_sum(e);
    status s = check_limit(o, bytes, advice);
    const status node = j->planned || o->node_memory ? check_planned_node(j, o, bytes, advice)
                                                     : check_this_node(j, world, bytes, advice);
    return comm_agree(world, status_first(s, node));
}
