// SPDX-License-Identifier: Apache-2.0
/* Scratch files: they have no name, so that they go with the process, however it ends. */
#ifndef WORDSHARD_SCRATCH_H
#define WORDSHARD_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* A new file in folder; close(*fd) removes it. */
status scratch_open(const char *folder, int *fd);

/* bytes at place. folder: for the message. Thread-safe for different places. */
status scratch_write(int fd, const char *folder, const void *data, size_t bytes, int64_t place);
status scratch_read(int fd, const char *folder, void *data, size_t bytes, int64_t place);

#endif
