// SPDX-License-Identifier: Apache-2.0
#include "categories.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "memory.h"
#include "random.h"

enum { MOST_ROUNDS = 300, SEED = 1 };

/* One run of k-means. */
typedef struct {
    int32_t *clusters; /* [n] */
    float *centres;    /* [k x dim], unit length */
    double *sums;      /* [dim]: sum of the rows of one cluster */
    double *distances; /* [n]: 1 - cosine to the nearest centre so far */
    double objective;
    int restart;
} attempt;

static const float *row_of(const unit_rows *rows, int64_t i) {
    return rows->rows + (size_t)i * rows->stride;
}

static float *centre_of(const attempt *a, const unit_rows *rows, int c) {
    return a->centres + (size_t)c * (size_t)rows->dim;
}

static void set_centre(attempt *a, const unit_rows *rows, int c, int64_t i) {
    memcpy(centre_of(a, rows, c), row_of(rows, i), (size_t)rows->dim * sizeof(float));
}

/* The row where the running sum of distances passes a share of the whole. */
static int64_t pick_row(const attempt *a, int64_t n, double share) {
    double all = 0, passed = 0;
    for (int64_t i = 0; i < n; i++)
        all += a->distances[i];
    for (int64_t i = 0; i < n; i++) {
        passed += a->distances[i];
        if (passed > share * all)
            return i;
    }
    return (int64_t)(share * (double)n);
}

/* k-means++: each centre is a row drawn in proportion to its distance from those before. For unit
 * rows 1 - cosine is half the squared distance. */
static void start_centres(attempt *a, const unit_rows *rows, int k) {
    uint64_t key = random_key(SEED, RANDOM_CLUSTER, (uint64_t)a->restart);
    for (int64_t i = 0; i < rows->n; i++)
        a->distances[i] = 1;
    for (int c = 0; c < k; c++) {
        set_centre(a, rows, c, pick_row(a, rows->n, random_unit(random_at(key, (uint64_t)c))));
        for (int64_t i = 0; i < rows->n; i++) {
            double d = 1 - neighbours_dot(row_of(rows, i), centre_of(a, rows, c), rows->dim);
            d = d > 0 ? d : 0;
            if (!c || d < a->distances[i])
                a->distances[i] = d;
        }
    }
}

/* Give every row to its nearest centre; true if any row changed. */
static bool assign(attempt *a, const unit_rows *rows, int k) {
    bool changed = false;
    a->objective = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        int32_t best = 0;
        double highest = -INFINITY;
        for (int c = 0; c < k; c++) {
            double cosine = neighbours_dot(row_of(rows, i), centre_of(a, rows, c), rows->dim);
            if (cosine > highest) {
                highest = cosine;
                best = c;
            }
        }
        changed = changed || a->clusters[i] != best;
        a->clusters[i] = best;
        a->distances[i] = 1 - highest;
        a->objective += highest;
    }
    return changed;
}

/* An empty cluster takes the row that is farthest from its centre. */
static void refill(attempt *a, const unit_rows *rows, int c) {
    int64_t farthest = 0;
    for (int64_t i = 1; i < rows->n; i++)
        if (a->distances[i] > a->distances[farthest])
            farthest = i;
    a->distances[farthest] = 0;
    set_centre(a, rows, c, farthest);
}

static void move_centres(attempt *a, const unit_rows *rows, int k) {
    for (int c = 0; c < k; c++) {
        int64_t members = 0;
        memset(a->sums, 0, (size_t)rows->dim * sizeof *a->sums);
        for (int64_t i = 0; i < rows->n; i++) {
            if (a->clusters[i] != c)
                continue;
            members++;
            for (int64_t j = 0; j < rows->dim; j++)
                a->sums[j] += row_of(rows, i)[j];
        }
        if (!members) {
            refill(a, rows, c);
            continue;
        }
        float *centre = centre_of(a, rows, c);
        for (int64_t j = 0; j < rows->dim; j++)
            centre[j] = (float)(a->sums[j] / (double)members);
        neighbours_normalise(centre, rows->dim);
    }
}

static void run_attempt(attempt *a, const unit_rows *rows, int k) {
    start_centres(a, rows, k);
    for (int64_t i = 0; i < rows->n; i++)
        a->clusters[i] = -1;
    for (int round = 0; round < MOST_ROUNDS && assign(a, rows, k); round++)
        move_centres(a, rows, k);
}

