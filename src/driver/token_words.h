// SPDX-License-Identifier: Apache-2.0
/* What the tokens of one reader stand for, before words are counted over readers and ranks. */
#ifndef WORDSHARD_TOKEN_WORDS_H
#define WORDSHARD_TOKEN_WORDS_H

#include "lexicon.h"
#include "tokens.h"

/* The words of one reader. Most tokens are plain: their only word is the token itself. */
typedef struct {
    lexicon *forms;
    int64_t n;       /* forms */
    int64_t *counts; /* [n] */
    int32_t *lists;  /* [n] 0: plain; k: the words are those of list k - 1 */

    int64_t *firsts; /* [n_lists + 1] words of list i are [firsts[i], firsts[i + 1]) */
    int64_t n_lists;
    int64_t *ends; /* [n_words] of a word in bytes */
    int64_t n_words;
    uint8_t *bytes;
    size_t firsts_capacity, ends_capacity, bytes_capacity;

    int64_t *places;  /* [n + n_words] of each form's or listed word's entry: id * parts + part */
    int64_t repaired; /* sequences that became U+FFFD, counted as often as they came */
} token_words;

/* Local. Split every form by the rules; places are zeros. The caller closes, also after a failure;
 * forms are borrowed. STATUS_SPACE only. */
status token_words_open(token_words *r, lexicon *forms, const tokens_rules *rules);
void token_words_close(token_words *r);

#endif
