// SPDX-License-Identifier: Apache-2.0
/* Clusters of words against their known classes. */
#ifndef WORDSHARD_CATEGORIES_H
#define WORDSHARD_CATEGORIES_H

#include <stdint.h>

#include "comm.h"
#include "neighbours.h"
#include "status.h"

enum { CATEGORIES_RESTARTS = 20 };

typedef struct {
    double purity;    /* share of the words that are of their cluster's most frequent class */
    double objective; /* sum of the cosines of the words to their centres */
} categories_result;

/* Collective. Spherical k-means of the rows (cosine; Dhillon & Modha 2001) into k clusters, started
 * by k-means++ (Arthur & Vassilvitskii 2007) from a fixed seed, the best of CATEGORIES_RESTARTS by
 * objective, the earlier of equals; the restarts are split over ranks and threads and the result
 * does not depend on how. classes: [rows->n], each in [0, n_classes). 1 <= k <= rows->n. clusters:
 * [rows->n] on every rank, or NULL. */
status categories_cluster(const comm *c, const unit_rows *rows, int k, const int32_t *classes,
                          int n_classes, int threads, categories_result *result, int32_t *clusters);

#endif
