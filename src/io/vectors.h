// SPDX-License-Identifier: Apache-2.0
/* Vector files of other programs. Local: one process reads or writes one file.
 *
 *     word2vec-bin   "V dim\n", then for each word: word, blank, dim little-endian floats, "\n"
 *     word2vec-text  "V dim\n", then a line for each word: word and dim numbers, blanks between
 *     glove          the same without the first line
 *     npy            NumPy 1.0, float32 [V, dim]; the words in PATH.words.txt, one a line
 *
 * Text is written with nine digits, so that every float survives. Order of rows = order of ids. */
#ifndef WORDSHARD_VECTORS_H
#define WORDSHARD_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "wordlist.h"

/* In the order of --format. */
typedef enum {
    VECTORS_AUTO,
    VECTORS_WORD2VEC_BIN,
    VECTORS_WORD2VEC_TEXT,
    VECTORS_GLOVE,
    VECTORS_NPY
} vectors_format;

const char *vectors_format_name(vectors_format format);

/* ---- reading */
typedef struct {
    vectors_format format; /* as found */
    wordlist words;        /* counts are zeros */
    int64_t dim;
    float *rows; /* words.n x dim */
} vectors;

/* Read a whole file; format VECTORS_AUTO = by its contents. STATUS_INPUT, with file:line (text) or
 * the row (binary), for: a row of the wrong length, a number that is not finite, a word that is
 * empty, repeated, not UTF-8 or has white space in it, a header that the file's size cannot hold,
 * and a file that ends early or goes on too long. The caller clears, also after a failure. */
status vectors_read(vectors *v, const char *path, vectors_format format);
void vectors_clear(vectors *v);

/* ---- writing */

/* By the ending: .bin, .txt and .vec, .glove, .npy; otherwise VECTORS_AUTO. */
vectors_format vectors_format_of(const char *path);

typedef struct vectors_writer vectors_writer;

/* Start PATH.partial (and the words of npy) for words and dim columns; words must outlive the
 * writer. */
status vectors_create(vectors_writer **w, const char *path, vectors_format format,
                      const wordlist *words, int64_t dim);

typedef struct {
    char *bytes;
    size_t n, room;
} vectors_buffer;

/* The bytes of rows [begin, begin + n) of the file, stride floats apart, into an empty or used
 * buffer (mem_free bytes). Pure: threads may encode parts of a file at the same time. */
status vectors_encode(const vectors_writer *w, int64_t begin, int64_t n, const float *rows,
                      size_t stride, vectors_buffer *out);

/* Append what was encoded, in the order of the rows. */
status vectors_append(vectors_writer *w, const vectors_buffer *encoded);

/* Sync and rename; *w becomes NULL, also on failure (then nothing is left). */
status vectors_commit(vectors_writer **w);
/* Remove what was written; *w becomes NULL. Nothing to do for NULL. */
void vectors_discard(vectors_writer **w);

#endif
