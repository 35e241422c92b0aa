// SPDX-License-Identifier: Apache-2.0
#include "idlog.h"

#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "scratch.h"

static const int64_t CHUNK_BYTES = (int64_t)IDLOG_CHUNK * (int64_t)sizeof(uint16_t);

status idlog_pool_init(idlog_pool *pool, const char *folder, int64_t budget) {
    pool->folder = folder;
    pool->budget = budget;
    atomic_init(&pool->in_memory, 0);
    atomic_init(&pool->spilled, 0);
    pool->fd = -1;
    int error = pthread_mutex_init(&pool->opening, NULL);
    return error ? status_errno(error, "cannot make a lock for", folder) : status_ok();
}

void idlog_pool_clear(idlog_pool *pool) {
    if (pool->fd >= 0)
        close(pool->fd);
    pool->fd = -1;
    pthread_mutex_destroy(&pool->opening);
}

void idlog_init(idlog *log, idlog_pool *pool) {
    *log = (idlog){.pool = pool};
}

void idlog_clear(idlog *log) {
    for (int64_t c = 0; c < log->n_chunks; c++)
        mem_free(&log->chunks[c].codes);
    mem_free(&log->chunks);
    mem_free(&log->spans);
    *log = (idlog){0};
}

/* ---- the scratch file */

static status open_scratch(idlog_pool *pool) {
    pthread_mutex_lock(&pool->opening);
    status s = pool->fd < 0 ? scratch_open(pool->folder, &pool->fd) : status_ok();
    pthread_mutex_unlock(&pool->opening);
    return s;
}

/* ---- writing */

static status spill(idlog *log, idchunk *chunk) {
    status s = open_scratch(log->pool);
    if (s.code)
        return s;
    chunk->place = atomic_fetch_add(&log->pool->spilled, CHUNK_BYTES);
    return scratch_write(log->pool->fd, log->pool->folder, chunk->codes,
                         (size_t)log->filled * sizeof *chunk->codes, chunk->place);
}

/* A new chunk: the last one's memory when the budget is used up, and new memory otherwise. */
static status add_chunk(idlog *log) {
    idlog_pool *pool = log->pool;
    status s = mem_grow(&log->chunks, &log->chunks_capacity, (size_t)log->n_chunks + 1,
                        sizeof *log->chunks, "the list of chunks of ids");
    if (s.code)
        return s;
    idchunk *chunk = &log->chunks[log->n_chunks];
    *chunk = (idchunk){.codes = NULL, .place = -1};
    int64_t used = atomic_fetch_add(&pool->in_memory, CHUNK_BYTES);
    if (log->n_chunks > 0 && used + CHUNK_BYTES > pool->budget) {
        atomic_fetch_sub(&pool->in_memory, CHUNK_BYTES);
        s = spill(log, chunk - 1);
        if (s.code)
            return s;
        chunk->codes = chunk[-1].codes;
        chunk[-1].codes = NULL;
    } else {
        size_t capacity = 0; /* mem_grow, because it does not write zeros first */
        s = mem_grow(&chunk->codes, &capacity, IDLOG_CHUNK, sizeof *chunk->codes,
                     "ids of the text");
        if (s.code)
            return s;
    }
    log->n_chunks++;
    log->filled = 0;
    return s;
}

static status add_span(idlog *log, int64_t unit) {
    status s = mem_grow(&log->spans, &log->spans_capacity, (size_t)log->n_spans + 1,
                        sizeof *log->spans, "the list of spans of ids");
    if (s.code)
        return s;
    log->spans[log->n_spans++] =
        (idspan){.unit = unit, .chunk = log->n_chunks - 1, .begin = log->filled, .n = 0};
    return s;
}

status idlog_begin(idlog *log, int64_t unit) {
    status s = log->n_chunks ? status_ok() : add_chunk(log);
    return s.code ? s : add_span(log, unit);
}

status idlog_reserve(idlog *log, int32_t n, uint16_t **room) {
    const idspan *span = &log->spans[log->n_spans - 1];
    int64_t unit = span->unit;
    bool is_full = log->filled + n > IDLOG_CHUNK;
    if (is_full || span->n + n > IDLOG_SPAN) {
        status s = is_full ? add_chunk(log) : status_ok();
        if (!s.code)
            s = add_span(log, unit);
        if (s.code)
            return s;
    }
    *room = log->chunks[log->n_chunks - 1].codes + log->filled;
    return status_ok();
}

void idlog_commit(idlog *log, int32_t n) {
    log->filled += n;
    log->spans[log->n_spans - 1].n += n;
}

/* ---- reading */

static int64_t place_of(const idchunk *chunk, const idspan *span) {
    return chunk->place + span->begin * (int64_t)sizeof(uint16_t);
}

status idlog_load(const idlog *log, const idspan *span, uint16_t *buffer, const uint16_t **codes) {
    const idchunk *chunk = &log->chunks[span->chunk];
    *codes = chunk->codes ? chunk->codes + span->begin : buffer;
    return chunk->codes ? status_ok()
                        : scratch_read(log->pool->fd, log->pool->folder, buffer,
                                       (size_t)span->n * sizeof *buffer, place_of(chunk, span));
}

void idlog_forget(idlog *log, int64_t chunk) {
    for (; log->n_forgotten < chunk; log->n_forgotten++)
        mem_free(&log->chunks[log->n_forgotten].codes);
}
