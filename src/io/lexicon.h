// SPDX-License-Identifier: Apache-2.0
/* A table of distinct byte strings with ids in order of first appearance, and how often each came.
 * Not shared between threads while it is written. */
#ifndef WORDSHARD_LEXICON_H
#define WORDSHARD_LEXICON_H

#include "decode.h"

typedef struct lexicon lexicon;

/* expected: room for so many strings before the table grows. check: refuse forms that lexicon_count
 * meets for the first time and that are not valid UTF-8. */
status lexicon_create(lexicon **x, int64_t expected, bool check);
void lexicon_destroy(lexicon **x);

/* Count n tokens of a block, token i = bytes [edges[2 i], edges[2 i + 1]), not empty; ids[i]
 * becomes its id. STATUS_INPUT: a new form is not valid (tokens_check); STATUS_SPACE. */
status lexicon_count(lexicon *x, const text_block *block, size_t n, const size_t *edges,
                     int32_t *ids);

/* Count one string `times` times, which may be negative; n > 0. Its id, or -1: *reason, which is
 * not touched otherwise, says why (STATUS_SPACE). */
int32_t lexicon_add(lexicon *x, const uint8_t *form, size_t n, int64_t times, status *reason);
/* The id, or -1. */
int32_t lexicon_find(const lexicon *x, const uint8_t *form, size_t n);

/* Number of distinct strings. */
int64_t lexicon_size(const lexicon *x);
/* The string with this id; valid until the next one is added. */
const uint8_t *lexicon_form(const lexicon *x, int64_t id, size_t *n);
/* How often each came, into counts[size]. */
void lexicon_counts(const lexicon *x, int64_t *counts);

/* A hash of the bytes that is the same in every process of a job. */
uint64_t lexicon_hash(const uint8_t *form, size_t n);

#endif
