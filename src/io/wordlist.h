// SPDX-License-Identifier: Apache-2.0
/* The words of a corpus or a run, in order of their ids: bytes + offsets + counts. */
#ifndef WORDSHARD_WORDLIST_H
#define WORDSHARD_WORDLIST_H

#include <stddef.h>
#include <stdint.h>

#include "h5.h"
#include "status.h"

typedef struct {
    int64_t n;        /* number of words, V */
    uint8_t *bytes;   /* all words one after the other, UTF-8, not terminated */
    int64_t *offsets; /* [n + 1] */
    int64_t *counts;  /* [n]; zeros where unknown */
} wordlist;

static inline const char *wordlist_word(const wordlist *w, int64_t id, size_t *length) {
    *length = (size_t)(w->offsets[id + 1] - w->offsets[id]);
    return (const char *)w->bytes + w->offsets[id];
}

/* Empty list with room for n words and n_bytes bytes; offsets[0] = 0. */
status wordlist_init(wordlist *w, int64_t n, int64_t n_bytes);
void wordlist_clear(wordlist *w);

/* Local. Read /vocab/{bytes,offsets} and the counts from dataset counts ("/vocab/counts"), and
 * check that they fit together. Clear w afterwards, also on failure. */
status wordlist_read(wordlist *w, h5_file *file, const char *counts);

/* Collective; w is the same on every rank. Write them, with checksums. */
status wordlist_write(const wordlist *w, h5_file *file, const char *counts);

/* XXH3 of each word into hashes[n]; seeds of initial vectors and of the content hash. */
void wordlist_hash(const wordlist *w, uint64_t *hashes);

/* ---- look-up by bytes */
typedef struct wordindex wordindex;

/* The list must outlive the index. fold: words are lower-cased (Unicode) and the first of equal
 * words wins; look-ups must then be given lower-cased words (wordindex_find folds for you). */
status wordindex_create(wordindex **index, const wordlist *w, int fold);
void wordindex_destroy(wordindex **index);
/* The id, or -1. */
int32_t wordindex_find(const wordindex *index, const char *word, size_t length);

/* Lower-case valid UTF-8 (simple case mapping, utf8proc) into *out (mem_free) of *out_length
 * bytes, not terminated. */
status text_lower(const char *text, size_t length, char **out, size_t *out_length);

#endif
