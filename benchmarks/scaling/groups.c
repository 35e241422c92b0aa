// SPDX-License-Identifier: Apache-2.0
/* Tables cut into groups, of which those of the contexts travel round the ring of src/dist/ring.c:
 * skip-gram by strata and GloVe. */
#include <math.h>

#include <mpi.h>

#include "exchange.h"
#include "memory.h"
#include "ring.h"
#include "scaling.h"

enum { MOST_GROUPS = 4096, PAIR = 8, STATE = 64 }; /* of which the last two are bytes */

typedef struct {
    const comm *world;
    const settings *s;
    int n_groups, first, n;
    double *weights; /* [n_groups] part of all work; sum 1 */
    size_t *bytes;   /* [n_groups] of a block */
    ring *ring;
} strata_cluster;

/* The heaviest word goes to the lightest group, so that a word beyond the mean has a group of its
 * own and the rest is even. A row of GloVe has at most V of the non-zeros, which is always less. */
static void fill_weights(strata_cluster *x, const word_classes *w, bool glove) {
    double left = w->kept;
    int next = 0;
    for (int64_t i = 0; i < w->n && next + 1 < x->n_groups && !glove; i++) {
        const word_class *c = &w->classes[i];
        if (c->rank < x->s->apart)
            continue; /* every node trains a copy of its own: work that is cut as one likes */
        if (c->times > 1 || c->kept <= left / (x->n_groups - next))
            break;
        x->weights[next++] = c->kept / w->kept;
        left -= c->kept;
    }
    for (int g = next; g < x->n_groups; g++)
        x->weights[g] = left / w->kept / (x->n_groups - next);
}

/* Heavy groups are dealt out, one to a rank after the other. */
static double weight_of(const strata_cluster *x, int which) {
    const int ranks = comm_size(x->world), each = x->n_groups / ranks;
    return each * ranks == x->n_groups ? x->weights[which % each * ranks + which / each]
                                       : x->weights[which];
}

static void strata_open(strata_cluster *x, const comm *world, const settings *s,
                        const word_classes *w, bool glove) {
    const int ranks = comm_size(world);
    const int groups = s->groups > 0 ? (int)s->groups : 16 * ranks;
    const double row = ceil((s->dim + (glove ? 1 : 0)) / 16) * 16 * sizeof(float);
    *x = (strata_cluster){
        .world = world, .s = s, .n_groups = groups < MOST_GROUPS ? groups : MOST_GROUPS};
    const size_t k = (size_t)x->n_groups;
    ring_share(x->n_groups, comm_rank(world), ranks, &x->first, &x->n);
    must(mem_new(&x->weights, k, sizeof *x->weights, "weights"));
    must(mem_new(&x->bytes, k, sizeof *x->bytes, "sizes"));
    fill_weights(x, w, glove);
    for (size_t g = 0; g < k; g++)
        x->bytes[g] = (size_t)(s->words / (double)k * (row + (glove ? STATE : 0)) / s->scale);
    must(ring_create(&x->ring, world, x->n_groups, x->bytes));
}

static void strata_close(strata_cluster *x) {
    ring_destroy(&x->ring);
    mem_free(&x->weights);
    mem_free(&x->bytes);
}

/* ---- an episode */

/* The buckets of a rank in training: what strata_run of src/model/strata.c does with threads. */
typedef struct {
    int *done;    /* [n + 1] steps of each group; the last: those for which blocks are here */
    double *busy; /* [n] until when a thread trains the group, or 0 */
    int n_busy;
    double work; /* seconds of one thread for the whole episode */
} flow;

static double bucket_seconds(const strata_cluster *x, const flow *f, int a) {
    const int mine = x->first + a;
    return f->work * weight_of(x, mine) * weight_of(x, (mine + f->done[a]) % x->n_groups);
}

/* A bucket (a, s) comes after (a, s - 1) and (a + 1, s - 1), the last group's when its block is
 * here. */
static void begin_buckets(const strata_cluster *x, flow *f, double now) {
    for (int a = x->n - 1; a >= 0 && f->n_busy < x->s->threads; a--) {
        const bool is_last = a == x->n - 1;
        if (f->busy[a] > 0 || f->done[a] == x->n_groups ||
            f->done[a + 1] < f->done[a] + (is_last ? 1 : 0))
            continue;
        f->busy[a] = now + bucket_seconds(x, f, a);
        f->n_busy++;
    }
}

