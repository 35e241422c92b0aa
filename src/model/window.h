// SPDX-License-Identifier: Apache-2.0
/* A chunk of the corpus as the training loops want it: the tokens that sub-sampling keeps, with the
 * contexts that reach over its borders, document ends marked, and a width for each centre.
 *
 * Which tokens are kept and how wide a window is depend on (seed, epoch, position) alone, so every
 * way to cut the corpus gives the same pairs. */
#ifndef WORDSHARD_WINDOW_H
#define WORDSHARD_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "sampler.h"
#include "status.h"

/* A stretch of the corpus in memory. Positions are those of the whole corpus. */
typedef struct {
    const int32_t *tokens; /* [end - begin] */
    int64_t begin, end;
    const int64_t *documents; /* [n_documents + 1] first position of each; ascending; documents[0]
                                 <= begin and documents[n_documents] >= end */
    int64_t n_documents;
} corpus_view;

enum { WINDOW_BREAK = -1 }; /* between two documents */

typedef struct {
    int32_t *tokens;  /* [n] word ids and WINDOW_BREAK */
    uint16_t *widths; /* [n] contexts on each side of a centre, 1..window */
    int64_t *draws;   /* [n] position in the corpus: the counter of a centre's draws */
    int n;
    int first, last; /* centres are [first, last) */
    int capacity;
} window_chunk;

/* Room for chunks of up to n_tokens positions. */
status window_create(window_chunk *c, int64_t n_tokens, int window);
/* Bytes that this takes. */
double window_bytes(int64_t n_tokens, int window);
void window_clear(window_chunk *c);

/* Fill with the centres at positions [begin, end) of the view. key: random_key of RANDOM_TOKEN. */
void window_fill(window_chunk *c, const corpus_view *view, int64_t begin, int64_t end,
                 const sampler *s, int window, uint64_t key);

/* True if the view holds every context of the centres at [begin, end), begin < end; false if those
 * at its borders might have more outside of it. */
bool window_is_whole(const corpus_view *view, int64_t begin, int64_t end, const sampler *s,
                     int window, uint64_t key);

#endif
