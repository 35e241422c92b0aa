// SPDX-License-Identifier: Apache-2.0
/* --init svd and --blend for --model glove: both sides of a pair start from the PPMI-SVD vector of
 * their word and from its margin as a bias, so that w_i . w_j + b_i + b_j starts near log X_ij. */
#include <string.h>

#include "glove_training.h"
#include "memory.h"

status glove_make_start(training_glove *t) {
    if (t->o->init != INIT_SVD || (run_record_resumes(&t->record) && !(t->o->blend > 0)))
        return status_ok();
    const eigen_pauses pauses = {.pause = ppmi_svd_pause, .context = (void *)t->world};
    const status s = ppmi_svd_begin(&t->start, &t->counts, t->o, t->world);
    return s.code ? s : ppmi_svd_finish(&t->start, t->o, t->kernel, t->counts.n_tokens, &pauses);
}

double glove_start_bytes(const training_glove *t, const cooc_size *size) {
    const double rows = size->n_words / t->shape_of_job.ranks;
    if (t->o->init != INIT_SVD)
        return 0;
    return rows * (double)eigen_width(t->o->dim) * sizeof(float) + size->n_words * sizeof(double);
}

static void fill_biases(const training_glove *t, void *block, int64_t size, const int32_t *words) {
    float *states = glove_states(block);
    for (int64_t i = 0; i < size; i++)
        states[i * GLOVE_STATE + GLOVE_BIAS] = (float)t->start.bias[words[i]];
}

status glove_fill_start(training_glove *t) {
    const strata *g = &t->groups;
    if (t->o->init != INIT_SVD)
        return status_ok();
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    status s = glove_put(t, "vectors", &table);
    if (!s.code)
        s = glove_put(t, "context", &table);
    for (int a = t->first; a < t->first + t->n; a++) {
        const int64_t size = strata_size(g, a);
        fill_biases(t, t->centres[a - t->first], size, g->by_chance + g->first[a]);
        fill_biases(t, ring_block(t->contexts, a, 0), size, g->by_id + g->first[a]);
    }
    if (!(t->o->blend > 0))
        ppmi_svd_clear(&t->start);
    return s;
}

/* sum = this rank's rows of w + w~, by id. */
static status add_sides(training_glove *t, float *sum) {
    const run_table vectors = glove_table(t, "vectors"), contexts = glove_table(t, "context");
    const size_t floats = (size_t)vectors.n * vectors.stride;
    const float *data;
    status s = vectors.fetch(t, vectors.name, &data);
    if (!s.code) {
        memcpy(sum, data, floats * sizeof *sum);
        s = contexts.fetch(t, contexts.name, &data);
    }
    for (size_t i = 0; !s.code && i < floats; i++)
        sum[i] += data[i];
    return s;
}

status glove_blend(training_glove *t) {
    run_table sum = glove_table(t, "vectors");
    float *rows = NULL;
    if (!(t->o->blend > 0))
        return status_ok();
    status s = comm_agree(
        t->world, mem_new(&rows, (size_t)sum.n * sum.stride, sizeof *rows, "rows to blend"));
    if (!s.code)
        s = add_sides(t, rows);
    if (!s.code)
        s = ppmi_svd_blend(&t->start, t->o, sum.begin, sum.n, rows, sum.stride);
    sum.data = rows;
    sum.fetch = NULL;
    if (!s.code)
        s = run_record_write_final(&t->record, &sum);
    run_record_drop_final(&t->record, "context");
    run_record_drop_final(&t->record, "bias");
    run_record_drop_final(&t->record, "context_bias");
    mem_free(&rows);
    return s;
}
