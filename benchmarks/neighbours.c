// SPDX-License-Identifier: Apache-2.0
/* How much of sgemm's speed do the searches keep that compare all words with all? One JSON row for
 * each number of words: multiply-adds a second of CPU time on each thread, best and median of the
 * repetitions, of sgemm alone (the fastest of several shapes), of the 10 nearest neighbours of
 * every word, and of the cosines that RSA counts and correlates; interleaved. As a check, the
 * neighbours of some words against a plain loop. Usage: bench_neighbours [FILE [THREADS]], FILE:
 * vectors in any format that import reads; without, rows around random centres, d = 300. */
#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blas_alone.h"
#include "comm.h"
#include "memory.h"
#include "neighbours.h"
#include "random.h"
#include "rsa.h"
#include "vectors.h"

enum { REPEATS = 5, NEAREST = 10, DIM = 300, MOST = 30000, CENTRES = 500 };

static int compare_reals(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(status s) {
    if (s.code) {
        fprintf(stderr, "bench_neighbours: %s\n", s.message);
        exit(1);
    }
}

static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- rows */

static double normal(uint64_t stream, uint64_t at) {
    const uint64_t key = random_key(stream, RANDOM_PLANT, 0);
    const double u = random_unit(random_at(key, 2 * at)),
                 v = random_unit(random_at(key, 2 * at + 1));
    return sqrt(-2 * log(u + 1e-300)) * cos(2 * 3.141592653589793 * v);
}

static void make_rows(float *rows, int64_t n, int64_t dim) {
    float *centres;
    check(mem_new(&centres, (size_t)(CENTRES * dim), sizeof *centres, "centres"));
    for (int64_t i = 0; i < CENTRES * dim; i++)
        centres[i] = (float)normal(1, (uint64_t)i);
    for (int64_t i = 0; i < n; i++) {
        const uint32_t centre = random_below(random_at(7, (uint64_t)i), CENTRES);
        for (int64_t j = 0; j < dim; j++)
            rows[i * dim + j] =
                (float)(centres[centre * dim + j] + 1.5 * normal(2, (uint64_t)(i * dim + j)));
    }
    mem_free(&centres);
}

static unit_rows read_rows(const char *path) {
    unit_rows all = {.dim = DIM, .n = MOST};
    vectors v = {0};
    if (path) {
        check(vectors_read(&v, path, VECTORS_AUTO));
        all.n = v.words.n < MOST ? v.words.n : MOST;
        all.dim = v.dim;
    }
    all.stride = (size_t)(all.dim + 15) / 16 * 16;
    float *rows, *raw = v.rows;
    if (!path) {
        check(mem_new(&raw, (size_t)(all.n * all.dim), sizeof *raw, "vectors"));
        make_rows(raw, all.n, all.dim);
    }
    check(mem_new(&rows, (size_t)all.n * all.stride, sizeof *rows, "vectors"));
    for (int64_t i = 0; i < all.n; i++) {
        memcpy(rows + (size_t)i * all.stride, raw + i * all.dim, (size_t)all.dim * sizeof *rows);
        neighbours_normalise(rows + (size_t)i * all.stride, all.dim);
    }
    if (path)
        vectors_clear(&v);
    else
        mem_free(&raw);
    all.rows = rows;
    return all;
}

/* ---- what is timed: each returns multiply-adds x 2 a second of CPU time */

/* m x n x k on each thread. */
static double time_sgemm(const unit_rows *x, int threads, int m, int n, int k) {
    const int rounds = (int)(4e9 / ((double)m * n * k)) + 1;
    float *in, *out;
    const size_t size = (size_t)m * (size_t)n, inputs = (size_t)(m + n) * (size_t)k;
    check(mem_new(&out, (size_t)threads * size, sizeof *out, "products"));
    check(mem_new(&in, inputs, sizeof *in, "factors"));
    for (size_t i = 0; i < inputs; i++)
        in[i] = x->rows[i % ((size_t)x->n * x->stride)];
    const int openmp_default = blas_alone_begin();
    const double begin = cpu_seconds();
#pragma omp parallel default(none) shared(in, out) firstprivate(m, n, k, rounds, size)             \
    num_threads(threads)
    for (int i = 0; i < rounds; i++)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, in, k,
                    in + (size_t)m * (size_t)k, k, 0, out + (size_t)omp_get_thread_num() * size, n);
    const double seconds = cpu_seconds() - begin;
    blas_alone_end(openmp_default);
    mem_free(&out);
    mem_free(&in);
    return 2.0 * m * n * k * rounds * threads / seconds;
}

