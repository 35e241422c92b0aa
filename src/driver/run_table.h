// SPDX-License-Identifier: Apache-2.0
/* A table that goes into a file, as this rank sees it. */
#ifndef WORDSHARD_RUN_TABLE_H
#define WORDSHARD_RUN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* The rows [begin, begin + n) of this rank, stride floats apart. The ranks' rows tile [0, rows). */
typedef struct {
    const char *name; /* of a snapshot: "vectors", "context", "nodes", "bias", "context_bias" */
    int64_t rows, columns; /* columns 0: one number a row, float32 [rows] */
    int64_t begin, n;
    const float *data;
    size_t stride;
    /* Not NULL: where data comes from just before it is needed, and only if it is. Collective; the
     * next table may use the same memory. */
    status (*fetch)(void *context, const char *name, const float **data);
    void *context;
} run_table;

#endif