/* Ends what is over by now; returns when the next will be, or 0. */
static double end_buckets(const strata_cluster *x, flow *f, double now) {
    double next = 0;
    for (int a = 0; a < x->n; a++)
        if (f->busy[a] > 0 && f->busy[a] <= now) {
            f->busy[a] = 0;
            f->done[a]++;
            f->n_busy--;
        } else if (f->busy[a] > 0 && (next == 0 || f->busy[a] < next)) {
            next = f->busy[a];
        }
    return next;
}

/* All steps of all groups; the network is looked at between buckets, and four times in the mean. */
static void run_steps(const strata_cluster *x, double work) {
    flow f = {.work = work};
    const double look = work / x->n_groups / x->n_groups / 4;
    must(mem_new(&f.done, (size_t)x->n + 1, sizeof *f.done, "steps"));
    must(mem_new(&f.busy, (size_t)x->n + 1, sizeof *f.busy, "steps"));
    while (x->n && f.done[0] < x->n_groups) {
        const double now = MPI_Wtime();
        const double next = end_buckets(x, &f, now);
        /* Alone, the last group's next block is the first group's of the step before. */
        const ring_steps finished = {.all = f.done[0], .whole = f.done[0]};
        f.done[x->n] = ring_moves(x->ring) ? ring_move(x->ring, finished).all : f.done[0] + 1;
        begin_buckets(x, &f, now);
        pass(next > 0 && next - now < look ? next - now : look);
    }
    ring_end(x->ring, x->n_groups);
    mem_free(&f.done);
    mem_free(&f.busy);
}

/* The time of the rank that has most to do when no message takes any. */
static double heaviest(const strata_cluster *x, double work) {
    double sum = 0, most = 0;
    for (int a = x->first; a < x->first + x->n; a++) {
        sum += weight_of(x, a);
        most = fmax(most, weight_of(x, a));
    }
    const double mine = work * fmax(most, sum / x->s->threads);
    return (double)comm_max(x->world, (int64_t)(mine * 1e9)) / 1e9;
}

/* Every rank has pairs for every other; returns the bytes of this rank. */
static double swap_pairs(const strata_cluster *x, double bytes) {
    const int ranks = comm_size(x->world);
    int64_t *sizes = NULL;
    char *out = NULL, *in = NULL;
    size_t room = 0;
    const int64_t each = (int64_t)(bytes / ranks / x->s->scale);
    must(mem_new(&sizes, 2 * (size_t)ranks, sizeof *sizes, "sizes"));
    must(mem_new(&out, (size_t)(each * ranks) + 1, 1, "pairs"));
    for (int r = 0; r < ranks; r++)
        sizes[r] = r == comm_rank(x->world) ? 0 : each;
    must(exchange_into(x->world, out, sizes, &in, &room, sizes + ranks));
    mem_free(&sizes);
    mem_free(&out);
    mem_free(&in);
    return (double)each * x->s->scale * (ranks - 1);
}

static seconds simulate(strata_cluster *x, double work, double pair_bytes) {
    const double sent = (double)ring_bytes_sent(x->ring);
    const int ranks = comm_size(x->world);
    seconds t = {.ideal = work / x->s->threads / ranks};
    comm_barrier(x->world);
    const double begin = MPI_Wtime();
    double swapping = 0;
    if (ranks > 1 && pair_bytes > 0) {
        t.sent = swap_pairs(x, pair_bytes);
        comm_barrier(x->world);
        swapping = MPI_Wtime() - begin;
    }
    run_steps(x, work);
    comm_barrier(x->world);
    t.run = MPI_Wtime() - begin;
    const double moved = ((double)ring_bytes_sent(x->ring) - sent) * x->s->scale;
    /* The bytes of both go through the same link, so that only waiting is won. */
    if (x->s->overlap > 0)
        t.run = fmax(t.run - swapping, swapping + moved / x->s->bandwidth);
    t.sent += moved;
    t.uneven = heaviest(x, work) - t.ideal;
    t.network = fmax(0, t.run - t.ideal - t.uneven);
    return t;
}

seconds groups_run_cluster(const comm *world, const settings *s, const word_classes *w,
                           bool glove) {
    const double episodes = glove ? s->epochs : s->epochs * s->episodes;
    const double items = (glove ? s->nonzeros : s->tokens) * s->epochs / episodes;
    const double work = items * comm_size(world) / (s->speed * s->efficiency);
    const double pair_bytes = glove ? 0 : items * w->kept * s->pairs * PAIR;
    strata_cluster x;
    strata_open(&x, world, s, w, glove);
    const seconds t = simulate(&x, work, pair_bytes);
    seconds sum = {.run = t.run * episodes,
                   .ideal = t.ideal * episodes,
                   .network = t.network * episodes,
                   .uneven = t.uneven * episodes,
                   .sent = t.sent * episodes};
    strata_close(&x);
    return sum;
}
