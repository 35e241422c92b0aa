// SPDX-License-Identifier: Apache-2.0
/* Whether two partitions of the same words into clusters are the same. Local. */
#ifndef WORDSHARD_CLUSTERS_H
#define WORDSHARD_CLUSTERS_H

#include <stdint.h>

#include "status.h"

/* Adjusted Rand index (Hubert & Arabie 1985): 1 = the same partition, 0 = what is expected of
 * partitions into clusters of these sizes that have nothing to do with each other. a, b: [n], each
 * in [0, k). NaN where it is not defined: fewer than two words, or one cluster in both. */
status clusters_rand(int64_t n, int k, const int32_t *a, const int32_t *b, double *index);

#endif
