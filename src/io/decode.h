// SPDX-License-Identifier: Apache-2.0
/* The text of a unit as blocks for the lexer: plain, gzip (several members) and zstd (several
 * frames), never whole in memory.
 *
 * A piece [b, e) of a plain file stands for the bytes [cut(b), cut(e)), where cut(0) = 0 and cut(x)
 * is the smallest p >= x such that byte p - 1 is ASCII white space and byte p is not, or the end:
 * white space belongs to the piece before it, so pieces tile the file and cut no token. */
#ifndef WORDSHARD_DECODE_H
#define WORDSHARD_DECODE_H

#include "input.h"

enum { DECODE_PADDING = 64 };

typedef struct {
    const uint8_t *bytes; /* [n + DECODE_PADDING] are readable; valid until the next call */
    size_t n;             /* 0: the unit has ended */
    int64_t offset;       /* of bytes[0] in the decoded text of the file */
    const char *path;
} text_block;

/* One per thread, for one unit after the other. */
typedef struct decoder decoder;

/* check: asked again and again while nothing comes through a pipe, whether to go on waiting; NULL:
 * always. */
status decode_create(decoder **d, status (*check)(void));
void decode_destroy(decoder **d);

/* Start a unit; ends the one before. */
status decode_open(decoder *d, const input_file *file, const input_unit *unit);
/* The next block: it ends after ASCII white space or with the unit, and grows to hold the longest
 * token. A byte order mark at the start of a file is left out.
 * STATUS_INPUT: truncated or damaged compressed data; STATUS_IO: reading failed. */
status decode_next(decoder *d, text_block *block);
void decode_close(decoder *d);

/* The six ASCII white space bytes: they separate tokens. */
static inline bool decode_is_space(uint8_t c) {
    return c == ' ' || (uint8_t)(c - '\t') <= '\r' - '\t';
}

#endif
