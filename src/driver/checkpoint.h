// SPDX-License-Identifier: Apache-2.0
/* One checkpoint, as a schedule sees it: named numbers and tables. All that a schedule needs to go
 * on goes in and comes out here; options, snapshots and the table of epochs are run_record's.
 * Functions are collective and return the same status on every rank unless marked otherwise. */
#ifndef WORDSHARD_CHECKPOINT_H
#define WORDSHARD_CHECKPOINT_H

#include "comm.h"
#include "h5.h"
#include "run_table.h"

typedef struct {
    const comm *world;
    h5_file *file;
} checkpoint;

/* ---- writing; numbers are the same on every rank, or those of rank 0 count */

status checkpoint_write_int(checkpoint *c, const char *name, int64_t value);
status checkpoint_write_real(checkpoint *c, const char *name, double value);
status checkpoint_write_ints(checkpoint *c, const char *name, int64_t n, const int64_t *values);
status checkpoint_write_reals(checkpoint *c, const char *name, int64_t n, const double *values);

/* t->stride is t->columns, or 1 if that is 0. The name is free, at most 63 bytes; t->fetch is
 * called as for a snapshot. */
status checkpoint_write_table(checkpoint *c, const run_table *t);

/* ---- reading; local, but every rank has opened the file. STATUS_INPUT if it is not there, or has
 * another length or type */

status checkpoint_read_int(const checkpoint *c, const char *name, int64_t *value);
status checkpoint_read_real(const checkpoint *c, const char *name, double *value);
status checkpoint_read_ints(const checkpoint *c, const char *name, int64_t n, int64_t *values);
status checkpoint_read_reals(const checkpoint *c, const char *name, int64_t n, double *values);

/* Rows [begin, begin + n) of a table of rows x columns, whoever wrote them: stride floats apart,
 * zeros behind the columns. */
status checkpoint_read_rows(const checkpoint *c, const char *name, int64_t rows, int64_t columns,
                            int64_t begin, int64_t n, float *out, size_t stride);

#endif
