// SPDX-License-Identifier: Apache-2.0
#include "neighbours.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "blas_alone.h"
#include "memory.h"

enum {
    BLOCK = 256, /* queries that a thread takes at a time */
    TILE = 512,  /* candidates of one sgemm: its scores stay in L2 */
    STRIP = 64,  /* scores that are looked at together */
    PARTS = 3,
    LANES = 8,
    POOLED = 64 /* the largest k for which candidates wait in a pool */
};
static const double MUL_EPSILON = 0.001;
static const double SHORTEST = 1e-12;

double neighbours_dot(const float *x, const float *y, int64_t dim) {
    double sums[LANES] = {0};
    int64_t j = 0;
    for (; j + LANES <= dim; j += LANES)
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += (double)x[j + lane] * y[j + lane];
    for (; j < dim; j++)
        sums[0] += (double)x[j] * y[j];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

void neighbours_normalise(float *row, int64_t dim) {
    double length = sqrt(neighbours_dot(row, row, dim));
    double divisor = length > SHORTEST ? length : SHORTEST;
    for (int64_t j = 0; j < dim; j++)
        row[j] = (float)(row[j] / divisor);
}

/* Candidates of a query by cosine that have sgemm's scores only: exact ones take as long as
 * hundreds of those, and most of what is among the k best so far does not stay there. */
enum { WAITING = 2 * POOLED };
typedef struct {
    int32_t rows[WAITING]; /* growing */
    float scores[WAITING]; /* of these */
    float highest[POOLED]; /* the k highest scores so far, falling */
    float limit;           /* what is below is not among the k best */
    int n;                 /* waiting */
} pool;

/* What one thread needs for one block of queries. */
typedef struct {
    int32_t *ids;      /* [BLOCK * PARTS] the probes of the block, sorted, each once */
    int32_t *parts;    /* [BLOCK * PARTS] place in ids of each row of each query */
    float *rows;       /* [n_ids x dim] the probes */
    float *scores;     /* [n_ids x TILE] */
    double *bounds;    /* [BLOCK] a candidate scored below is not among the k best */
    neighbour *sorted; /* of the output: the block's queries x k */
    pool *pools;       /* [BLOCK], or NULL */
    int n_ids;
    int64_t begin, n; /* queries */
} block;

static int compare_ids(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int place_of(const int32_t *ids, int n, int32_t id) {
    int low = 0, high = n - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Questions of one section share most of their words: each is multiplied once. */
static void gather_probes(const neighbours_task *t, block *b) {
    int n = (int)b->n * neighbours_parts(t->method), unique = 0;
    const int32_t *queries = t->queries + b->begin * neighbours_parts(t->method);
    memcpy(b->ids, queries, (size_t)n * sizeof *b->ids);
    qsort(b->ids, (size_t)n, sizeof *b->ids, compare_ids);
    for (int i = 0; i < n; i++)
        if (!i || b->ids[i] != b->ids[unique - 1])
            b->ids[unique++] = b->ids[i];
    b->n_ids = unique;
    for (int i = 0; i < n; i++)
        b->parts[i] = place_of(b->ids, unique, queries[i]);
    size_t columns = (size_t)t->probes.dim;
    for (int i = 0; i < unique; i++)
        memcpy(b->rows + (size_t)i * columns, t->probes.rows + (size_t)b->ids[i] * t->probes.stride,
               columns * sizeof(float));
}

/* ---- scores */

static double combine(neighbours_method method, const double *cosines) {
    switch (method) {
    case NEIGHBOURS_3COSADD:
        return cosines[1] - cosines[0] + cosines[2];
    case NEIGHBOURS_3COSMUL:
        return (cosines[1] + 1) / 2 * ((cosines[2] + 1) / 2) / ((cosines[0] + 1) / 2 + MUL_EPSILON);
    default:
        return cosines[0];
    }
}

static double exact_score(const neighbours_task *t, const int32_t *query, int64_t candidate) {
    const float *x = t->candidates.rows + (size_t)candidate * t->candidates.stride;
    double cosines[PARTS];
    for (int p = 0; p < neighbours_parts(t->method); p++)
        cosines[p] = neighbours_dot(x, t->probes.rows + (size_t)query[p] * t->probes.stride,
                                    t->candidates.dim);
    return combine(t->method, cosines);
}

/* How far sgemm's product of two unit rows may be from the true one: dim roundings of parts that
 * add up to at most 1, and as much again for the operations of the score itself. */
static float error_bound(const neighbours_task *t) {
    return (float)(2 * ((double)t->candidates.dim + 8) * 0x1.0p-24);
}

/* Upper bounds of the exact scores of n candidates, from sgemm's cosines. */
static void bound_scores(neighbours_method method, const float *const *s, float error, int n,
                         float *out) {
    const float *p0 = s[0], *p1 = s[1], *p2 = s[2];
    if (method == NEIGHBOURS_COSINE)
        for (int j = 0; j < n; j++)
            out[j] = p0[j] + error;
    else if (method == NEIGHBOURS_3COSADD)
        for (int j = 0; j < n; j++)
            out[j] = p1[j] - p0[j] + p2[j] + 3 * error;
    else
        for (int j = 0; j < n; j++) {
            float below = (p0[j] + 1) / 2 - error;
            below = (below > 0 ? below : 0) + (float)MUL_EPSILON;
            out[j] = ((p1[j] + 1) / 2 + error) * ((p2[j] + 1) / 2 + error) / below *
                     (1 + 8 * 0x1.0p-23f);
        }
}

/* ---- the k best */

static bool is_excluded(const neighbours_task *t, int64_t query, int64_t candidate) {
    for (int i = 0; i < t->n_exclude; i++)
        if (t->exclude[query * t->n_exclude + i] == candidate)
            return true;
    return false;
}

/* Put a candidate in its place in the list of k; candidates come in the order of their rows, so an
 * equal score stays behind. Returns the score of the last. */
static double insert(neighbour *list, int k, int32_t row, double score) {
    if (score <= list[k - 1].score && list[k - 1].row >= 0)
        return list[k - 1].score;
    int at = k - 1;
    while (at > 0 && (list[at - 1].row < 0 || list[at - 1].score < score)) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = (neighbour){row, score};
    return list[k - 1].row < 0 ? -INFINITY : list[k - 1].score;
}

/* Whether one of n numbers is at least the limit; in a form that compilers vectorise. */
static bool any_reaches(const float *x, int n, float limit) {
    int found = 0;
    for (int j = 0; j < n; j++)
        found |= x[j] >= limit;
    return found;
}

/* Pass over the scores of one query against candidates [first, first + n). */
static void scan(const neighbours_task *t, block *b, int64_t i, int64_t first, int n) {
    const int parts = neighbours_parts(t->method);
    const int64_t query = b->begin + i;
    const float error = error_bound(t);
    for (int begin = 0; begin < n; begin += STRIP) {
        int m = n - begin < STRIP ? n - begin : STRIP;
        const float *scores[PARTS] = {NULL};
        for (int p = 0; p < parts; p++)
            scores[p] = b->scores + (size_t)b->parts[i * parts + p] * TILE + begin;
        float bounds[STRIP];
        bound_scores(t->method, scores, error, m, bounds);
        if (!any_reaches(bounds, m, nextafterf((float)b->bounds[i], -INFINITY)))
            continue;
        for (int j = 0; j < m; j++) {
            int64_t candidate = first + begin + j;
            if (bounds[j] < b->bounds[i] || is_excluded(t, query, candidate))
                continue;
            b->bounds[i] = insert(b->sorted + i * t->k, t->k, (int32_t)candidate,
                                  exact_score(t, t->queries + query * parts, candidate));
        }
    }
}

/* ---- the k best by cosine, through a pool */

/* Score what may be among the k best and empty the pool. Rows have come in their order. */
static void settle(const neighbours_task *t, block *b, int64_t i) {
    pool *p = &b->pools[i];
    for (int j = 0; j < p->n; j++)
        if (p->scores[j] >= p->limit)
            insert(b->sorted + i * t->k, t->k, p->rows[j],
                   exact_score(t, t->queries + b->begin + i, p->rows[j]));
    p->n = 0;
}

/* Drop what has fallen below the limit; if that frees little, as when many rows are equal, settle.
 */
static void make_room(const neighbours_task *t, block *b, int64_t i) {
    pool *p = &b->pools[i];
    int kept = 0;
    for (int j = 0; j < p->n; j++)
        if (p->scores[j] >= p->limit) {
            p->rows[kept] = p->rows[j];
            p->scores[kept++] = p->scores[j];
        }
    p->n = kept;
    if (kept > WAITING * 3 / 4)
        settle(t, b, i);
}

/* The k-th best of the exact scores is at least the k-th highest of sgemm's less the error, and a
 * candidate's exact score at most its own and the error: two errors apart it is out, and a third
 * makes up for rounding here. */
static void wait_in_pool(const neighbours_task *t, block *b, int64_t i, int32_t row, float score) {
    pool *p = &b->pools[i];
    if (p->n == WAITING)
        make_room(t, b, i);
    p->rows[p->n] = row;
    p->scores[p->n++] = score;
    if (score <= p->highest[t->k - 1])
        return;
    int at = t->k - 1;
    for (; at > 0 && p->highest[at - 1] < score; at--)
        p->highest[at] = p->highest[at - 1];
    p->highest[at] = score;
    p->limit = p->highest[t->k - 1] - 3 * error_bound(t);
}

static void scan_cosines(const neighbours_task *t, block *b, int64_t i, int64_t first, int n) {
    const float *scores = b->scores + (size_t)b->parts[i] * TILE;
    const pool *p = &b->pools[i];
    for (int begin = 0; begin < n; begin += STRIP) {
        const int m = n - begin < STRIP ? n - begin : STRIP;
        if (!any_reaches(scores + begin, m, p->limit))
            continue;
        for (int j = begin; j < begin + m; j++)
            if (scores[j] >= p->limit && !is_excluded(t, b->begin + i, first + j))
                wait_in_pool(t, b, i, (int32_t)(first + j), scores[j]);
    }
}

static void empty_pools(const neighbours_task *t, block *b) {
    for (int64_t i = 0; i < b->n; i++) {
        b->pools[i].n = 0;
        b->pools[i].limit = -INFINITY;
        for (int j = 0; j < t->k; j++)
            b->pools[i].highest[j] = -INFINITY;
    }
}

static void answer_block(const neighbours_task *t, block *b) {
    const int dim = (int)t->candidates.dim;
    gather_probes(t, b);
    for (int64_t i = 0; i < b->n; i++)
        b->bounds[i] = -INFINITY;
    for (int64_t i = 0; i < b->n * t->k; i++)
        b->sorted[i] = (neighbour){-1, -INFINITY};
    if (b->pools)
        empty_pools(t, b);
    for (int64_t first = 0; first < t->candidates.n; first += TILE) {
        int64_t left = t->candidates.n - first;
        int n = left < TILE ? (int)left : TILE;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, b->n_ids, n, dim, 1.0f, b->rows, dim,
                    t->candidates.rows + (size_t)first * t->candidates.stride,
                    (int)t->candidates.stride, 0.0f, b->scores, TILE);
        for (int64_t i = 0; i < b->n; i++)
            if (b->pools)
                scan_cosines(t, b, i, first, n);
            else
                scan(t, b, i, first, n);
    }
    for (int64_t i = 0; i < b->n && b->pools; i++)
        settle(t, b, i);
}

/* ---- threads */

static void clear_blocks(block **blocks, int n) {
    for (int i = 0; *blocks && i < n; i++) {
        block *b = &(*blocks)[i];
        mem_free(&b->ids);
        mem_free(&b->parts);
        mem_free(&b->rows);
        mem_free(&b->scores);
        mem_free(&b->bounds);
        mem_free(&b->pools);
    }
    mem_free(blocks);
}

static status new_blocks(block **blocks, int n, size_t queries, const neighbours_task *t) {
    size_t most = queries * (size_t)neighbours_parts(t->method);
    status s = mem_new(blocks, (size_t)n, sizeof **blocks, "work space of the search");
    for (int i = 0; i < n && !s.code; i++) {
        block *b = &(*blocks)[i];
        s = mem_new(&b->ids, most, sizeof *b->ids, "work space of the search");
        if (!s.code)
            s = mem_new(&b->parts, most, sizeof *b->parts, "work space of the search");
        if (!s.code)
            s = mem_new(&b->rows, most * (size_t)t->probes.dim, sizeof *b->rows,
                        "rows of the queries");
        if (!s.code)
            s = mem_new(&b->scores, most * TILE, sizeof *b->scores, "scores of the candidates");
        if (!s.code && t->method == NEIGHBOURS_COSINE && t->k <= POOLED)
            s = mem_new(&b->pools, queries, sizeof *b->pools, "candidates of the search");
        if (!s.code)
            s = mem_new(&b->bounds, queries, sizeof *b->bounds, "work space of the search");
    }
    return s;
}

status neighbours_find(const neighbours_task *task, neighbour *out) {
    const neighbours_task t = *task;
    int threads = t.threads > 0 ? t.threads : 1;
    int64_t size = (t.n_queries + threads - 1) / threads;
    size = size > BLOCK ? BLOCK : size < 1 ? 1 : size;
    const int64_t n_blocks = (t.n_queries + size - 1) / size;
    if (threads > n_blocks)
        threads = n_blocks > 0 ? (int)n_blocks : 1;
    block *blocks;
    status s = new_blocks(&blocks, threads, (size_t)size, &t);
    if (!s.code) {
        const int openmp_default = blas_alone_begin(); /* each thread calls sgemm for itself */
#pragma omp parallel for default(none) shared(t, blocks, out) firstprivate(size, n_blocks)         \
    num_threads(threads) schedule(dynamic, 1)
        for (int64_t i = 0; i < n_blocks; i++) {
            block *b = &blocks[omp_get_thread_num()];
            b->begin = i * size;
            b->n = t.n_queries - b->begin < size ? t.n_queries - b->begin : size;
            b->sorted = out + b->begin * t.k;
            answer_block(&t, b);
        }
        blas_alone_end(openmp_default);
    }
    clear_blocks(&blocks, threads);
    return s;
}

status neighbours_nearest(const unit_rows *all, int64_t n, const int32_t *rows, int k, int threads,
                          neighbour *out) {
    return neighbours_find(&(neighbours_task){.candidates = *all,
                                              .probes = *all,
                                              .method = NEIGHBOURS_COSINE,
                                              .n_queries = n,
                                              .queries = rows,
                                              .exclude = rows,
                                              .n_exclude = 1,
                                              .k = k,
                                              .threads = threads},
                           out);
}
