// SPDX-License-Identifier: Apache-2.0
/* Fuzz targets: each is a program that gives hostile bytes to one parser. libFuzzer calls it with
 * bytes of its own making (./dev fuzz); in the tests, replay.c calls it with the seeds and with
 * what was found before.
 *
 * A target claims more than "does not crash": a refusal is STATUS_INPUT with a message, no memory
 * stays, and what can be read in two ways is read the same. Files are made in the working folder,
 * so every running target needs one of its own. */
#ifndef WORDSHARD_FUZZ_H
#define WORDSHARD_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* One input. Returns 0; aborts when a claim fails. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Write a file of this name; returns the name. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);

/* Print the claim and abort unless it holds. */
void fuzz_claim(bool holds, const char *claim);

/* Whether s is OK. Claims that a failure has the code `refusal` and a message. */
bool fuzz_accepted(status s, status_code refusal);

/* Claims that every block of memory was given back. */
void fuzz_end(void);

/* ---- taking an input apart */
typedef struct {
    const uint8_t *data;
    size_t size, at;
} fuzz_bytes;

/* The next byte, 0 behind the end. */
uint8_t fuzz_take(fuzz_bytes *b);

#endif
