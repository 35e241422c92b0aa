// SPDX-License-Identifier: Apache-2.0
/* export: vectors of a run, or co-occurrence counts, in another program's format. Rank 0 writes,
 * its threads make the bytes.
 */
#include <omp.h>
#include <string.h>

#include "commands.h"
#include "cooc_file.h"
#include "embedding.h"
#include "export_cooccurrence.h"
#include "log.h"
#include "memory.h"
#include "vectors.h"

enum { BLOCK = 1024 }; /* rows that a thread encodes at a time */

/* What is under way: one block of rows for each thread. */
typedef struct {
    const run_file *run;
    const options *o;
    vectors_writer *writer;
    int threads;
    float *rows, *sum;       /* [threads * BLOCK][dim] */
    vectors_buffer *buffers; /* [threads] */
    status *results;         /* [threads] */
} session;

static status new_session(session *x) {
    size_t threads = (size_t)x->threads, numbers = threads * BLOCK * (size_t)x->run->dim;
    status s = mem_new(&x->rows, numbers, sizeof *x->rows, "rows to export");
    if (!s.code && x->o->table == TABLE_SUM)
        s = mem_new(&x->sum, numbers, sizeof *x->sum, "rows to export");
    if (!s.code)
        s = mem_new(&x->buffers, threads, sizeof *x->buffers, "rows to export");
    if (!s.code)
        s = mem_new(&x->results, threads, sizeof *x->results, "rows to export");
    return s;
}

static void clear_session(session *x) {
    for (int i = 0; x->buffers && i < x->threads; i++)
        mem_free(&x->buffers[i].bytes);
    mem_free(&x->buffers);
    mem_free(&x->results);
    mem_free(&x->rows);
    mem_free(&x->sum);
}

static status read_rows(session *x, int64_t begin, int64_t n) {
    status s = embedding_read(x->run, x->o->table, (int)x->o->epoch, begin, n, x->rows,
                              (size_t)x->run->dim, x->sum);
    for (int64_t i = 0; i < n && !s.code; i++)
        s = embedding_refuse_infinite(x->run, begin + i, x->rows + i * x->run->dim);
    return s;
}

/* Rows [begin, begin + n), at most one block for each thread. */
static status export_rows(session *x, int64_t begin, int64_t n) {
    status s = read_rows(x, begin, n);
    if (s.code)
        return s;
    const int parts = (int)((n + BLOCK - 1) / BLOCK);
    const int64_t dim = x->run->dim;
#pragma omp parallel for default(none) shared(x) firstprivate(begin, n, dim, parts)                \
    num_threads(x->threads) schedule(static, 1)
    for (int i = 0; i < parts; i++) {
        int64_t first = (int64_t)i * BLOCK, left = n - first;
        x->results[i] = vectors_encode(x->writer, begin + first, left < BLOCK ? left : BLOCK,
                                       x->rows + first * dim, (size_t)dim, &x->buffers[i]);
    }
    for (int i = 0; i < parts && !s.code; i++) {
        s = x->results[i];
        if (!s.code)
            s = vectors_append(x->writer, &x->buffers[i]);
    }
    return s;
}

static status export_table(const run_file *run, const options *o, vectors_format format) {
    session x = {.run = run, .o = o, .threads = common_threads(o)};
    const int64_t step = (int64_t)x.threads * BLOCK;
    status s = new_session(&x);
    if (!s.code)
        s = vectors_create(&x.writer, o->output, format, &run->words, run->dim);
    for (int64_t begin = 0; begin < run->words.n && !s.code; begin += step) {
        int64_t left = run->words.n - begin;
        s = export_rows(&x, begin, left < step ? left : step);
    }
    if (s.code)
        vectors_discard(&x.writer);
    else
        s = vectors_commit(&x.writer);
    clear_session(&x);
    return s;
}

static status export_run(const options *o, const char *path, const comm *world) {
    vectors_format format = (vectors_format)o->export_format;
    if (o->export_format == FORMAT_GLOVE_COOCCURRENCE)
        return status_error(STATUS_USAGE, "--format glove-cooccurrence is for a cooc.h5");
    if (format == VECTORS_AUTO)
        format = vectors_format_of(o->output);
    if (format == VECTORS_AUTO)
        return status_error(STATUS_USAGE,
                            "%s does not say which format: end it in .bin, .txt, .vec, .glove or "
                            ".npy, or give --format",
                            o->output);
    run_file run;
    group g = comm_group(world);
    status s = run_file_open(&run, path, &g);
    if (s.code)
        return s;
    if (comm_rank(world) == 0)
        s = export_table(&run, o, format);
    if (!s.code)
        log_info("%s: %lld words x %lld columns, %s", o->output, (long long)run.words.n,
                 (long long)run.dim, vectors_format_name(format));
    run_file_close(&run);
    return comm_agree(world, s);
}

status command_export(const options *o, const comm *world) {
    const char *path;
    char kind[64] = "";
    status s = common_one_input(o, "run or co-occurrence file", &path);
    if (!s.code)
        s = common_check_output(o, world);
    if (s.code)
        return s;
    if (comm_rank(world) == 0)
        h5_kind(path, kind, sizeof kind);
    comm_broadcast(world, 0, kind, sizeof kind);
    return strcmp(kind, COOC_FILE_KIND) ? export_run(o, path, world)
                                        : export_cooccurrence(o, path, world);
}
