// SPDX-License-Identifier: Apache-2.0
#include "ppmi_svd.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "commands.h"
#include "log.h"
#include "memory.h"
#include "objective.h"
#include "stop.h"

/* Of a larger corpus, rare pairs are better known, and eigenvectors of small eigenvalues deserve
 * more weight. */
static const int64_t LARGE_CORPUS = 50000000;
static const double POWER_SMALL = 0.5, POWER_LARGE = 0.25;

/* A start keeps out of the last columns, which are noise of rare words: with them vectors are so
 * long that GloVe's first steps overshoot. */
static const int ITERATIONS = 12, ITERATIONS_TO_START = 4;

int ppmi_svd_iterations(const options *o) {
    if (o->iterations)
        return (int)o->iterations;
    return o->model == MODEL_PPMI_SVD ? ITERATIONS : ITERATIONS_TO_START;
}

/* Counts, the value of each, and rows of the positive ones, which become tiles. */
static void add_making(const job_shape *job, const cooc_size *x, estimate *e) {
    const double rows = x->n_words / job->ranks;
    const double cells = x->cells / job->ranks, positive = x->positive / job->ranks;
    const double gathered = positive * (sizeof(int32_t) + sizeof(float));
    const double elsewhere = 1 - 1.0 / job->ranks, runs = x->positive_runs / job->ranks;
    const double tiles = sparse_tiles_bytes(rows, positive, runs);
    e->phase = "making the matrix";
    estimate_add(e, "counts", cooc_size_matrix(x, job));
    estimate_add(e, "values", cells * sizeof(float) + rows * sizeof(sparse_piece));
    estimate_add(e, "matrix", gathered + fmax(tiles, 2 * elsewhere * gathered));
}

static void add_iterations(const options *o, const job_shape *job, const cooc_size *x,
                           estimate *e) {
    const double rows = x->n_words / job->ranks;
    e->phase = "iterations";
    estimate_add(e, "matrix",
                 sparse_tiles_bytes(rows, x->positive / job->ranks, x->positive_runs / job->ranks));
    estimate_add(e, "eigenvectors", eigen_bytes(rows, o->dim, job->threads, job->ranks));
}

void ppmi_svd_estimate(const options *o, const job_shape *job, const cooc_size *size, estimate *e) {
    estimate_add(e, "margins", 4 * size->n_words * sizeof(double));
    estimate second = *e;
    add_making(job, size, e);
    add_iterations(o, job, size, &second);
    estimate_raise(e, &second);
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

status ppmi_svd_finish(ppmi_svd *v, const options *o, const kernels *kernel, int64_t n_tokens,
                       const eigen_pauses *pauses) {
    const double started = clock_seconds();
    const eigen_settings settings = {.dim = o->dim,
                                     .iterations = ppmi_svd_iterations(o),
                                     .seed = (uint64_t)(o->seed_init >= 0 ? o->seed_init : o->seed),
                                     .kernel = kernel,
                                     .pauses = *pauses};
    const status s = eigen_find(&v->pairs, &v->matrix, &settings);
    symmetric_clear(&v->matrix);
    if (s.code)
        return s;
    const bool large = o->model == MODEL_PPMI_SVD && n_tokens >= LARGE_CORPUS;
    v->power = o->eigenvalue_power >= 0 ? o->eigenvalue_power : large ? POWER_LARGE : POWER_SMALL;
    eigen_scale(&v->pairs, v->power);
    v->iteration_seconds = clock_seconds() - started;
    if (v->pairs.rank < o->dim)
        log_warning("the matrix has only %" PRId64 " eigenvalues other than 0; the other columns "
                    "of the vectors are 0",
                    v->pairs.rank);
    return s;
}

/* ---- for other models */

status ppmi_svd_pause(void *context, const eigen_block *block) {
    (void)block;
    return comm_agree(context, stop_check("making the vectors to start from"));
}

status ppmi_svd_check_memory(const options *o, const job_shape *job, const comm *world,
                             const estimate *e) {
    return job_shape_check(job, o, world, e, "use more ranks, or a smaller --dim or --max-vocab");
}

static status factorise(ppmi_svd *v, cooccurrence *counts, const char *path, const options *o,
                        const kernels *kernel, const comm *world) {
    const eigen_pauses pauses = {.pause = ppmi_svd_pause, .context = (void *)world};
    const int64_t n_tokens = counts->n_tokens;
    if (!counts->n_cells)
        return status_error(STATUS_INPUT, "%s: no two words occur together", path);
    const cooc_size size = cooc_size_of(counts);
    job_shape job;
    estimate e = {0};
    status s = job_shape_find(&job, o, world);
    cooc_size_add_process(&job, counts, &e);
    ppmi_svd_estimate(o, &job, &size, &e);
    if (!s.code)
        s = ppmi_svd_check_memory(o, &job, world, &e);
    if (!s.code)
        s = ppmi_svd_begin(v, counts, o, world);
    cooccurrence_clear(counts);
    return s.code ? s : ppmi_svd_finish(v, o, kernel, n_tokens, &pauses);
}

status ppmi_svd_from_input(ppmi_svd *v, const char *path, const options *o, const kernels *kernel,
                           const comm *world) {
    cooccurrence counts;
    status s = cooccurrence_get(&counts, path, o, world);
    if (!s.code)
        s = factorise(v, &counts, path, o, kernel, world);
    cooccurrence_clear(&counts);
    return s;
}

rows_table ppmi_svd_table(const ppmi_svd *v, const options *o) {
    return (rows_table){.c = v->world,
                        .cuts = v->cuts,
                        .rows = v->pairs.vectors,
                        .stride = v->pairs.width,
                        .columns = (size_t)o->dim};
}

status ppmi_svd_rows(const ppmi_svd *v, const options *o, int64_t begin, int64_t n, float *out,
                     size_t stride) {
    const rows_table table = ppmi_svd_table(v, o);
    int64_t *ids = NULL;
    status s = comm_agree(v->world, mem_new(&ids, (size_t)n, sizeof *ids, "ids of rows"));
    for (int64_t i = 0; !s.code && i < n; i++)
        ids[i] = begin + i;
    if (!s.code)
        s = rows_fetch(&table, ids, n, out, stride);
    mem_free(&ids);
    return s;
}

/* 1 / |x|, 0 for a row of zeros. */
static double inverse_length(const float *x, int64_t dim) {
    double sum = 0;
    for (int64_t k = 0; k < dim; k++)
        sum += (double)x[k] * (double)x[k];
    return sum > 0 ? 1 / sqrt(sum) : 0;
}

status ppmi_svd_blend(const ppmi_svd *v, const options *o, int64_t begin, int64_t n, float *rows,
                      size_t stride) {
    float *others = NULL;
    status s =
        comm_agree(v->world, mem_new(&others, (size_t)n * stride, sizeof *others, "rows to blend"));
    if (!s.code)
        s = ppmi_svd_rows(v, o, begin, n, others, stride);
    for (int64_t i = 0; !s.code && i < n; i++) {
        float *x = rows + (size_t)i * stride, *y = others + (size_t)i * stride;
        const double a = inverse_length(x, o->dim), b = o->blend * inverse_length(y, o->dim);
        for (int64_t k = 0; k < o->dim; k++)
            x[k] = (float)(a * (double)x[k] + b * (double)y[k]);
    }
    mem_free(&others);
    return s;
}

void ppmi_svd_clear(ppmi_svd *v) {
    symmetric_clear(&v->matrix);
    eigen_clear(&v->pairs);
    mem_free(&v->bias);
    mem_free(&v->cuts);
}
