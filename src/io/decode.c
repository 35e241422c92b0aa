// SPDX-License-Identifier: Apache-2.0
#include "decode.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "memory.h"

enum {
    BLOCK = 256 << 10, /* text at a time: stays in a core's L2 cache with the lexer's tables */
    RAW = 128 << 10,   /* compressed bytes at a time */
    OVERSHOOT = 4 << 10,
    ZSTD_WINDOW_LOG = 31 /* accept the longest windows that zstd --long writes */
};

struct decoder {
    const input_file *file;
    status (*check)(void);
    int fd;
    input_coding coding;
    bool is_piece;      /* of a plain file; otherwise a whole stream */
    int64_t begin, end; /* of the piece */

    uint8_t *raw; /* [RAW] bytes [raw_at, raw_n) are still to be decoded */
    size_t raw_at, raw_n;
    bool in_frame;   /* a gzip member or zstd frame has begun and not ended */
    bool has_output; /* the library may hold more text although raw is used up */
    z_stream gzip;
    bool gzip_ready;
    ZSTD_DStream *zstd;

    uint8_t *text; /* [capacity]; [0, head) was given out, [head, filled) is next */
    size_t capacity, head, filled;
    size_t scanned; /* [head, scanned) holds no white space */
    int64_t base;   /* place of text[0] in the decoded text */
    bool started, at_end, done;
};

status decode_create(decoder **d, status (*check)(void)) {
    status s = mem_new(d, 1, sizeof **d, "a decoder");
    if (s.code)
        return s;
    (*d)->fd = -1;
    (*d)->check = check;
    s = mem_new(&(*d)->raw, RAW, 1, "compressed input");
    if (s.code)
        decode_destroy(d);
    return s;
}

void decode_destroy(decoder **d) {
    if (!*d)
        return;
    decode_close(*d);
    if ((*d)->gzip_ready)
        inflateEnd(&(*d)->gzip);
    ZSTD_freeDStream((*d)->zstd);
    mem_free(&(*d)->raw);
    mem_free(&(*d)->text);
    mem_free(d);
}

void decode_close(decoder *d) {
    if (d->fd > STDIN_FILENO)
        close(d->fd);
    d->fd = -1;
    d->done = true;
}

/* ---- sources: each gives at least one byte, or *got = 0 at the end */

static status wait_for_input(const decoder *d) {
    static const int patience = 100; /* milliseconds */
    struct pollfd input = {.fd = d->fd, .events = POLLIN};
    status s = status_ok();
    while (d->check && !s.code && poll(&input, 1, patience) <= 0)
        s = d->check();
    return s;
}

static status read_some(decoder *d, void *out, size_t room, size_t *got) {
    const status s = wait_for_input(d);
    ssize_t n;
    *got = 0;
    if (s.code)
        return s;
    do
        n = read(d->fd, out, room);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? status_errno(errno, "cannot read", d->file->path) : status_ok();
}

static status fill_raw(decoder *d) {
    d->raw_at = 0;
    return read_some(d, d->raw, RAW, &d->raw_n);
}

static status read_plain(decoder *d, uint8_t *out, size_t room, size_t *got) {
    if (d->raw_at == d->raw_n)
        return read_some(d, out, room, got);
    *got = d->raw_n - d->raw_at < room ? d->raw_n - d->raw_at : room;
    memcpy(out, d->raw + d->raw_at, *got);
    d->raw_at += *got;
    return status_ok();
}

static status read_piece(decoder *d, uint8_t *out, size_t room, size_t *got) {
    int64_t at = d->base + (int64_t)d->filled, left = d->file->bytes - at;
    int64_t most = (d->end > at ? d->end - at : 0) + OVERSHOOT;
    if (left < most)
        most = left;
    if (most < (int64_t)room)
        room = (size_t)most;
    ssize_t n;
    do
        n = pread(d->fd, out, room, at);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    if (n < 0)
        return status_errno(errno, "cannot read", d->file->path);
    if (n == 0 && room > 0)
        return status_error(STATUS_IO, "%s: became shorter while it was read (byte %lld of %lld)",
                            d->file->path, (long long)at, (long long)d->file->bytes);
    return status_ok();
}

static status damaged(const decoder *d, const char *what, const char *reason) {
    return status_error(STATUS_INPUT, "%s: %s after %lld bytes of text%s%s", d->file->path, what,
                        (long long)(d->base + (int64_t)d->filled), reason ? ": " : "",
                        reason ? reason : "; the file is not complete");
}

