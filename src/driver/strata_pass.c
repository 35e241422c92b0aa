// SPDX-License-Identifier: Apache-2.0
#include "strata_pass.h"

#include <stdatomic.h>
#include <string.h>

#include "memory.h"
#include "stop.h"

static const char STEPS[] = "steps", LOSSES[] = "losses"; /* in a checkpoint */

status strata_pass_create(strata_pass *p, const comm *world, int n_groups) {
    *p = (strata_pass){.world = world, .n_groups = n_groups};
    ring_share(n_groups, comm_rank(world), comm_size(world), &p->first, &p->n);
    status s = strata_flow_create(&p->flow, p->n);
    if (!s.code)
        s = mem_new(&p->done, (size_t)p->n, sizeof *p->done, "steps of the groups");
    if (!s.code)
        s = mem_new(&p->loss, (size_t)p->n * (size_t)n_groups, sizeof *p->loss,
                    "losses of the buckets");
    return s;
}

void strata_pass_clear(strata_pass *p) {
    strata_flow_destroy(&p->flow);
    mem_free(&p->done);
    mem_free(&p->loss);
}

void strata_pass_begin(strata_pass *p) {
    for (int a = 0; a < p->n; a++)
        p->done[a] = 0;
}

/* ---- running */

typedef struct {
    strata_pass *pass;
    const strata_job *job;
    atomic_bool has_trained; /* a bucket, since it began or went on */
} running;

static bool train(void *context, int centre, int step, int thread) {
    running *r = context;
    const bool done = r->job->train(r->job->context, centre, step, thread);
    atomic_store(&r->has_trained, true);
    return done;
}

static strata_steps move(void *context, strata_steps finished) {
    const ring_steps here = ring_move(((running *)context)->job->contexts,
                                      (ring_steps){.all = finished.all, .whole = finished.whole});
    return (strata_steps){.all = here.all, .whole = here.whole};
}

/* However often a checkpoint is due, there is something new in each. */
static bool halts(void *context) {
    running *r = context;
    return stop_asked() || (atomic_load(&r->has_trained) && run_record_interrupts(r->job->record));
}

static void tick(void *context, int64_t done) {
    const strata_job *j = ((running *)context)->job;
    j->tick(j->context, done);
}

static bool moves(const running *r) {
    return r->job->contexts && ring_moves(r->job->contexts);
}

/* Others may still need blocks that are here, and hear from this rank that they should stop. */
static void wait_for_others(void *context) {
    const running *r = context;
    (void)stop_asked();
    if (moves(r))
        ring_move(r->job->contexts,
                  (ring_steps){.all = r->pass->n_groups, .whole = r->pass->done[0]});
}

bool strata_pass_run(strata_pass *p, const strata_job *job) {
    running r = {.pass = p, .job = job};
    const strata_epoch e = {.n_groups = p->n_groups,
                            .first = p->first,
                            .n = p->n,
                            .n_threads = job->n_threads,
                            .done = p->done,
                            .context = &r,
                            .train = train,
                            .move = moves(&r) ? move : NULL,
                            .halts = halts,
                            .tick = tick};
    strata_run(p->flow, &e);
    comm_barrier_while(p->world, wait_for_others, &r);
    if (moves(&r))
        ring_end(job->contexts, p->done[0]);
    int least = p->n_groups;
    for (int a = 0; a < p->n; a++)
        least = p->done[a] < least ? p->done[a] : least;
    return comm_min(p->world, least) == p->n_groups;
}

double strata_pass_part(const strata_pass *p) {
    int64_t done = 0;
    for (int a = 0; a < p->n; a++)
        done += p->done[a];
    return (double)comm_sum(p->world, done) / ((double)p->n_groups * p->n_groups);
}

status strata_pass_loss(const strata_pass *p, double *sum) {
    double *mine = NULL, *all = NULL;
    int64_t bytes = 0;
    status s = comm_agree(p->world, mem_new(&mine, (size_t)p->n, sizeof *mine, "losses"));
    for (int a = 0; !s.code && a < p->n; a++)
        for (int step = 0; step < p->n_groups; step++)
            mine[a] += p->loss[(int64_t)a * p->n_groups + step];
    if (!s.code)
        s = comm_concatenate(p->world, mine, p->n * (int64_t)sizeof *mine, &all, &bytes);
    *sum = 0;
    for (int a = 0; !s.code && a < p->n_groups; a++)
        *sum += all[a];
    mem_free(&mine);
    mem_free(&all);
    return s;
}

/* ---- checkpoints */

static status save_steps(const strata_pass *p, checkpoint *c) {
    int64_t *mine = NULL, *all = NULL, bytes;
    status s =
        comm_agree(p->world, mem_new(&mine, (size_t)p->n, sizeof *mine, "steps of the groups"));
    for (int a = 0; !s.code && a < p->n; a++)
        mine[a] = p->done[a];
    if (!s.code)
        s = comm_concatenate(p->world, mine, p->n * (int64_t)sizeof *mine, &all, &bytes);
    if (!s.code)
        s = checkpoint_write_ints(c, STEPS, p->n_groups, all);
    mem_free(&mine);
    mem_free(&all);
    return s;
}

static status save_losses(const strata_pass *p, checkpoint *c) {
    const int64_t k = p->n_groups;
    double *all = NULL;
    int64_t bytes;
    status s = comm_concatenate(p->world, p->loss, p->n * k * (int64_t)sizeof *all, &all, &bytes);
    if (!s.code)
        s = checkpoint_write_reals(c, LOSSES, k * k, all);
    mem_free(&all);
    return s;
}

status strata_pass_save(const strata_pass *p, checkpoint *c) {
    const status s = save_steps(p, c);
    return s.code ? s : save_losses(p, c);
}

static status load(strata_pass *p, const checkpoint *c) {
    const size_t k = (size_t)p->n_groups;
    int64_t *steps = NULL;
    double *losses = NULL;
    status s = mem_new(&steps, k, sizeof *steps, "steps of the groups");
    if (!s.code)
        s = mem_new(&losses, k * k, sizeof *losses, "losses of the buckets");
    if (!s.code)
        s = checkpoint_read_ints(c, STEPS, p->n_groups, steps);
    if (!s.code)
        s = checkpoint_read_reals(c, LOSSES, (int64_t)(k * k), losses);
    for (int a = 0; !s.code && a < p->n; a++)
        p->done[a] = (int)steps[p->first + a];
    if (!s.code && p->n)
        memcpy(p->loss, losses + (size_t)p->first * k, (size_t)p->n * k * sizeof *losses);
    mem_free(&steps);
    mem_free(&losses);
    return s;
}

status strata_pass_load(strata_pass *p, const checkpoint *c) {
    return comm_agree(p->world, load(p, c));
}
