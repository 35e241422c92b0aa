// SPDX-License-Identifier: Apache-2.0
/* The tables of a checkpoint and of the snapshots beside it (docs/files.md): contiguous, so that
 * every process writes its rows at the speed of the disk. A table carries a digest, the sum over
 * its rows of XXH3-64(row, seeded by its number) modulo 2^64: each process adds up its own rows,
 * however they are cut.
 *
 *     state-0.h5, state-1.h5  kind CHECKPOINT_FILE_KIND   epoch-0001.h5  kind SNAPSHOT_FILE_KIND
 *     /tables/NAME float32 [rows, columns] or [rows], attribute digest */
#ifndef WORDSHARD_CHECKPOINT_FILE_H
#define WORDSHARD_CHECKPOINT_FILE_H

#include "h5.h"

#define CHECKPOINT_FILE_KIND "wordshard checkpoint"
#define SNAPSHOT_FILE_KIND "wordshard snapshot"
enum { CHECKPOINT_FILE_VERSION = 1, CHECKPOINT_TABLE_NAME = 64 };

/* A table in memory: rows [begin, begin + n) of it, one after the other. columns 0: one number a
 * row. */
typedef struct {
    const char *name;
    int64_t rows, columns, begin, n;
} checkpoint_table;

/* Writing is in three steps, so that rows may come in blocks; begin and end are collective, put is
 * local. digest: of the rows that this process has put, from 0 on. */
status checkpoint_file_begin(h5_file *f, const checkpoint_table *t);
status checkpoint_file_put(h5_file *f, const checkpoint_table *t, int64_t begin, int64_t n,
                           const float *rows, uint64_t *digest);
/* sum: of the digests of all processes; mine: what put returned here. */
status checkpoint_file_end(h5_file *f, const checkpoint_table *t, uint64_t sum, status mine);

/* Local. rows and columns of a table; STATUS_INPUT if it is not there. */
status checkpoint_file_shape(h5_file *f, const char *name, int64_t *rows, int64_t *columns);

/* Local. Rows [begin, begin + n) into out, stride floats apart; zeros behind the columns. */
status checkpoint_file_read(h5_file *f, const char *name, int64_t begin, int64_t n, float *out,
                            size_t stride);

/* Local. Add the digest of rows [begin, begin + n) as they are on disk to *digest. */
status checkpoint_file_digest(h5_file *f, const char *name, int64_t begin, int64_t n,
                              uint64_t *digest);

/* Local. STATUS_INPUT if sum is not the digest that was written. */
status checkpoint_file_compare(h5_file *f, const char *name, uint64_t sum);

/* Local. Read everything of a state or a snapshot and compare digests and checksums. */
status checkpoint_file_check(h5_file *f);

#endif
