// SPDX-License-Identifier: Apache-2.0
/* Nearest neighbours of the same words in several runs, and how many of them are the same.
 *
 *     overlap  |N(a) & N(b)| / k                            (Wendlandt et al. 2018)
 *     jaccard  |N & N' & ...| / |N | N' | ...|: j@k         (Hellrich & Hahn 2016) */
#ifndef WORDSHARD_OVERLAP_H
#define WORDSHARD_OVERLAP_H

#include <stdbool.h>

#include "neighbours.h"

/* Local. The k nearest rows of each query among all rows by cosine, itself left out; as rows, not
 * by cosine but rising, so that lists can be compared. queries: [n] rows; k < all->n; lists:
 * [n][k]. */
status overlap_lists(const unit_rows *all, int64_t n, const int32_t *queries, int k, int threads,
                     int32_t *lists);

/* Local. The first k of each of n lists of neighbours, stride apart, as rising rows. */
void overlap_rising(const neighbour *found, int64_t n, int stride, int k, int32_t *lists);

/* Local. Elements that two rising lists of k share. */
int overlap_shared(const int32_t *a, const int32_t *b, int k);

/* Local. Of n rising lists: elements in all of them, and in any. list i is at lists[i * stride]. */
void overlap_of_all(int n, const int32_t *lists, int64_t stride, int k, int *in_all, int *in_any);

/* Overlap and jaccard of lists of k out of n - 1 words that have nothing to do with each other:
 * k / (n - 1), and the mean of s / (2 k - s) over the hypergeometric s. */
double overlap_chance(int64_t n, int k);
double overlap_jaccard_chance(int64_t n, int k);

#endif
