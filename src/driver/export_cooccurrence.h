// SPDX-License-Identifier: Apache-2.0
#ifndef WORDSHARD_EXPORT_COOCCURRENCE_H
#define WORDSHARD_EXPORT_COOCCURRENCE_H

#include "comm.h"
#include "options.h"

/* Collective. Counts of cooc.h5 as the records of GloVe's cooccur: {int32 word1, int32 word2 (from
 * 1), double}, of both triangles, in the order of the lower triangle's rows. Rank 0 writes. */
status export_cooccurrence(const options *o, const char *path, const comm *world);

#endif
