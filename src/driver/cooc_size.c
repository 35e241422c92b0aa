// SPDX-License-Identifier: Apache-2.0
#include "cooc_size.h"

#include <math.h>

#include "cooccur.h"
#include "memory.h"

enum { CELL = 2 * sizeof(int32_t) }; /* of a cooc_matrix: column and weight */

cooc_size cooc_size_of(const cooccurrence *x) {
    const double nonzeros = (double)x->n_nonzeros;
    return (cooc_size){.n_words = (double)x->words.n,
                       .n_tokens = (double)x->n_tokens,
                       .nonzeros = nonzeros,
                       .cells = (double)x->n_cells,
                       .part_cells = (double)x->n_cells,
                       .positive = nonzeros,
                       .runs = nonzeros / 8,
                       .positive_runs = nonzeros / 2};
}

/* ---- phases */

double cooc_size_matrix(const cooc_size *x, const job_shape *job) {
    return x->cells / job->ranks * CELL + x->n_words / job->ranks * sizeof(int64_t);
}

void cooc_size_add_process(const job_shape *job, const cooccurrence *counts, estimate *e) {
    job_shape_add_process(job, e);
    if (counts && counts->matrix.offsets)
        estimate_add(e, "vocabulary",
                     -(double)cooc_matrix_bytes(counts->matrix.end - counts->matrix.begin,
                                                cooc_matrix_cells(&counts->matrix)));
}

/* Batches of rows of the rank's part of the corpus, and their text. */
static estimate counting(const cooc_size *x, const job_shape *job, const estimate *base) {
    const double tokens = x->n_tokens / job->ranks, documents = x->n_documents / job->ranks;
    estimate e = *base;
    e.phase = "counting";
    estimate_add(&e, "tokens", (tokens + documents) * sizeof(int32_t));
    estimate_add(&e, "places of words",
                 (double)cooccur_bytes((int64_t)x->n_words, (int64_t)tokens, job->threads));
    estimate_add(&e, "counts", x->part_cells * CELL);
    return e;
}

/* The batches become one matrix, each going as it is copied. */
static estimate joining(const cooc_size *x, const estimate *base) {
    estimate e = *base;
    e.phase = "joining the counts";
    estimate_add(&e, "counts",
                 x->part_cells * CELL + (double)cooccur_batch_bytes((int64_t)x->n_words));
    return e;
}

/* Columns go before weights do; what came is then added up. */
static estimate sharing(const cooc_size *x, const job_shape *job, const estimate *base) {
    estimate e = *base;
    e.phase = "sharing the counts";
    estimate_add(&e, "counts",
                 CELL * fmax(1.5 * x->part_cells, x->part_cells + x->cells / job->ranks));
    estimate_add(&e, "sums", x->n_words * 2 * sizeof(int64_t));
    return e;
}

static estimate writing(const cooc_size *x, const job_shape *job, const estimate *base) {
    static const double piece = (double)(1 << 22) * sizeof(int32_t);
    const double mine = cooc_size_matrix(x, job);
    estimate e = *base;
    e.phase = "writing the counts";
    estimate_add(&e, "counts", mine);
    estimate_add(&e, "writing", h5_write_bytes(fmin(piece, mine / 2), job->ranks, job->node_ranks));
    return e;
}

void cooc_size_estimate(const cooc_size *x, const job_shape *job, bool to_file, estimate *e) {
    const estimate base = *e, phases[] = {counting(x, job, &base), joining(x, &base),
                                          sharing(x, job, &base), writing(x, job, &base)};
    for (int i = 0; i < 4; i++)
        if ((i != 2 || job->ranks > 1) && (i != 3 || to_file))
            estimate_raise(e, &phases[i]);
}
