// SPDX-License-Identifier: Apache-2.0
/* Which documents a resampled corpus has. Pure functions of a seed and numbers. */
#ifndef WORDSHARD_RESAMPLE_DRAW_H
#define WORDSHARD_RESAMPLE_DRAW_H

#include <stdint.h>

/* How often each of documents [begin, end) is among n draws with replacement out of n, into
 * copies[end - begin]. */
void resample_draw(int64_t seed, int64_t n, int64_t begin, int64_t end, int32_t *copies);

/* The place of document d in a random order of n: each place comes exactly once. */
int64_t resample_place(int64_t seed, int64_t n, int64_t d);

#endif
