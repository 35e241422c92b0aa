// SPDX-License-Identifier: Apache-2.0
/* The k best candidates for each query when the candidates are split over ranks. */
#ifndef WORDSHARD_SPLIT_SEARCH_H
#define WORDSHARD_SPLIT_SEARCH_H

#include <stdint.h>

#include "comm.h"
#include "neighbours.h"
#include "status.h"

/* Collective. task: the same on every rank except for its candidates, which are this rank's part
 * of all, numbered from first on; the parts follow each other by rank. exclude and the answers
 * number the candidates of all ranks. out: n_queries x k on every rank, as neighbours_find gives
 * it for the whole table. */
status split_search(const comm *c, const neighbours_task *task, int64_t first, neighbour *out);

#endif
