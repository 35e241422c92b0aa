// SPDX-License-Identifier: Apache-2.0
/* A stretch of the corpus in memory, as counting wants it: documents with marks between. */
#ifndef WORDSHARD_COOC_TEXT_H
#define WORDSHARD_COOC_TEXT_H

#include "cooccur.h"
#include "corpus_file.h"

typedef struct {
    int32_t *ids;
    cooccur_text view;
} cooc_text;

/* Local. Tokens [begin, end) to count and a margin of window tokens on both sides. */
status cooc_text_read(cooc_text *t, const corpus_file *c, int64_t begin, int64_t end, int window);
void cooc_text_clear(cooc_text *t);

/* Local. The most memory that cooc_text_read takes for it. */
status cooc_text_bytes(const corpus_file *c, int64_t begin, int64_t end, int window,
                       int64_t *bytes);

#endif
