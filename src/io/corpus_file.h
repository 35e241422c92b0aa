// SPDX-License-Identifier: Apache-2.0
/* corpus.h5: a text as word ids. Layout in docs/files.md.
 *
 *     V = words kept, N = tokens kept, D = documents
 *     /tokens int32 [N]   /documents int64 [D + 1]   /vocab/{bytes u8, offsets i64 [V+1], counts
 * i64 [V]}
 *
 * Document d is tokens [documents[d], documents[d + 1]); it may be empty when none of its tokens
 * was kept. Words are sorted by (count descending, bytes ascending). */
#ifndef WORDSHARD_CORPUS_FILE_H
#define WORDSHARD_CORPUS_FILE_H

#include "content_hash.h"
#include "h5.h"
#include "wordlist.h"

#define CORPUS_FILE_KIND "wordshard corpus"
enum { CORPUS_FILE_VERSION = 1 };

/* Terms of tokens [begin, begin + n); hashes: wordlist_hash of the vocabulary. */
void corpus_hash_tokens(content_hash *h, const int32_t *tokens, int64_t begin, int64_t n,
                        const uint64_t *hashes);
/* Terms of document offsets [begin, begin + n). */
void corpus_hash_documents(content_hash *h, const int64_t *offsets, int64_t begin, int64_t n);
/* Terms of the counts (all of them). */
void corpus_hash_counts(content_hash *h, const int64_t *counts, int64_t n);
/* ---- reading: local but for the opening */
typedef struct {
    h5_file *file;
    wordlist words;
    int64_t n_tokens, n_documents;
    char hash[33]; /* as the file says; corpus_file_check compares */
} corpus_file;

/* Collective over g. Opens, checks shapes and reads the words. */
status corpus_file_open(corpus_file *c, const char *path, const group *g);
void corpus_file_close(corpus_file *c);

/* Tokens [begin, begin + n) into out; STATUS_INPUT names the first that is no word id. */
status corpus_file_tokens(const corpus_file *c, int64_t begin, int64_t n, int32_t *out);
/* Offsets [begin, begin + n) of the D + 1 into out; STATUS_INPUT names the first that decreases or
 * lies outside of the tokens. */
status corpus_file_documents(const corpus_file *c, int64_t begin, int64_t n, int64_t *out);

/* The document that holds a position, or the first of several that begin there. */
status corpus_file_find(const corpus_file *c, int64_t position, int64_t *found);

/* Read everything in blocks and compare with the content hash; STATUS_INPUT when it differs. */
status corpus_file_check(const corpus_file *c);

#endif
