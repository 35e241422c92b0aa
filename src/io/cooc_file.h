// SPDX-License-Identifier: Apache-2.0
/* cooc.h5: co-occurrence counts. Layout in docs/files.md.
 *
 *     V = words, C = cells of the lower triangle (j <= i) that are not zero
 *     /rows int64 [V + 1]   /columns int32 [C]   /weights uint32 or uint64 [C]   /vocab as in a
 *     corpus
 *
 * Row i is cells [rows[i], rows[i + 1]), its columns rise, and X_ij = X_ji = weight / denominator.
 * Weights are uint64 when one of them does not fit 32 bits. */
#ifndef WORDSHARD_COOC_FILE_H
#define WORDSHARD_COOC_FILE_H

#include "content_hash.h"
#include "h5.h"
#include "wordlist.h"

#define COOC_FILE_KIND "wordshard co-occurrence"
enum { COOC_FILE_VERSION = 1 };

typedef struct {
    int64_t n_words, n_cells;
    int64_t n_nonzeros; /* of both triangles */
    int64_t n_tokens;   /* of the corpus */
    int64_t window;
    int64_t denominator;
    char weighting[16];   /* as the option says it */
    char corpus_hash[33]; /* of the corpus that was counted */
    char hash[33];        /* of this file's contents */
    bool wide;            /* weights of 64 bits */
} cooc_file_header;

/* Rows [row, row + n_rows) as they stand in the file. */
typedef struct {
    int64_t row, n_rows, n_cells;
    const int64_t *offsets; /* [n_rows + 1], from the first cell of the matrix */
    const int32_t *columns; /* [n_cells] */
    const void *weights;    /* [n_cells] uint32_t, or uint64_t where the header is wide */
} cooc_file_rows;

/* Terms of the words, their counts and everything in the header but the hashes. */
void cooc_hash_header(content_hash *h, const cooc_file_header *header, const wordlist *words,
                      const uint64_t *word_hashes);
/* Terms of one cell. */
static inline void cooc_hash_cell(content_hash *h, int64_t row, int32_t column, uint64_t weight) {
    content_hash_add(h, 0x2D358DCCAA6C78A5u, (uint64_t)row << 32 | (uint32_t)column, weight);
}

/* ---- writing: collective */

/* Start path.partial: attributes, words, and the datasets to fill. */
status cooc_file_create(h5_file **file, const char *path, const cooc_file_header *header,
                        const wordlist *words, const group *g);
/* Each process writes some rows, or none (n_rows = 0). */
status cooc_file_write(h5_file *file, const cooc_file_header *header, const cooc_file_rows *rows);
/* All rows are there; hash: the terms of everything, the same on every rank. h5_commit gives the
 * file its name. */
status cooc_file_finish(h5_file *file, const content_hash *hash);

/* ---- reading: local but for the opening */
typedef struct {
    h5_file *file;
    wordlist words;
    cooc_file_header header;
} cooc_file;

/* Collective over g. Opens, checks shapes and attributes, reads the words. */
status cooc_file_open(cooc_file *c, const char *path, const group *g);
void cooc_file_close(cooc_file *c);

/* Offsets of rows [begin, begin + n) of the V + 1; STATUS_INPUT names the first that decreases,
 * lies outside of the cells, or makes a row longer than its triangle. */
status cooc_file_offsets(const cooc_file *c, int64_t begin, int64_t n, int64_t *out);

/* Rows [row, row + n_rows), whose offsets [n_rows + 1] were read: columns and weights of all their
 * cells. STATUS_INPUT names the first column that does not rise or is above the diagonal, and the
 * first weight of zero. */
status cooc_file_read(const cooc_file *c, int64_t row, int64_t n_rows, const int64_t *offsets,
                      int32_t *columns, uint64_t *weights);

/* Read everything in blocks and compare with the content hash and the header. */
status cooc_file_check(const cooc_file *c);

#endif
