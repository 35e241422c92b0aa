// SPDX-License-Identifier: Apache-2.0
/* Replicas that are merged at fixed token counts by src/dist/merge.c (hogwild and rounds), and
 * tables whose cold rows live at owners and are fetched and given back by src/dist/exchange.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <mpi.h>

#include "exchange.h"
#include "memory.h"
#include "merge.h"
#include "random.h"
#include "scaling.h"

enum { SIDES = 2, ID = sizeof(int32_t) };

/* Rows of which a round touches few are merged in every 10th round at least, some in each. */
static const double LONGEST_PERIOD = 10;

/* As train_hogwild.c: 0.1 of a round's length at first, growing over the first tenth of the run. */
void round_kinds(const settings *s, round_kind kinds[ROUND_KINDS]) {
    static const double SMALLEST = 0.1;
    const double length = s->tokens * s->epochs / s->merges;
    const double flat = s->ramp * s->merges, rising = s->ramp * s->merges * log(1 / SMALLEST);
    kinds[0] = (round_kind){SMALLEST * length, flat};
    kinds[1] = (round_kind){length * s->ramp * s->merges * (1 - SMALLEST) / rising, rising};
    kinds[2] = (round_kind){length, (1 - s->ramp) * s->merges};
}

double node_speed(const settings *s) {
    return s->threads * s->efficiency * s->speed;
}

void must(status s) {
    if (!s.code)
        return;
    fprintf(stderr, "scaling: %s\n", s.message);
    MPI_Abort(MPI_COMM_WORLD, s.code);
}

/* ---- tables */

typedef struct {
    placement p; /* all of its rows are hot */
    row_changes changes;
    double *updates; /* [n_rows] by a token, of a word that the row stands for */
    int64_t n_touched, n_folded, n_records;
} table;

typedef struct {
    const comm *world;
    comm *mine;
    const settings *s;
    const word_classes *w;
    double n_merged; /* words whose rows are merged; the others live at owners */
    replicas replicas;
    merger *merger;
    table tables[SIDES];
    char *out, *in; /* rows for owners and from them */
    size_t out_room, in_room;
    int64_t *bytes; /* [2 * ranks] */
    uint64_t round;
} cluster;

static row_format format_of(const settings *s) {
    return s->narrow > 0 ? ROW_BFLOAT16 : ROW_FLOAT32;
}

/* Bytes of a row with its number, on the way. */
static double row_bytes(const settings *s) {
    return (double)row_record_bytes(format_of(s), (size_t)s->dim);
}

/* Mean updates of the words that a row stands for. */
static void fill_updates(const cluster *c, int side) {
    const table *x = &c->tables[side];
    for (int64_t k = 0; k < c->w->n; k++) {
        const word_class *class = &c->w->classes[k];
        const double begin = class->rank - floor(class->times / 2), end = begin + class->times;
        for (double at = fmax(0, begin); at < end;) {
            const int64_t row = (int64_t)(at / c->s->scale);
            const double next = fmin(end, (double)(row + 1) * c->s->scale);
            if (row < x->p.shape.n_rows)
                x->updates[row] += (next - at) / c->s->scale * word_updates(class, side, 1);
            at = next;
        }
    }
}

static void table_create(cluster *c, int side) {
    table *x = &c->tables[side];
    const size_t used = (size_t)c->s->dim, width = (used + 15) / 16 * 16;
    const int64_t n = (int64_t)fmax(1, c->n_merged / c->s->scale);
    must(mem_new(&x->updates, (size_t)n, sizeof *x->updates, "updates"));
    const placement_shape shape = {.n_rows = n, .n_hot = n, .width = width, .used = used};
    must(placement_create(&x->p, &c->replicas, &shape));
    must(mem_new(&x->p.rows, (size_t)n * width, sizeof(float), "rows"));
    must(mem_new(&x->p.touched, (size_t)n, 1, "marks"));
    const parallel alone = {.n_threads = 1};
    must(changes_create(&x->changes, &x->p, side, format_of(c->s), 1, &alone));
    fill_updates(c, side);
}

static void cluster_open(cluster *c, const comm *world, const settings *s, const word_classes *w,
                         double n_merged) {
    *c = (cluster){.world = world, .s = s, .w = w, .n_merged = n_merged};
    c->mine = comm_split(world, comm_rank(world));
    c->replicas = (replicas){.n = comm_size(world),
                             .first = comm_rank(world),
                             .n_local = 1,
                             .mine = c->mine,
                             .slices = 1,
                             .n_peers = comm_size(world),
                             .n_nodes = comm_size(world),
                             .peers = (comm *)world};
    for (int side = 0; side < SIDES; side++)
        table_create(c, side);
    const parallel alone = {.n_threads = 1};
    must(merge_create(&c->merger, &c->replicas, &alone));
    must(mem_new(&c->bytes, 2 * (size_t)comm_size(world), sizeof *c->bytes, "sizes"));
}

static void cluster_close(cluster *c) {
    for (int side = 0; side < SIDES; side++) {
        changes_free(&c->tables[side].changes);
        mem_free(&c->tables[side].p.rows);
        mem_free(&c->tables[side].p.touched);
        mem_free(&c->tables[side].updates);
        placement_free(&c->tables[side].p);
    }
    merge_destroy(&c->merger);
    mem_free(&c->out);
    mem_free(&c->in);
    mem_free(&c->bytes);
    comm_free(&c->mine);
}

/* ---- merging */

