// SPDX-License-Identifier: Apache-2.0
/* Blocks of text into a log of token ids, with marks where lines and files begin.
 *
 * In the log a number below LEXER_WIDE is the id of a token, since most tokens of a text are among
 * the first that it brought; LEXER_WIDE stands before a larger id in two halves (lexer_wide); and
 * LEXER_WIDE + gap is a mark: what lies between the token before it and the token after it. Marks
 * in a row add up (lexer_join). The rule that makes documents of them is applied later, so the log
 * does not depend on it. */
#ifndef WORDSHARD_LEXER_H
#define WORDSHARD_LEXER_H

#include "idlog.h"
#include "lexicon.h"
#include "text_kernels.h"

enum {
    LEXER_WIDE = 0xFFF0,
    LEXER_LINE = 1,  /* one newline */
    LEXER_BLANK = 2, /* two or more: a blank line */
    LEXER_FILE = 3   /* the beginning of a file */
};

/* What two gaps without a token between them amount to. */
static inline int lexer_join(int a, int b) {
    if (a == LEXER_FILE || b == LEXER_FILE)
        return LEXER_FILE;
    return a + b < LEXER_BLANK ? a + b : LEXER_BLANK;
}

/* The id at codes[*at] == LEXER_WIDE; *at moves on to the last number of it. */
static inline int32_t lexer_wide(const uint16_t *codes, int32_t *at) {
    *at += 2;
    return (int32_t)(codes[*at - 1] | (uint32_t)codes[*at] << 16);
}

typedef struct {
    const text_kernels *kernels; /* borrowed */
    lexicon *words;              /* borrowed */
    idlog *log;                  /* borrowed */
    int gap;                     /* since the last token */
    int64_t tokens;              /* read so far, for progress */
} lexer;

status lexer_begin(lexer *x, int64_t unit, bool begins_file);
/* The next block of the unit. STATUS_INPUT when a token is not valid and words check it. */
status lexer_read(lexer *x, const text_block *block);
status lexer_end(lexer *x);

#endif
