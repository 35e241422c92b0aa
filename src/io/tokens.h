// SPDX-License-Identifier: Apache-2.0
/* From a raw token (bytes between ASCII white space) to words.
 *
 * Done once for each distinct raw token, which is what makes Unicode cheap. A word is valid UTF-8,
 * not empty and without white space; a raw token gives none, one, or several, because Unicode has
 * more white space than ASCII and compatibility normalisation can bring some forth. */
#ifndef WORDSHARD_TOKENS_H
#define WORDSHARD_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef enum { TOKENS_NFC, TOKENS_NFKC, TOKENS_NONE } tokens_form;

typedef struct {
    tokens_form form;
    bool lowercase; /* simple case mapping, before and after normalisation */
} tokens_rules;

/* The n bytes are UTF-8 without NUL. */
bool tokens_is_valid(const uint8_t *raw, size_t n);

/* STATUS_INPUT if the n bytes hold a NUL or are not UTF-8; the message names path and the place of
 * the fault in the text, where the first byte has place offset. */
status tokens_check(const uint8_t *raw, size_t n, const char *path, int64_t offset);

/* The only word of this raw token is the token itself (ASCII without NUL, nothing to lower-case).
 */
bool tokens_is_plain(const tokens_rules *rules, const uint8_t *raw, size_t n);

/* The words of one raw token, and workspace. Start from zeros; the caller clears. */
typedef struct {
    uint8_t *bytes; /* the words one after the other */
    size_t *ends;   /* [n] word i is bytes [ends[i - 1], ends[i]) */
    size_t n;
    int64_t repaired; /* NUL bytes and maximal invalid sequences that became U+FFFD */

    size_t bytes_capacity, ends_capacity;
    uint8_t *valid;
    int32_t *points;
    size_t valid_capacity, points_capacity;
} tokens_words;

/* Local. The words of a raw token; what is not valid is replaced. STATUS_SPACE only. */
status tokens_split(const tokens_rules *rules, const uint8_t *raw, size_t n, tokens_words *words);
void tokens_words_clear(tokens_words *words);

#endif
