// SPDX-License-Identifier: Apache-2.0
/* Rows of co-occurrences over the ranks: each row has one owner, whose rows follow one another. */
#ifndef WORDSHARD_COOC_SHARE_H
#define WORDSHARD_COOC_SHARE_H

#include "comm.h"
#include "cooc_matrix.h"

/* Cut rows [begin, begin + n) in size parts with about the same number of cells: part r is rows
 * [cuts[r], cuts[r + 1]). cells[n]: of each row. Local. */
void cooc_share_cut(const int64_t *cells, int64_t begin, int64_t n, int size, int64_t *cuts);

/* Collective. Every rank holds counts of rows [begin, end), the same range on all; afterwards each
 * row is the sum of them on one rank, and the ranks' rows tile the range in the order of ranks, cut
 * by cooc_share_cut. m becomes empty on failure. */
status cooc_share(cooc_matrix *m, const comm *world);

#endif
