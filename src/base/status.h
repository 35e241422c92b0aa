// SPDX-License-Identifier: Apache-2.0
/* What a function returns when a user, a file or the machine can make it fail.
 *
 * The codes are the program's exit codes (docs/errors.md). A bug is not a status: it aborts. */
#ifndef WORDSHARD_STATUS_H
#define WORDSHARD_STATUS_H

typedef enum {
    STATUS_OK = 0,
    STATUS_USAGE = 2,     /* the command line or the configuration file */
    STATUS_INPUT = 3,     /* a file's contents */
    STATUS_IO = 4,        /* opening, reading or writing failed */
    STATUS_SPACE = 5,     /* not enough memory or disk */
    STATUS_DIVERGED = 6,  /* training produced numbers that are not finite */
    STATUS_INTERNAL = 70, /* a library did what it should not */
    STATUS_STOPPED = 85   /* stopped at a checkpoint, wants to be requeued */
} status_code;

enum { STATUS_MESSAGE = 488 };

typedef struct {
    status_code code;
    char message[STATUS_MESSAGE]; /* one line: the file, the place, what to do; empty when OK */
} status;

status status_ok(void);

/* A failure with a printf message; longer messages are cut, line breaks become spaces. */
status status_error(status_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first failure of the two; OK if both are. */
status status_first(status a, status b);

/* A failed system call on path: STATUS_SPACE for a full disk or quota, otherwise STATUS_IO. */
status status_errno(int error, const char *doing, const char *path);

#endif
