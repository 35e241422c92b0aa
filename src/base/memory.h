// SPDX-License-Identifier: Apache-2.0
/* Counted memory. Every block comes from here, so that a test can refuse any one of them, see a
 * leak as a number, and so that --memory is kept. Blocks are aligned to 64 bytes and start as
 * zeros; those of 4 MiB and more ask for huge pages. Thread-safe. */
#ifndef WORDSHARD_MEMORY_H
#define WORDSHARD_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* slot is the address of a pointer. Sets *slot to count zeroed elements of size bytes; on failure
 * sets it to NULL and returns STATUS_SPACE, naming what and the bytes asked for. */
status mem_new(void *slot, size_t count, size_t size, const char *what);

/* Make *slot hold at least need elements, keeping the *capacity that are there; grows by half as
 * much again. New elements are not zeroed. */
status mem_grow(void *slot, size_t *capacity, size_t need, size_t size, const char *what);

/* slot is the address of a pointer: frees the block and sets the pointer to NULL. */
void mem_free(void *slot);

/* A counted copy of a string. */
status mem_string(char **slot, const char *text);

/* Bytes that may be live at once in this process; 0 = no limit. */
void mem_set_limit(size_t bytes);

size_t mem_live_bytes(void);
int64_t mem_live_blocks(void);

/* Once, before anything is allocated: blocks of some size go back to the system when they are
 * freed, however many there were before; otherwise the C library keeps ever larger ones. */
void mem_start(void);

/* After many small blocks: what they left free goes back to the system. */
void mem_trim(void);

/* For tests: let n more requests pass, refuse the one after; -1 = refuse none. */
void mem_refuse_after(int64_t n);

/* Memory of this machine that is free or can be freed, in bytes (Linux MemAvailable); 0 if unknown.
 */
size_t mem_available(void);

/* "1.50 GiB" into text, which is returned. */
char *mem_format(char text[32], double bytes);

#endif
