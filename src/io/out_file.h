// SPDX-License-Identifier: Apache-2.0
/* A file that is not HDF5 being written: NAME.partial until it is complete. Local. */
#ifndef WORDSHARD_OUT_FILE_H
#define WORDSHARD_OUT_FILE_H

#include <stddef.h>

#include "status.h"

typedef struct {
    char *path, *partial;
    int descriptor; /* -1: none */
} out_file;

/* Start PATH + ending. Clear it afterwards, also on failure. */
status out_open(out_file *f, const char *path, const char *ending);
status out_write(out_file *f, const char *bytes, size_t n);
/* Everything is on the disk, and the file closed. */
status out_sync(out_file *f);
/* The file gets its name. */
status out_rename(out_file *f);
/* What is still partial goes away. */
void out_clear(out_file *f);

#endif
