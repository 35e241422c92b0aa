// SPDX-License-Identifier: Apache-2.0
/* What a thread has read, as numbers, until the vocabulary is known: a long stream of uint16 kept
 * in memory up to a budget, and in a scratch file beyond it. The lexer says what the numbers mean.
 * Sixteen bits, because clearing fresh pages costs more than what is written to them.
 *
 * The stream is cut in spans, each of one unit of the input and inside one chunk; spans are what
 * threads share out when they go through the stream again. */
#ifndef WORDSHARD_IDLOG_H
#define WORDSHARD_IDLOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

enum {
    IDLOG_CHUNK = 1 << 21, /* numbers in a chunk: 4 MiB, the least that huge pages serve */
    IDLOG_SPAN = 1 << 15   /* most numbers in a span: what a thread takes at a time */
};

/* What the logs of one process share. */
typedef struct {
    const char *folder; /* where the scratch file goes; it has no name there */
    int64_t budget; /* bytes of chunks that may stay in memory, at least one chunk for each log */
    _Atomic int64_t in_memory, spilled; /* bytes */
    pthread_mutex_t opening;
    int fd; /* -1 until something must be spilled */
} idlog_pool;

status idlog_pool_init(idlog_pool *pool, const char *folder, int64_t budget);
void idlog_pool_clear(idlog_pool *pool);

typedef struct {
    int64_t unit;
    int64_t chunk;
    int32_t begin, n; /* numbers [begin, begin + n) of the chunk */
} idspan;

typedef struct {
    uint16_t *codes; /* [IDLOG_CHUNK], or NULL when spilled or forgotten */
    int64_t place;   /* in the scratch file, bytes; -1: not there */
} idchunk;

/* One thread's log. */
typedef struct {
    idlog_pool *pool;
    idspan *spans;
    int64_t n_spans;
    size_t spans_capacity;
    idchunk *chunks;
    int64_t n_chunks;
    size_t chunks_capacity;
    int64_t n_forgotten; /* chunks */
    int32_t filled;      /* numbers in the last chunk */
} idlog;

void idlog_init(idlog *log, idlog_pool *pool);
void idlog_clear(idlog *log);

/* What follows belongs to this unit. */
status idlog_begin(idlog *log, int64_t unit);
/* *room becomes a place for n <= IDLOG_SPAN numbers; idlog_commit keeps the first n of them.
 * Between them nothing else happens to the log. */
status idlog_reserve(idlog *log, int32_t n, uint16_t **room);
void idlog_commit(idlog *log, int32_t n);

/* *codes becomes the span's numbers: in place, or read into buffer [IDLOG_SPAN]. Thread-safe. */
status idlog_load(const idlog *log, const idspan *span, uint16_t *buffer, const uint16_t **codes);
/* Nobody will load spans of chunks [0, chunk) again: give their memory back. */
void idlog_forget(idlog *log, int64_t chunk);

#endif