static double time_peak(const unit_rows *x, int threads) {
    const int shapes[][3] = {
        {1024, 1024, 1024}, {1024, 1024, (int)x->dim}, {256, 1024, (int)x->dim}};
    double best = 0;
    for (int i = 0; i < 3; i++)
        best = fmax(best, time_sgemm(x, threads, shapes[i][0], shapes[i][1], shapes[i][2]));
    return best;
}

static double time_neighbours(const unit_rows *x, int threads, const int32_t *queries,
                              neighbour *out) {
    const neighbours_task task = {.candidates = *x,
                                  .probes = *x,
                                  .n_queries = x->n,
                                  .queries = queries,
                                  .exclude = queries,
                                  .n_exclude = 1,
                                  .k = NEAREST,
                                  .threads = threads};
    const double begin = cpu_seconds();
    check(neighbours_find(&task, out));
    return 2.0 * (double)x->n * (double)x->n * (double)x->dim / (cpu_seconds() - begin);
}

/* A pass to rank the cosines of one space and one to correlate two: three halves of the square. */
static double time_rsa(const unit_rows *x, int threads, const comm *world) {
    rsa_ranks ranks;
    double rho;
    const double begin = cpu_seconds();
    check(rsa_rank(&ranks, x, world, threads));
    check(rsa_spearman(x, &ranks, x, &ranks, world, threads, &rho));
    const double seconds = cpu_seconds() - begin;
    rsa_clear(&ranks);
    if (fabs(rho - 1) > 1e-6)
        check(status_error(STATUS_INTERNAL, "a space correlates with itself by %.9f", rho));
    return 3.0 * (double)x->n * (double)x->n * (double)x->dim / seconds;
}

/* ---- */

static void check_neighbours(const unit_rows *x, const neighbour *found) {
    for (int64_t i = 0; i < x->n; i += x->n / 7) {
        const double last = found[i * NEAREST + NEAREST - 1].score;
        int better = 0;
        for (int64_t j = 0; j < x->n; j++)
            better += j != i && neighbours_dot(x->rows + (size_t)i * x->stride,
                                               x->rows + (size_t)j * x->stride, x->dim) > last;
        if (better >= NEAREST)
            check(status_error(STATUS_INTERNAL, "%d words are nearer than the last neighbour",
                               better));
    }
}

static void measure(unit_rows x, int64_t n, int threads, const comm *world) {
    double speeds[3][REPEATS];
    int32_t *queries;
    neighbour *out;
    x.n = n;
    check(mem_new(&queries, (size_t)n, sizeof *queries, "queries"));
    check(mem_new(&out, (size_t)n * NEAREST, sizeof *out, "neighbours"));
    for (int64_t i = 0; i < n; i++)
        queries[i] = (int32_t)i;
    for (int r = 0; r < REPEATS; r++) {
        speeds[0][r] = time_peak(&x, threads);
        speeds[1][r] = time_neighbours(&x, threads, queries, out);
        speeds[2][r] = time_rsa(&x, threads, world);
    }
    check_neighbours(&x, out);
    for (int k = 0; k < 3; k++)
        qsort(speeds[k], REPEATS, sizeof(double), compare_reals);
    printf("{\"benchmark\": \"neighbours\", \"words\": %lld, \"columns\": %lld, \"nearest\": %d, "
           "\"threads\": %d, \"sgemm_gflops\": %.1f, \"sgemm_gflops_median\": %.1f, "
           "\"neighbours_gflops\": %.1f, \"neighbours_gflops_median\": %.1f, "
           "\"neighbours_part\": %.3f, \"rsa_gflops\": %.1f, \"rsa_gflops_median\": %.1f, "
           "\"rsa_part\": %.3f, \"repeats\": %d}\n",
           (long long)n, (long long)x.dim, NEAREST, threads, speeds[0][REPEATS - 1] * 1e-9,
           speeds[0][REPEATS / 2] * 1e-9, speeds[1][REPEATS - 1] * 1e-9,
           speeds[1][REPEATS / 2] * 1e-9, speeds[1][REPEATS / 2] / speeds[0][REPEATS / 2],
           speeds[2][REPEATS - 1] * 1e-9, speeds[2][REPEATS / 2] * 1e-9,
           speeds[2][REPEATS / 2] / speeds[0][REPEATS / 2], REPEATS);
    fflush(stdout);
    mem_free(&queries);
    mem_free(&out);
}

int main(int argc, char **argv) {
    comm *world = comm_start(&argc, &argv);
    unit_rows all = read_rows(argc > 1 && *argv[1] ? argv[1] : NULL);
    const int threads = argc > 2 ? atoi(argv[2]) : 1;
    const int64_t sizes[] = {10000, 30000};
    for (int i = 0; i < 2; i++)
        if (sizes[i] <= all.n)
            measure(all, sizes[i], threads, world);
    mem_free(&all.rows);
    comm_stop(&world);
    return 0;
}
