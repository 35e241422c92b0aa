// SPDX-License-Identifier: Apache-2.0
/* What a rank of the schedules over windows and of full softmax is going to hold. It holds the most
 * while the first snapshot is written. */
#include <math.h>

#include "loop.h"
#include "plan.h"
#include "train_rounds.h"
#include "training.h"

/* Buffers of messages grow by half as much again as is needed. */
static const double GROWN = 1.25;

placement_shape training_shape(const training *t, int side) {
    return (placement_shape){.n_rows = side ? t->n_outputs : t->n_words,
                             .n_hot = t->hot[side],
                             .room = t->room[side],
                             .width = t->width,
                             .used = (size_t)t->o->dim};
}

/* Changed rows of the local replicas in a span. */
static double kept_rows(const training *t, int side) {
    return t->touched[side] * t->replicas.n_local;
}

/* Rows in messages of a merge besides those kept: what goes where they are not kept in the order of
 * their owners, or to those who asked for cold rows; what comes; the folds, and those of hot rows
 * from everybody. */
static double message_rows(const training *t, int side) {
    const replicas *r = &t->replicas;
    const placement_shape shape = training_shape(t, side);
    const bool is_cut = shape.n_hot < shape.n_rows;
    const double kept = kept_rows(t, side);
    const double goes = is_cut || (r->n_local > 1 && r->n_peers > 1) ? kept : 0;
    const double comes = is_cut || r->n_peers > 1 ? kept : 0;
    const double folded = fmin(kept, (double)shape.n_rows / r->n_peers);
    const double gathered = fmin((double)shape.n_hot, t->touched[side] * r->n);
    return goes + comes + folded + gathered;
}

static double row_bytes(const training *t) {
    return (double)t->width * sizeof(float);
}

/* The part of a table that this rank writes. */
static double written_bytes(const training *t, int side) {
    return (double)(side ? t->n_outputs : t->n_words) / t->shape.ranks * (double)t->o->dim *
           sizeof(float);
}

/* ---- items; of the ranks that share the rows, in equal parts */

static void add_rows(const training *t, estimate *e) {
    const double marks = t->replicas.n > 1 ? 1 : 0;
    for (int side = 0; side < 2; side++) {
        const bool is_own = side == 1 && training_is_softmax(t); /* cut over all ranks */
        const double slots = (double)training_slots(t, side);
        const double bytes = estimate_block(slots * row_bytes(t)) + slots * marks;
        estimate_add(e, "vectors", bytes / (is_own ? t->shape.ranks : t->replicas.n_sharing));
    }
}

static void add_tokens(const training *t, estimate *e) {
    const corpus_file *c = &t->corpus;
    const double margins = t->replicas.n > 1 ? 2.0 * TRAINING_MARGIN : 0;
    const double part = (double)c->n_tokens / t->replicas.n;
    const double tokens = fmin(part + margins, (double)c->n_tokens);
    const double documents = (double)c->n_documents * tokens / (double)c->n_tokens;
    const double bytes =
        estimate_block(tokens * sizeof(int32_t)) + estimate_block(documents * sizeof(int64_t));
    estimate_add(e, "tokens", t->replicas.n_local * bytes / t->replicas.n_sharing);
}

static void add_merging(const training *t, estimate *e) {
    const int sharing = t->replicas.n_sharing;
    double messages = 0;
    if (t->replicas.n == 1)
        return;
    for (int side = 0; side < 2; side++) {
        const placement_shape shape = training_shape(t, side);
        estimate_add(e, "rows before merging", placement_bytes(&t->replicas, &shape) / sharing);
        estimate_add(e, "merging", GROWN * kept_rows(t, side) * row_bytes(t) / sharing);
        messages = fmax(messages, GROWN * message_rows(t, side) * row_bytes(t));
    }
    const double scratch = (double)t->n_threads * t->replicas.n * row_bytes(t);
    estimate_add(e, "merging", (messages + scratch) / sharing);
}

static void add_workers(const training *t, estimate *e) {
    if (training_is_softmax(t)) {
        softmax_settings settings = train_softmax_settings(t);
        settings.begin = 0;
        settings.end = (t->n_words + t->shape.ranks - 1) / t->shape.ranks;
        estimate_add(e, "minibatches", softmax_bytes(&settings) + softmax_packed_bytes(&settings));
    } else if (training_is_rounds(t)) {
        estimate_add(e, "rounds", train_rounds_bytes(t));
    } else {
        estimate_add(e, "workers", t->n_threads * loop_worker_bytes(&t->settings));
    }
    if (t->objective->uses_tree)
        estimate_add(e, "Huffman tree", huffman_bytes(t->n_words));
}

static void add_snapshot(const training *t, estimate *e) {
    double gathered = 0, written = 0;
    for (int side = 0; side < 2; side++) {
        if (t->hot[side] < training_shape(t, side).n_rows)
            gathered = written_bytes(t, 0);
        written = fmax(written, written_bytes(t, side));
    }
    estimate_add(e, "writing snapshots",
                 gathered + (double)t->n_words * sizeof(uint64_t) +
                     h5_write_bytes(written, t->shape.ranks, t->shape.node_ranks));
}

estimate training_estimate(const training *t) {
    estimate e = {.phase = "writing a snapshot"};
    job_shape_add_process(&t->shape, &e);
    add_rows(t, &e);
    add_tokens(t, &e);
    add_workers(t, &e);
    add_merging(t, &e);
    add_snapshot(t, &e);
    return e;
}

/* ---- for `plan` */

status training_plan(forecast *p, const options *o, const char *path, const comm *world) {
    training t = {0};
    const status s = training_open(&t, o, path, world);
    if (!s.code) {
        p->shape = t.shape;
        p->memory = t.memory;
        plan_corpus(p, o, &t.corpus);
        plan_disk(p, o, (double)t.n_words, (double)o->dim * sizeof(float),
                  (double)t.n_words + (double)t.n_outputs);
    }
    training_close(&t);
    return s;
}
