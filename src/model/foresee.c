// SPDX-License-Identifier: Apache-2.0
/* The output rows that a chunk will touch, before it is trained. */
#include "loop_internal.h"
#include "objective.h"

static int64_t add_centres(const window_chunk *c, int32_t *outputs) {
    int64_t n = 0;
    for (int i = c->first; i < c->last; i++)
        if (c->tokens[i] >= 0)
            outputs[n++] = c->tokens[i];
    return n;
}

int64_t pooled_foresee(const loop_worker *w, const loop_job *job, int32_t *outputs) {
    const int64_t centres = add_centres(&w->chunk, outputs);
    return centres + negatives_foresee(&w->negatives, job->sampler, centres, outputs + centres);
}

void pooled_most(const loop_settings *t, const huffman *tree, int64_t *listed, int64_t *distinct) {
    (void)tree;
    *listed = t->chunk + t->pool + (t->chunk + 1) * t->negative / t->pool_reuse + 1;
    *distinct = *listed;
}

int64_t path_foresee(const loop_worker *w, const loop_job *job, int32_t *outputs) {
    const window_chunk *c = &w->chunk;
    const huffman *tree = job->tree;
    int64_t n = 0;
    for (int i = c->first; i < c->last; i++) {
        if (c->tokens[i] < 0)
            continue;
        const int64_t end = tree->offsets[c->tokens[i] + 1];
        for (int64_t at = tree->offsets[c->tokens[i]]; at < end; at++)
            outputs[n++] = (int32_t)(tree->steps[at] >> 1);
    }
    return n;
}

/* A tree has at most 2^depth nodes at a depth, and a path one. */
void path_most(const loop_settings *t, const huffman *tree, int64_t *listed, int64_t *distinct) {
    *listed = t->chunk * tree->longest;
    *distinct = 0;
    int64_t nodes = 1;
    for (int depth = 0; depth < tree->longest; depth++) {
        *distinct += nodes < t->chunk ? nodes : t->chunk;
        if (nodes < t->chunk)
            nodes *= 2;
    }
}
