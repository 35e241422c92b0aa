// SPDX-License-Identifier: Apache-2.0
/* What a rank of --model glove is going to hold: while non-zeros come, the counts are still there;
 * the rows come when these have gone. */
#include <math.h>

#include "glove_training.h"

/* The largest part of what is cut by groups that a rank has. */
static double part(const training_glove *t) {
    return (double)t->n / t->n_groups;
}

static void add_groups(const training_glove *t, const cooc_size *x, estimate *e) {
    if (!t->groups.n_words) /* made already otherwise */
        estimate_add(e, "groups of words", x->n_words * (6 * sizeof(int32_t) + sizeof(int64_t)));
}

static estimate loading(const training_glove *t, const cooc_size *x, const estimate *base) {
    estimate e = *base;
    e.phase = "bringing non-zeros into order";
    estimate_add(&e, "counts", cooc_size_matrix(x, &t->shape_of_job));
    estimate_add(&e, "non-zeros",
                 part(t) * glove_cells_loading_bytes(x->nonzeros) + GLOVE_SENDING_BYTES);
    return e;
}

static void add_rows(const training_glove *t, const cooc_size *x, estimate *e) {
    const int64_t size = (int64_t)ceil(x->n_words / t->n_groups);
    const double block = (double)glove_block_bytes(&t->shape, size);
    estimate_add(e, "vectors",
                 t->n * block + ring_bytes(t->n_groups, (size_t)block, t->shape_of_job.rank,
                                           t->shape_of_job.ranks));
}

static estimate training(const training_glove *t, const cooc_size *x, const estimate *base) {
    const job_shape *job = &t->shape_of_job;
    const double table = x->n_words / job->ranks * (double)t->o->dim * sizeof(float);
    estimate e = *base;
    e.phase = "writing a snapshot";
    estimate_add(&e, "non-zeros", part(t) * glove_cells_bytes(x->nonzeros, x->runs));
    if (t->o->order == ORDER_SHUFFLE)
        estimate_add(&e, "non-zeros", x->nonzeros * sizeof *t->loose);
    add_rows(t, x, &e);
    estimate_add(&e, "start vectors", glove_start_bytes(t, x));
    estimate_add(&e, "writing snapshots",
                 estimate_block(table) + h5_write_bytes(table, job->ranks, job->node_ranks));
    return e;
}

estimate glove_estimate(const training_glove *t, const cooc_size *x) {
    estimate base = {0}, most = {0};
    cooc_size_add_process(&t->shape_of_job, &t->counts, &base);
    add_groups(t, x, &base);
    const estimate phases[] = {loading(t, x, &base), training(t, x, &base)};
    for (int i = 0; i < 2; i++)
        estimate_raise(&most, &phases[i]);
    if (t->o->init == INIT_SVD) {
        ppmi_svd_estimate(t->o, &t->shape_of_job, x, &base);
        estimate_raise(&most, &base);
    }
    return most;
}