static status purity(const int32_t *clusters, int64_t n, int k, const int32_t *classes,
                     int n_classes, double *result) {
    int64_t *table, right = 0;
    status s = mem_new(&table, (size_t)k * (size_t)n_classes, sizeof *table, "classes of clusters");
    if (s.code)
        return s;
    for (int64_t i = 0; i < n; i++)
        table[(int64_t)clusters[i] * n_classes + classes[i]]++;
    for (int c = 0; c < k; c++) {
        int64_t most = 0;
        for (int j = 0; j < n_classes; j++)
            most =
                table[(int64_t)c * n_classes + j] > most ? table[(int64_t)c * n_classes + j] : most;
        right += most;
    }
    *result = (double)right / (double)n;
    mem_free(&table);
    return s;
}

/* ---- ranks and threads */

static void clear_attempts(attempt **all, int n) {
    for (int i = 0; *all && i < n; i++) {
        mem_free(&(*all)[i].clusters);
        mem_free(&(*all)[i].centres);
        mem_free(&(*all)[i].sums);
        mem_free(&(*all)[i].distances);
    }
    mem_free(all);
}

static status new_attempts(attempt **all, int n, const unit_rows *rows, int k) {
    const char *what = "work space of k-means";
    size_t words = (size_t)rows->n, dim = (size_t)rows->dim;
    status s = mem_new(all, (size_t)n, sizeof **all, what);
    for (int i = 0; i < n && !s.code; i++) {
        attempt *a = &(*all)[i];
        s = mem_new(&a->clusters, words, sizeof *a->clusters, what);
        if (!s.code)
            s = mem_new(&a->centres, (size_t)k * dim, sizeof *a->centres, what);
        if (!s.code)
            s = mem_new(&a->sums, dim, sizeof *a->sums, what);
        if (!s.code)
            s = mem_new(&a->distances, words, sizeof *a->distances, what);
    }
    return s;
}

/* The rank whose best attempt is the best of all, and that attempt's objective. */
static int best_rank(const comm *c, const attempt *mine, double *objective) {
    double highest = -INFINITY;
    int winner = 0, earliest = CATEGORIES_RESTARTS;
    for (int r = 0; r < comm_size(c); r++) {
        struct {
            double objective;
            int restart;
        } theirs = {0};
        theirs.objective = mine ? mine->objective : -INFINITY;
        theirs.restart = mine ? mine->restart : CATEGORIES_RESTARTS;
        comm_broadcast(c, r, &theirs, sizeof theirs);
        if (theirs.objective > highest ||
            (theirs.objective == highest && theirs.restart < earliest)) {
            highest = theirs.objective;
            earliest = theirs.restart;
            winner = r;
        }
    }
    *objective = highest;
    return winner;
}

/* The share of rank r of size: restarts r, r + size, ... */
static int count_restarts(const comm *c) {
    int left = CATEGORIES_RESTARTS - comm_rank(c);
    return left > 0 ? (left + comm_size(c) - 1) / comm_size(c) : 0;
}

status categories_cluster(const comm *c, const unit_rows *rows, int k, const int32_t *classes,
                          int n_classes, int threads, categories_result *result,
                          int32_t *clusters) {
    const int n = count_restarts(c);
    int32_t *best = NULL;
    attempt *all, *mine = NULL;
    status s = new_attempts(&all, n, rows, k);
    if (!s.code)
        s = mem_new(&best, (size_t)rows->n, sizeof *best, "clusters");
    if ((s = comm_agree(c, s)).code)
        goto done;
    const int first = comm_rank(c), step = comm_size(c);
#pragma omp parallel for default(none) shared(all, rows) firstprivate(n, k, first, step)           \
    num_threads(threads > 0 ? threads : 1) schedule(dynamic, 1)
    for (int i = 0; i < n; i++) {
        all[i].restart = first + i * step;
        run_attempt(&all[i], rows, k);
    }
    for (int i = 0; i < n; i++)
        if (!mine || all[i].objective > mine->objective)
            mine = &all[i];
    int winner = best_rank(c, mine, &result->objective);
    if (winner == comm_rank(c))
        memcpy(best, mine->clusters, (size_t)rows->n * sizeof *best);
    comm_broadcast(c, winner, best, (size_t)rows->n * sizeof *best);
    s = comm_agree(c, purity(best, rows->n, k, classes, n_classes, &result->purity));
    if (!s.code && clusters)
        memcpy(clusters, best, (size_t)rows->n * sizeof *best);
done:
    clear_attempts(&all, n);
    mem_free(&best);
    return s;
}
