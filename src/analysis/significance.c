// SPDX-License-Identifier: Apache-2.0
#include "significance.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

enum { STEP = 50 /* words from one place to the next where likes are looked at */ };
static const double MAD_TO_SD = 1.4826; /* of the normal distribution */

/* Words that are tested, still by falling frequency; row 0 of each matrix is real, the others are
 * controls. */
typedef struct {
    int64_t n;
    int n_rows;       /* 1 + C */
    int64_t *words;   /* [n] which of the task's */
    double *values;   /* [n_rows][n] D, then t */
    double *variance; /* [n] over controls */
    double *prior;    /* [n] s0^2 */
    double *centre;   /* [n] of the t_c of likes */
    double *scale;    /* [n] */
    double *pool;     /* [n_rows * n] work space */
} study;

static double *row_of(const study *t, int row) {
    return t->values + row * t->n;
}

static int compare_reals(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void clear_study(study *t) {
    mem_free(&t->words);
    mem_free(&t->values);
    mem_free(&t->variance);
    mem_free(&t->prior);
    mem_free(&t->centre);
    mem_free(&t->scale);
    mem_free(&t->pool);
}

static bool is_tested(const significance_task *task, int64_t word) {
    bool tested = isfinite(task->change[word]);
    for (int c = 0; c < task->n_controls; c++)
        tested = tested && isfinite(task->control[c][word]);
    return tested;
}

static status open_study(study *t, const significance_task *task) {
    const size_t n = (size_t)task->n, rows = 1 + (size_t)task->n_controls;
    *t = (study){.n_rows = (int)rows};
    status s = mem_new(&t->words, n, sizeof *t->words, "tested words");
    double **const columns[] = {&t->variance, &t->prior, &t->centre, &t->scale};
    for (size_t i = 0; i < sizeof columns / sizeof *columns && !s.code; i++)
        s = mem_new(columns[i], n, sizeof(double), "tested words");
    if (!s.code)
        s = mem_new(&t->values, rows * n, sizeof *t->values, "changes of words");
    if (!s.code)
        s = mem_new(&t->pool, rows * n, sizeof *t->pool, "changes of words");
    for (int64_t w = 0; w < task->n && !s.code; w++)
        if (is_tested(task, w))
            t->words[t->n++] = w;
    for (int r = 0; r < t->n_rows && !s.code; r++)
        for (int64_t i = 0; i < t->n; i++)
            row_of(t, r)[i] = (r ? task->control[r - 1] : task->change)[t->words[i]];
    return s;
}

/* ---- words of similar frequency */

typedef struct {
    int64_t begin, end;
} likes;

static likes likes_of(const study *t, int64_t word) {
    const int64_t size = t->n < SIGNIFICANCE_LIKES ? t->n : SIGNIFICANCE_LIKES;
    int64_t begin = word - size / 2;
    begin = begin < 0 ? 0 : begin > t->n - size ? t->n - size : begin;
    return (likes){begin, begin + size};
}

/* Call measure at every STEP-th word and the last; between them, lines. */
static void smooth(const study *t, double (*measure)(const study *t, int64_t word), double *out) {
    for (int64_t a = 0; a < t->n; a += STEP) {
        const int64_t b = a + STEP < t->n ? a + STEP : t->n - 1;
        const double first = a ? out[a] : measure(t, 0), last = b > a ? measure(t, b) : first;
        for (int64_t i = a; i <= b; i++)
            out[i] = b > a ? first + (last - first) * (double)(i - a) / (double)(b - a) : first;
    }
}

static double mean_variance(const study *t, int64_t word) {
    const likes l = likes_of(t, word);
    double sum = 0;
    for (int64_t i = l.begin; i < l.end; i++)
        sum += t->variance[i];
    return sum / (double)(l.end - l.begin);
}

/* All t_c of a word's likes into the pool, sorted; returns how many. */
static int64_t pool_likes(const study *t, int64_t word) {
    const likes l = likes_of(t, word);
    int64_t n = 0;
    for (int r = 1; r < t->n_rows; r++)
        for (int64_t i = l.begin; i < l.end; i++)
            t->pool[n++] = row_of(t, r)[i];
    qsort(t->pool, (size_t)n, sizeof *t->pool, compare_reals);
    return n;
}

static double middle_of(const double *sorted, int64_t n) {
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

static double median_null(const study *t, int64_t word) {
    return middle_of(t->pool, pool_likes(t, word));
}

static double median_deviation(const study *t, int64_t word) {
    const int64_t n = pool_likes(t, word);
    const double centre = middle_of(t->pool, n);
    for (int64_t i = 0; i < n; i++)
        t->pool[i] = fabs(t->pool[i] - centre);
    qsort(t->pool, (size_t)n, sizeof *t->pool, compare_reals);
    return MAD_TO_SD * middle_of(t->pool, n);
}

/* ---- the statistic */

/* Mean and variance of one word over controls but the one in row `left_out` (0 = over all). */
static void over_controls(const study *t, int64_t i, int left_out, double *mean, double *variance) {
    double sum = 0, squares = 0;
    int n = 0;
    for (int r = 1; r < t->n_rows; r++)
        if (r != left_out) {
            sum += row_of(t, r)[i];
            n++;
        }
    *mean = n ? sum / n : 0;
    for (int r = 1; r < t->n_rows; r++)
        if (r != left_out) {
            const double d = row_of(t, r)[i] - *mean;
            squares += d * d;
        }
    *variance = n > 1 ? squares / (n - 1) : 0;
}

static double scaled(double r, double s) {
    return s > DBL_MIN ? r / s : r / DBL_MIN;
}

/* D becomes t, in all rows. */
static void compute_scores(study *t) {
    const int n_controls = t->n_rows - 1;
    for (int64_t i = 0; i < t->n; i++) {
        double mean;
        over_controls(t, i, 0, &mean, &t->variance[i]);
    }
    smooth(t, mean_variance, t->prior);
    for (int64_t i = 0; i < t->n; i++) {
        double *score = t->pool; /* of this word, by row: the rows still hold what it comes from */
        for (int r = 0; r < t->n_rows; r++) {
            const int degrees = n_controls - 1 - (r > 0);
            double mean, own;
            over_controls(t, i, r, &mean, &own);
            score[r] = row_of(t, r)[i] - (n_controls > 1 ? mean : 0);
            if (n_controls >= 3)
                score[r] =
                    scaled(score[r], sqrt((SIGNIFICANCE_PRIOR * t->prior[i] + degrees * own) /
                                          (SIGNIFICANCE_PRIOR + degrees)));
        }
        for (int r = 0; r < t->n_rows; r++)
            row_of(t, r)[i] = score[r];
    }
}

static void standardise(study *t) {
    smooth(t, median_null, t->centre);
    smooth(t, median_deviation, t->scale);
    for (int r = 0; r < t->n_rows; r++)
        for (int64_t i = 0; i < t->n; i++)
            row_of(t, r)[i] = scaled(row_of(t, r)[i] - t->centre[i], t->scale[i]);
}

/* ---- p */

/* Elements of sorted[n] that are at least x. */
static int64_t count_from(const double *sorted, int64_t n, double x) {
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return n - low;
}

status significance_test(const significance_task *task, double *expected, double *score, double *p,
                         int64_t *n_null) {
    study t;
    status s = open_study(&t, task);
    for (int64_t w = 0; w < task->n && !s.code; w++)
        expected[w] = score[w] = p[w] = NAN;
    *n_null = t.n * task->n_controls;
    for (int64_t i = 0; i < t.n && !s.code; i++) {
        double variance;
        over_controls(&t, i, 0, &expected[t.words[i]], &variance);
    }
    if (!s.code && t.n) {
        compute_scores(&t);
        standardise(&t);
        memcpy(t.pool, row_of(&t, 1), (size_t)*n_null * sizeof *t.pool);
        qsort(t.pool, (size_t)*n_null, sizeof *t.pool, compare_reals);
        for (int64_t i = 0; i < t.n; i++) {
            const double mine = row_of(&t, 0)[i];
            score[t.words[i]] = mine;
            p[t.words[i]] = (double)(1 + count_from(t.pool, *n_null, mine)) / (double)(1 + *n_null);
        }
    }
    clear_study(&t);
    return s;
}

/* ---- false discoveries */

typedef struct {
    double p;
    int64_t word;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    return compare_reals(&((const ranked *)a)->p, &((const ranked *)b)->p);
}

status significance_adjust(int64_t n, const double *p, bool any_dependence, double *q) {
    ranked *list;
    int64_t m = 0;
    double factor = any_dependence ? 0 : 1, lowest = 1;
    status s = mem_new(&list, (size_t)n, sizeof *list, "words");
    if (s.code)
        return s;
    for (int64_t i = 0; i < n; i++) {
        q[i] = NAN;
        if (!isnan(p[i]))
            list[m++] = (ranked){p[i], i};
    }
    for (int64_t i = 1; i <= m && any_dependence; i++)
        factor += 1 / (double)i;
    qsort(list, (size_t)m, sizeof *list, compare_ranked);
    for (int64_t i = m - 1; i >= 0; i--) {
        lowest = fmin(lowest, list[i].p * factor * (double)m / (double)(i + 1));
        q[list[i].word] = lowest;
    }
    mem_free(&list);
    return s;
}
