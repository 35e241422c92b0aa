// SPDX-License-Identifier: Apache-2.0
/* The order of words in a vocabulary: by (count descending, bytes ascending). */
#ifndef WORDSHARD_WORD_ORDER_H
#define WORDSHARD_WORD_ORDER_H

#include "wordlist.h"

typedef struct {
    int64_t count, length;
    const uint8_t *word;
    uint64_t head; /* its first eight bytes as a number; word_order_list sets it */
} word_record;

/* Local. The first `most` (0 = all) of n different words in that order, as a new list (clear w also
 * after a failure). Sorts the records. STATUS_INPUT: more words than ids. */
status word_order_list(wordlist *w, word_record *records, int64_t n, int64_t most);

#endif
