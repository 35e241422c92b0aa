// SPDX-License-Identifier: Apache-2.0
#include "ppmi_svd.h"

#include <inttypes.h>
#include <string.h>

#include "commands.h"
#include "log.h"
#include "memory.h"

/* Of a larger corpus, rare pairs are better known, and eigenvectors of small eigenvalues deserve
 * more weight. */
static const int64_t LARGE_CORPUS = 50000000;
static const double POWER_SMALL = 0.5, POWER_LARGE = 0.25;

double ppmi_svd_bytes(const options *o, const comm *world, int64_t n_words, int64_t n_nonzeros) {
    const int size = comm_size(world), threads = common_threads(o);
    const double rows = (double)n_words / size, cells = (double)n_nonzeros / size;
    const double words = 4.0 * (double)n_words * sizeof(double);
    const double gathered = cells * (sizeof(int32_t) + sizeof(float));
    const double values = cells / 2 * sizeof(float) + rows * sizeof(sparse_piece);
    const double messages = size > 1 ? 2 * gathered : 0;
    const double tiles = sparse_tiles_bytes(rows, cells);
    const double first = gathered + (values + messages > tiles ? values + messages : tiles);
    const double second = tiles + eigen_bytes(rows, o->dim, threads, size);
    return words + (first > second ? first : second);
}

status ppmi_svd_begin(ppmi_svd *v, const cooccurrence *counts, const options *o,
                      const comm *world) {
    const double started = clock_seconds();
    const ppmi_settings settings = {
        .smoothing = o->smoothing, .shift = o->shift, .weights = o->weights};
    const size_t cuts = (size_t)comm_size(world) + 1;
    *v = (ppmi_svd){.world = world, .n_words = counts->matrix.n_words};
    status s = comm_agree(world, mem_new(&v->cuts, cuts, sizeof *v->cuts, "the rows of the ranks"));
    if (!s.code)
        s = symmetric_from_counts(&v->matrix, &counts->matrix, &settings, eigen_width(o->dim),
                                  common_threads(o), world, &v->bias);
    if (s.code)
        return s;
    memcpy(v->cuts, v->matrix.cuts, cuts * sizeof *v->cuts);
    v->n_cells = v->matrix.n_cells;
    v->ppmi_seconds = clock_seconds() - started;
    if (!v->n_cells)
        return status_error(STATUS_INPUT,
                            "no pair of words is more frequent together than by chance; lower "
                            "--shift, or use a larger corpus");
    log_info("%" PRId64 " cells with a positive PMI of %" PRId64 " (%.1f s)", v->n_cells,
             counts->n_nonzeros, v->ppmi_seconds);
    return s;
}

status ppmi_svd_finish(ppmi_svd *v, const options *o, const kernels *kernel, int64_t n_tokens) {
    const double started = clock_seconds();
    const eigen_settings settings = {.dim = o->dim,
                                     .iterations = (int)o->iterations,
                                     .seed = (uint64_t)(o->seed_init >= 0 ? o->seed_init : o->seed),
                                     .kernel = kernel};
    const status s = eigen_find(&v->pairs, &v->matrix, &settings);
    symmetric_clear(&v->matrix);
    if (s.code)
        return s;
    v->power = o->eigenvalue_power >= 0  ? o->eigenvalue_power
               : n_tokens < LARGE_CORPUS ? POWER_SMALL
                                         : POWER_LARGE;
    eigen_scale(&v->pairs, v->power);
    v->iteration_seconds = clock_seconds() - started;
    if (v->pairs.rank < o->dim)
        log_warning("the matrix has only %" PRId64 " eigenvalues other than 0; the other columns "
                    "of the vectors are 0",
                    v->pairs.rank);
    return s;
}

void ppmi_svd_clear(ppmi_svd *v) {
    symmetric_clear(&v->matrix);
    eigen_clear(&v->pairs);
    mem_free(&v->bias);
    mem_free(&v->cuts);
}
