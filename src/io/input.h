// SPDX-License-Identifier: Apache-2.0
/* The texts to read: arguments become an ordered list of files, files become units of work.
 *
 * The units depend only on the list, never on ranks or threads, so that any sharing of them gives
 * the same tokens in the same order. */
#ifndef WORDSHARD_INPUT_H
#define WORDSHARD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef enum { INPUT_PLAIN, INPUT_GZIP, INPUT_ZSTD } input_coding;

typedef struct {
    char *path;    /* "-" = standard input */
    int64_t bytes; /* -1: standard input or a pipe, which only one process can read */
    input_coding
        coding; /* by the first bytes, never by name; pipes: found out when they are read */
} input_file;

typedef struct {
    int64_t n;
    input_file *files; /* [n] */
    size_t capacity;
} input_list;

/* Local. Arguments in their order: a file or pipe; a directory: every file below it in the byte
 * order of names, without dot files; a pattern that names no file: what it matches, in byte order;
 * "-": standard input, at most once. The caller clears, also after a failure.
 * STATUS_IO: missing or unreadable; STATUS_INPUT: an empty directory; STATUS_USAGE: no arguments.
 */
status input_list_expand(input_list *list, int n, char *const *arguments);
void input_list_clear(input_list *list);

/* Local. The list as bytes for other ranks of the same kind of machine; *bytes is new (mem_free).
 */
status input_list_pack(const input_list *list, uint8_t **bytes, size_t *n);
status input_list_unpack(input_list *list, const uint8_t *bytes, size_t n);

/* Bytes [begin, end) of a plain file, moved to token borders by decode; or a whole stream. */
typedef struct {
    int64_t file;
    int64_t begin, end; /* end = -1: the whole stream (compressed, or a pipe) */
} input_unit;

enum { INPUT_PIECE = 8 << 20 }; /* bytes of a plain file in one unit */

/* Local. All units in the order of the text; *units is new (mem_free). Empty files have none. */
status input_list_units(const input_list *list, input_unit **units, int64_t *n);

/* Local. The units [begin, end) of one of size ranks: contiguous, about equal in bytes (compressed
 * ones count four times), everything up to the last pipe with rank 0. */
void input_share(const input_list *list, const input_unit *units, int64_t n, int rank, int size,
                 int64_t *begin, int64_t *end);

/* Local. STATUS_IO unless every file of units [begin, end) can be opened here and has the size
 * that the list says: another node may see other files. */
status input_check(const input_list *list, const input_unit *units, int64_t begin, int64_t end);

/* The coding of a stream that starts with these n bytes. */
input_coding input_coding_of(const uint8_t *bytes, size_t n);

#endif
