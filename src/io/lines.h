// SPDX-License-Identifier: Apache-2.0
/* Lines of a text file of any length, in counted memory. Local. */
#ifndef WORDSHARD_LINES_H
#define WORDSHARD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef struct lines lines;

/* STATUS_IO when path cannot be opened. The caller closes, also after a failure. */
status lines_open(lines **l, const char *path);
void lines_close(lines **l);

/* The next line without its LF or CRLF, terminated by NUL, valid and writable until the next call;
 * *text is NULL at the end of the file. A byte order mark before the first line is skipped. A NUL
 * byte is STATUS_INPUT. */
status lines_next(lines *l, char **text, size_t *length);

/* Number of the line last given, from 1. */
int64_t lines_number(const lines *l);

/* Whether text is valid UTF-8. */
bool lines_is_utf8(const char *text, size_t length);

/* Cut text at runs of blanks (space, TAB): the next field, terminated, or NULL; *text moves on. */
char *lines_field(char **text);

#endif