static status open_gzip(decoder *d) {
    int failed = d->gzip_ready ? inflateReset(&d->gzip) : inflateInit2(&d->gzip, 15 + 16);
    if (failed)
        return status_error(STATUS_SPACE, "%s: not enough memory to decompress", d->file->path);
    d->gzip_ready = true;
    return status_ok();
}

/* After a member: skip the zeros that tapes and block devices leave, then start the next one. */
static status next_member(decoder *d) {
    while (d->raw_at < d->raw_n && d->raw[d->raw_at] == 0)
        d->raw_at++;
    if (d->raw_at == d->raw_n)
        return status_ok();
    d->in_frame = true;
    return open_gzip(d);
}

static status step_gzip(decoder *d, uint8_t *out, size_t room, size_t *got) {
    if (!d->in_frame) {
        status s = next_member(d);
        if (s.code || !d->in_frame)
            return s;
    }
    d->gzip.next_in = d->raw + d->raw_at;
    d->gzip.avail_in = (uInt)(d->raw_n - d->raw_at);
    d->gzip.next_out = out;
    d->gzip.avail_out = room < RAW ? (uInt)room : RAW;
    uInt asked = d->gzip.avail_out;
    int result = inflate(&d->gzip, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return status_error(STATUS_SPACE, "%s: not enough memory to decompress", d->file->path);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return damaged(d, "damaged gzip data", d->gzip.msg ? d->gzip.msg : "unknown format");
    d->raw_at = d->raw_n - d->gzip.avail_in;
    *got = asked - d->gzip.avail_out;
    d->in_frame = result != Z_STREAM_END;
    d->has_output = d->in_frame && d->gzip.avail_out == 0;
    return status_ok();
}

static status open_zstd(decoder *d) {
    if (!d->zstd)
        d->zstd = ZSTD_createDStream();
    if (!d->zstd || ZSTD_isError(ZSTD_initDStream(d->zstd)) ||
        ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
        return status_error(STATUS_SPACE, "%s: not enough memory to decompress", d->file->path);
    return status_ok();
}

static status step_zstd(decoder *d, uint8_t *out, size_t room, size_t *got) {
    ZSTD_inBuffer in = {d->raw, d->raw_n, d->raw_at};
    ZSTD_outBuffer decoded = {out, room, 0};
    size_t result = ZSTD_decompressStream(d->zstd, &decoded, &in);
    if (ZSTD_isError(result))
        return damaged(d, "damaged zstd data", ZSTD_getErrorName(result));
    d->raw_at = in.pos;
    *got = decoded.pos;
    d->in_frame = result != 0;
    d->has_output = d->in_frame && decoded.pos == room;
    return status_ok();
}

static status read_compressed(decoder *d, uint8_t *out, size_t room, size_t *got) {
    bool is_gzip = d->coding == INPUT_GZIP;
    *got = 0;
    while (*got == 0) {
        if (d->raw_at == d->raw_n && !d->has_output) {
            status s = fill_raw(d);
            if (s.code)
                return s;
            if (d->raw_n == 0)
                return d->in_frame
                           ? damaged(d, is_gzip ? "truncated gzip data" : "truncated zstd data",
                                     NULL)
                           : status_ok();
        }
        status s = is_gzip ? step_gzip(d, out, room, got) : step_zstd(d, out, room, got);
        if (s.code)
            return s;
    }
    return status_ok();
}

/* ---- blocks */

/* Add text behind what is there. */
static status fill(decoder *d) {
    size_t need = d->filled + BLOCK / 2 + DECODE_PADDING;
    if (need > d->capacity) {
        if (need < BLOCK + DECODE_PADDING)
            need = BLOCK + DECODE_PADDING;
        status s = mem_grow(&d->text, &d->capacity, need, 1, "a block of text");
        if (s.code)
            return s;
    }
    size_t room = d->capacity - DECODE_PADDING - d->filled, got;
    uint8_t *out = d->text + d->filled;
    status s = d->is_piece                ? read_piece(d, out, room, &got)
               : d->coding == INPUT_PLAIN ? read_plain(d, out, room, &got)
                                          : read_compressed(d, out, room, &got);
    if (s.code)
        return s;
    d->filled += got;
    d->at_end = got == 0;
    return s;
}

static void drop(decoder *d, size_t n) {
    memmove(d->text, d->text + n, d->filled - n);
    d->filled -= n;
    d->base += (int64_t)n;
    d->head = 0;
}

/* The smallest p in [from, n) after white space and not on it; n if there is none. from >= 1. */
static size_t find_cut(const uint8_t *text, size_t from, size_t n) {
    while (from < n && !(decode_is_space(text[from - 1]) && !decode_is_space(text[from])))
        from++;
    return from;
}

/* For a piece that begins inside the file: go to cut(begin), or be done when the piece is empty. */
static status find_start(decoder *d) {
    size_t cut;
    for (;;) {
        status s = fill(d);
        if (s.code)
            return s;
        cut = find_cut(d->text, 1, d->filled);
        if (cut < d->filled || d->at_end || d->base + (int64_t)d->filled >= d->end)
            break;
        drop(d, d->filled - 1);
    }
    d->done = cut >= d->filled || d->base + (int64_t)cut >= d->end;
    if (!d->done)
        drop(d, cut);
    return status_ok();
}

/* Read until the block's end is known: behind the last white space, or the end of the text. */
static status find_end(decoder *d, size_t *end) {
    for (;;) {
        size_t e = d->filled;
        while (e > d->scanned && !decode_is_space(d->text[e - 1]))
            e--;
        if (e > d->scanned || d->at_end) {
            *end = e > d->scanned ? e : d->filled;
            return status_ok();
        }
        d->scanned = d->filled;
        status s = fill(d);
        if (s.code)
            return s;
    }
}

/* Shorten a block of n bytes that reaches behind the piece's end to cut(end). Byte -1 of a block
 * that is not the first is white space. */
static size_t trim(decoder *d, size_t n) {
    int64_t beyond = d->end - d->base;
    size_t from = beyond > 0 ? (size_t)beyond : 1;
    size_t cut = beyond <= 0 && !decode_is_space(d->text[0]) ? 0 : find_cut(d->text, from, n);
    d->done = cut < n;
    return cut;
}

static void skip_mark(text_block *block) {
    if (block->offset == 0 && block->n >= 3 && !memcmp(block->bytes, "\xEF\xBB\xBF", 3)) {
        block->bytes += 3;
        block->n -= 3;
        block->offset += 3;
    }
}

status decode_next(decoder *d, text_block *block) {
    *block = (text_block){.bytes = d->text, .path = d->file ? d->file->path : ""};
    if (d->done)
        return status_ok();
    if (d->head) {
        drop(d, d->head);
        d->scanned = d->filled;
    }
    if (!d->started && d->begin > 0) {
        status s = find_start(d);
        if (s.code || d->done)
            return s;
    }
    d->started = true;
    size_t n = 0;
    status s = find_end(d, &n);
    if (s.code)
        return s;
    if (d->is_piece && n > 0 && d->base + (int64_t)n > d->end)
        n = trim(d, n);
    block->bytes = d->text;
    block->n = n;
    block->offset = d->base;
    d->head = n;
    d->done = d->done || n == 0;
    skip_mark(block);
    return status_ok();
}

static status open_stream(decoder *d) {
    status s = fill_raw(d);
    while (!s.code && d->raw_n > 0 &&
           d->raw_n < 4) { /* a pipe may hand out its first bytes singly */
        size_t got;
        s = read_some(d, d->raw + d->raw_n, RAW - d->raw_n, &got);
        d->raw_n += got;
        if (got == 0)
            break;
    }
    if (s.code)
        return s;
    d->coding = input_coding_of(d->raw, d->raw_n);
    if (d->coding == INPUT_ZSTD)
        return open_zstd(d);
    return status_ok();
}

status decode_open(decoder *d, const input_file *file, const input_unit *unit) {
    decode_close(d);
    d->file = file;
    d->is_piece = unit->end >= 0;
    d->begin = unit->begin;
    d->end = unit->end;
    d->raw_at = d->raw_n = 0;
    d->in_frame = d->has_output = false;
    d->head = d->filled = d->scanned = 0;
    d->base = unit->begin > 0 ? unit->begin - 1 : 0;
    d->started = d->at_end = d->done = false;
    d->fd = strcmp(file->path, "-") ? open(file->path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    status s = status_ok();
    if (d->fd < 0)
        s = status_errno(errno, "cannot open", file->path);
    else if (!d->is_piece)
        s = open_stream(d);
    if (s.code)
        decode_close(d);
    return s;
}