/* Mark the rows that a round touches. With a pace, rows that few updates reach wait for more. */
static void touch(cluster *c, int side, double tokens) {
    table *x = &c->tables[side];
    const uint64_t key = random_key(1 + (uint64_t)comm_rank(c->world), RANDOM_TOKEN, c->round);
    const int64_t ranks = comm_size(c->world);
    x->n_touched = 0;
    for (int64_t i = 0; i < x->p.shape.n_rows;
         i++) { /* the turns of an owner's rows are spread evenly */
        const double updates = x->updates[i] * tokens;
        const double wanted = c->s->pace > updates ? ceil(c->s->pace / updates) : 1;
        const double period = fmin(wanted, LONGEST_PERIOD);
        const double draw = random_unit(random_at(key, (uint64_t)(SIDES * i + side)));
        const uint64_t turn = c->round + (uint64_t)(i / ranks);
        if (turn % (uint64_t)period || draw >= -expm1(-updates * period))
            continue;
        x->p.touched[i] = 1;
        x->n_touched++;
    }
}

static void fold_row(void *context, int64_t row, float *const *changes, int n, size_t used) {
    table *x = context;
    (void)row;
    (void)changes;
    (void)used;
    x->n_folded++;
    x->n_records += n;
}

/* Seconds of a node for so many rows of the whole tables; each: of a thread for a row of floats. */
static double handling(const cluster *c, double rows, double each) {
    return rows * each / c->s->mergers;
}

/* Returns the seconds of packing, folding and taking in on this rank. */
static double merge_side(cluster *c, int side) {
    table *x = &c->tables[side];
    const double scale = c->s->scale;
    x->n_folded = x->n_records = 0;
    const double before = handling(c, (double)x->n_touched * scale, c->s->pack);
    pass(before);
    changes_keep(&x->changes, 0);
    must(merge_run(c->merger, &x->changes, NULL, fold_row, x));
    const double folded = (double)comm_sum(c->world, x->n_folded) * scale;
    const double after =
        handling(c, (double)x->n_records * scale, c->s->fold) + handling(c, folded, c->s->apply);
    pass(after);
    return before + after;
}

/* ---- cold rows at their owners */

/* Every rank has `each` bytes of the whole tables for every other. */
static double swap(cluster *c, double each) {
    const int ranks = comm_size(c->world);
    const int64_t bytes = (int64_t)(each / c->s->scale);
    for (int r = 0; r < ranks; r++)
        c->bytes[r] = r == comm_rank(c->world) ? 0 : bytes;
    must(mem_grow(&c->out, &c->out_room, (size_t)(bytes * ranks) + 1, 1, "rows for owners"));
    must(exchange_into(c->world, c->out, c->bytes, &c->in, &c->in_room, c->bytes + ranks));
    return (double)bytes * c->s->scale * (ranks - 1);
}

/* Cold rows that a round touches. */
static double cold_rows(const cluster *c, double tokens) {
    double rows = 0;
    for (int side = 0; side < SIDES; side++)
        rows += words_touched(c->w, side, c->n_merged, c->s->words, tokens);
    return rows;
}

/* Work on so many rows by the node's threads, which do not train meanwhile. */
static void handle(cluster *c, double rows, double each, seconds *x) {
    const double work = handling(c, rows, each);
    pass(work);
    x->merging += work;
}

/* Training, with the rows of the next round on their way meanwhile, or before. */
static void train(cluster *c, double rows, seconds *x) {
    const double each = rows / comm_size(c->world), row = c->s->dim * sizeof(float);
    double fetching = 0;
    if (rows > 0) {
        handle(c, rows, c->s->pack + c->s->apply, x);
        const double begin = MPI_Wtime();
        x->sent += swap(c, each * ID) + swap(c, each * row);
        fetching = c->s->hidden > 0 ? MPI_Wtime() - begin : 0;
    }
    pass(fmax(0, x->ideal - fetching));
}

static void give_back(cluster *c, double rows, seconds *x) {
    handle(c, rows, c->s->pack + c->s->fold, x);
    x->sent += swap(c, rows / comm_size(c->world) * row_bytes(c->s));
}

/* ---- rounds */

static seconds simulate(cluster *c, double tokens) {
    seconds x = {.ideal = tokens / node_speed(c->s)};
    const bool alone = comm_size(c->world) == 1;
    const double rows = alone ? 0 : cold_rows(c, tokens);
    const double before = (double)merge_bytes_sent(c->merger);
    for (int side = 0; side < SIDES; side++)
        touch(c, side, tokens);
    comm_barrier(c->world);
    const double begin = MPI_Wtime();
    train(c, rows, &x);
    if (rows > 0)
        give_back(c, rows, &x);
    for (int side = 0; side < SIDES && !alone; side++)
        x.merging += merge_side(c, side);
    comm_barrier(c->world);
    x.run = MPI_Wtime() - begin;
    x.network = fmax(0, x.run - x.ideal - x.merging);
    x.sent += ((double)merge_bytes_sent(c->merger) - before) * c->s->scale;
    c->round++;
    return x;
}

static void add(seconds *sum, const seconds *x, double times) {
    sum->run += times * x->run;
    sum->ideal += times * x->ideal;
    sum->network += times * x->network;
    sum->merging += times * x->merging;
    sum->sent += times * x->sent;
}

seconds rounds_run_cluster(const comm *world, const settings *s, const word_classes *w) {
    round_kind kinds[ROUND_KINDS];
    seconds sum = {0};
    cluster c;
    cluster_open(&c, world, s, w, s->hot > 0 ? fmin(s->hot, s->words) : s->words);
    round_kinds(s, kinds);
    for (int k = 0; k < ROUND_KINDS; k++) {
        const seconds x = simulate(&c, kinds[k].tokens);
        add(&sum, &x, kinds[k].times);
    }
    cluster_close(&c);
    return sum;
}
