// SPDX-License-Identifier: Apache-2.0
/* The (input -> target) pairs of some stretches of the corpus, as a full softmax wants them: pairs
 * with the same input word see the same scores, so each distinct input word is one row, however
 * often it occurs.
 *
 * The pairs are those of skip-gram (model/window.h): the input is a context, the target the centre
 * of its window. They depend on (seed, epoch, position) alone.
 *
 *     B = rows (distinct input words)   V = vocabulary */
#ifndef WORDSHARD_MINIBATCH_H
#define WORDSHARD_MINIBATCH_H

#include <stdint.h>

#include "sampler.h"
#include "status.h"
#include "window.h"

typedef struct {
    int32_t row;    /* [0, B) the input */
    int32_t target; /* word id */
} minibatch_pair;

typedef struct {
    int n_rows;            /* B */
    int32_t *words;        /* [B] the input word of a row */
    int32_t *uses;         /* [B] pairs of a row */
    int64_t n_pairs;       /* the sum of uses */
    minibatch_pair *pairs; /* [n_pairs] in the order of the corpus */
    int most_rows;         /* B of any minibatch is at most this */
    int64_t most_pairs;    /* and n_pairs this */
    int32_t n_words;       /* V */
    int32_t *row_of;       /* [V] row of a word in this minibatch, or -1 */
    window_chunk chunk;
    int window;
} minibatch;

/* Room for n_stretches of up to n_tokens positions each. */
status minibatch_create(minibatch *b, int64_t n_stretches, int64_t n_tokens, int window,
                        int32_t n_words);
void minibatch_clear(minibatch *b);

/* Empty it. */
void minibatch_begin(minibatch *b);

/* Add the centres at positions [begin, end) of the view. key: random_key of RANDOM_TOKEN. */
void minibatch_add(minibatch *b, const corpus_view *view, int64_t begin, int64_t end,
                   const sampler *s, uint64_t key);

#endif
