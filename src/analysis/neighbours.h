// SPDX-License-Identifier: Apache-2.0
/* The k best of m candidate rows for each of many queries. Local; uses threads.
 *
 * Scores of whole tiles come from sgemm; whatever could still be among the k best is scored again
 * as a sum of doubles in a fixed order. So the answer depends on the rows alone: not on the BLAS,
 * its blocking, the threads, or which queries are asked together. Equal scores: the candidate with
 * the lower row, that is the more frequent word. */
#ifndef WORDSHARD_NEIGHBOURS_H
#define WORDSHARD_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Rows of length 1 (or 0), stride floats apart. */
typedef struct {
    const float *rows; /* [n][stride], the first dim columns count */
    int64_t n, dim;
    size_t stride;
} unit_rows;

/* How a candidate x is scored against the rows of a query:
 *     COSINE     x.p0
 *     3COSADD    x.p1 - x.p0 + x.p2                            (Mikolov et al. 2013)
 *     3COSMUL    (x'p1)(x'p2) / (x'p0 + 0.001), where x'p = (x.p + 1) / 2
 *                                                              (Levy & Goldberg 2014) */
typedef enum { NEIGHBOURS_COSINE, NEIGHBOURS_3COSADD, NEIGHBOURS_3COSMUL } neighbours_method;

/* Rows of a query: 1 or 3. */
static inline int neighbours_parts(neighbours_method method) {
    return method == NEIGHBOURS_COSINE ? 1 : 3;
}

typedef struct {
    unit_rows candidates, probes;
    neighbours_method method;
    int64_t n_queries;
    const int32_t *queries; /* [n_queries * parts]: rows of probes */
    const int32_t *exclude; /* [n_queries * n_exclude]: candidates that are no answer; -1 = none */
    int n_exclude;
    int k;
    int threads;
} neighbours_task;

typedef struct {
    int32_t row; /* of candidates; -1 where there are fewer than k */
    double score;
} neighbour;

/* out: n_queries x k, best first. STATUS_SPACE. */
status neighbours_find(const neighbours_task *task, neighbour *out);

/* Of each of n rows of all the k nearest by cosine, itself left out; k < all->n. out: [n][k]. */
status neighbours_nearest(const unit_rows *all, int64_t n, const int32_t *rows, int k, int threads,
                          neighbour *out);

/* x.y in doubles, added in an order that depends on dim alone. */
double neighbours_dot(const float *x, const float *y, int64_t dim);

/* Scale a row to length 1; a row shorter than 1e-12 is divided by that. Local. */
void neighbours_normalise(float *row, int64_t dim);

#endif
