// SPDX-License-Identifier: Apache-2.0
/* --init svd and --blend for --model glove: both sides of a pair start from the PPMI-SVD vector of
 * their word and from its margin as a bias, so that w_i . w_j + b_i + b_j starts near log X_ij. */
#include <string.h>

#include "glove_training.h"
#include "memory.h"

status glove_make_start(training_glove *t) {
    if (t->o->init != INIT_SVD)
        return status_ok();
    const status s = ppmi_svd_begin(&t->start, &t->counts, t->o, t->world);
    return s.code ? s : ppmi_svd_finish(&t->start, t->o, t->kernel, t->counts.n_tokens);
}

double glove_start_bytes(const training_glove *t, const cooc_size *size) {
    const double rows = size->n_words / t->shape_of_job.ranks;
    if (t->o->init != INIT_SVD)
        return 0;
    return rows * (double)eigen_width(t->o->dim) * sizeof(float) + size->n_words * sizeof(double);
}

/* rows[size, dim]: of the words of a block. */
static void fill_block(const training_glove *t, void *block, int64_t size, const int32_t *words,
                       const float *rows) {
    const size_t dim = (size_t)t->o->dim;
    float *to = glove_rows(block, size), *states = glove_states(block);
    for (int64_t i = 0; i < size; i++) {
        memcpy(to + (size_t)i * t->shape.stride, rows + (size_t)i * dim, dim * sizeof *to);
        states[i * GLOVE_STATE + GLOVE_BIAS] = (float)t->start.bias[words[i]];
    }
}

/* Group `turn` of this rank, or none when it has no more. */
static status fill_group(training_glove *t, int turn, bool contexts, int64_t *ids, float *rows) {
    const rows_table table = ppmi_svd_table(&t->start, t->o);
    const bool there = turn < t->n;
    const int which = there ? t->first + turn : 0;
    const int64_t size = there ? strata_size(&t->groups, which) : 0;
    const int32_t *words =
        (contexts ? t->groups.by_id : t->groups.by_chance) + t->groups.first[which];
    for (int64_t i = 0; i < size; i++)
        ids[i] = words[i];
    const status s = rows_fetch(&table, ids, size, rows, (size_t)t->o->dim);
    if (!s.code && there)
        fill_block(t, contexts ? ring_block(t->contexts, which, 0) : t->centres[turn], size, words,
                   rows);
    return s;
}

static int64_t largest_group(const training_glove *t) {
    int64_t most = 0;
    for (int g = 0; g < t->n_groups; g++)
        most = strata_size(&t->groups, g) > most ? strata_size(&t->groups, g) : most;
    return most;
}

status glove_fill_start(training_glove *t) {
    const size_t most = (size_t)largest_group(t);
    int64_t *ids = NULL;
    float *rows = NULL;
    if (t->o->init != INIT_SVD)
        return status_ok();
    status s = mem_new(&ids, most, sizeof *ids, "words of a group");
    if (!s.code)
        s = mem_new(&rows, most * (size_t)t->o->dim, sizeof *rows, "rows of a group");
    s = comm_agree(t->world, s);
    const int64_t turns = comm_max(t->world, t->n);
    for (int turn = 0; !s.code && turn < turns; turn++) {
        s = fill_group(t, turn, false, ids, rows);
        if (!s.code)
            s = fill_group(t, turn, true, ids, rows);
    }
    mem_free(&ids);
    mem_free(&rows);
    if (!(t->o->blend > 0))
        ppmi_svd_clear(&t->start);
    return s;
}

/* sum = this rank's rows of w + w~, by id. */
static status add_sides(training_glove *t, int64_t n, float *sum) {
    const size_t floats = (size_t)n * (size_t)t->o->dim;
    const float *data;
    status s = glove_fetch(t, "vectors", &data);
    if (!s.code) {
        memcpy(sum, data, floats * sizeof *sum);
        s = glove_fetch(t, "context", &data);
    }
    for (size_t i = 0; !s.code && i < floats; i++)
        sum[i] += data[i];
    return s;
}

status glove_blend(training_glove *t) {
    float *sum = NULL;
    int64_t begin, n;
    if (!(t->o->blend > 0))
        return status_ok();
    glove_rows_of(t, &begin, &n);
    const size_t dim = (size_t)t->o->dim;
    status s = comm_agree(t->world, mem_new(&sum, (size_t)n * dim, sizeof *sum, "rows to blend"));
    if (!s.code)
        s = add_sides(t, n, sum);
    if (!s.code)
        s = ppmi_svd_blend(&t->start, t->o, begin, n, sum, dim);
    const run_table vectors = {.name = "vectors",
                               .rows = t->groups.n_words,
                               .columns = t->o->dim,
                               .begin = begin,
                               .n = n,
                               .data = sum,
                               .stride = dim};
    if (!s.code)
        s = run_record_write_final(&t->record, &vectors);
    run_record_drop_final(&t->record, "context");
    run_record_drop_final(&t->record, "bias");
    run_record_drop_final(&t->record, "context_bias");
    mem_free(&sum);
    return s;
}
