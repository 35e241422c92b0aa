// SPDX-License-Identifier: Apache-2.0
/* run.h5: a trained model. Layout in docs/files.md.
 *
 *     V = number of words, dim = columns of a vector
 *     /vocab/{bytes,offsets}  the words; /words the same as fixed-length UTF-8 for other tools,
 *     where those of more than 256 bytes are cut (attribute cut_words says how many)
 *     /counts int64 [V]   /vectors float32 [V, dim]   /context float32 [V, dim] (if trained)
 *     /nodes float32 [V - 1, dim], /tree int32 [V - 1, 2] instead of /context: the inner nodes of
 *     hierarchical softmax, and what is below each
 *     /bias, /context_bias float32 [V]: one number for each word, where the model has them
 *     /epochs/0001/{vectors,context|nodes} ...   /training/{epoch,loss,...}   /provenance
 * attributes */
#ifndef WORDSHARD_RUN_FILE_H
#define WORDSHARD_RUN_FILE_H

#include "h5.h"
#include "wordlist.h"

#define RUN_FILE_KIND "wordshard run"
enum { RUN_FILE_VERSION = 1 };

/* ---- reading, local but for the opening */
typedef struct {
    h5_file *file;
    wordlist words;
    int64_t dim;
    int n_epochs; /* snapshots in the file */
} run_file;

/* Collective over g. Opens, checks and reads the words. */
status run_file_open(run_file *run, const char *path, const group *g);
void run_file_close(run_file *run);

bool run_file_has(const run_file *run, const char *table, int epoch);

/* Read everything and compare the checksums. */
status run_file_check(const run_file *run);

/* Rows [begin, begin + n) of table "vectors" or "context"; epoch 0 = the final one. out: n rows
 * of stride floats, columns from dim on are zeroed. */
status run_file_read(const run_file *run, const char *table, int epoch, int64_t begin, int64_t n,
                     float *out, size_t stride);

/* ---- writing: collective */

/* Create path.partial with the words and counts. */
status run_file_create(h5_file **file, const char *path, const wordlist *words, const group *g);

/* Write one snapshot: rows [begin, begin + n) of this process, stride floats apart.
 * table: "vectors", "context", "nodes"; "bias", "context_bias" with dim 0: one number a row. */
status run_file_write_epoch(h5_file *file, int epoch, const char *table, int64_t n_rows,
                            int64_t dim, int64_t begin, int64_t n, const float *rows,
                            size_t stride);

/* Make a snapshot's table the final one: /vectors is the same dataset as /epochs/N/vectors. */
status run_file_link_final(h5_file *file, int epoch, const char *table);

/* The same for a model without snapshots (import): write /TABLE itself. */
status run_file_write_final(h5_file *file, const char *table, int64_t n_words, int64_t dim,
                            int64_t begin, int64_t n, const float *rows, size_t stride);

/* /tree: branches[n_nodes][2], the same on every rank; a word below V, or V + a node. */
status run_file_write_tree(h5_file *file, int64_t n_nodes, const int32_t *branches);

/* One row of /training per epoch. */
typedef struct {
    double loss;          /* mean over the pairs of the epoch, nats */
    double learning_rate; /* at the end of the epoch */
    double update_norm;   /* Frobenius norm of the change of /vectors; NaN if not known */
    double words;         /* words of the corpus passed */
    double pairs;         /* pairs of a centre and a context (CBOW: all its contexts) trained */
    double seconds;       /* wall clock */
} run_epoch;

/* epochs: the same on every rank. */
status run_file_write_training(h5_file *file, int n, const run_epoch *epochs);

/* Local. *epochs is new (mem_free), *n its length; n = 0 when the run has no such table. */
status run_file_read_training(const run_file *run, int64_t *n, run_epoch **epochs);

#endif
