// SPDX-License-Identifier: Apache-2.0
/* The Huffman tree of hierarchical softmax (Mikolov et al. 2013, section 2.1): a word is predicted
 * by the turns on the way from the root to its leaf.
 *
 * The V - 1 inner nodes are numbered from the root down, by falling count, so that nodes that most
 * words pass are neighbours in memory. */
#ifndef WORDSHARD_HUFFMAN_H
#define WORDSHARD_HUFFMAN_H

#include <stdint.h>

#include "status.h"

typedef struct {
    int32_t n_words;
    int32_t longest;  /* nodes of the longest path */
    int64_t *offsets; /* [n_words + 1] path of word i: steps[offsets[i]] to steps[offsets[i + 1]] */
    uint32_t *steps;  /* from the root: 2 * node + label; label 1 = first branch, 0 = second */
    int32_t *branches; /* [n_words - 1][2] below each node: a word, or n_words + a node */
} huffman;

/* counts: [n_words], falling; n_words >= 2. Where counts are equal, words are joined from the
 * highest of places[n_words] down, those of equal places (all of them if NULL) from the highest id
 * down. */
status huffman_create(huffman *h, const int64_t *counts, const int64_t *places, int32_t n_words);
void huffman_clear(huffman *h);

/* Bytes that the tree of so many words takes, about. */
double huffman_bytes(int64_t n_words);

#endif
