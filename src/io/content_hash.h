// SPDX-License-Identifier: Apache-2.0
/* The hash of what a file holds: two sums modulo 2^64, each term a function of (kind, place,
 * value), so that any split over ranks and threads adds up to the same. Not cryptographic. */
#ifndef WORDSHARD_CONTENT_HASH_H
#define WORDSHARD_CONTENT_HASH_H

#include <stdint.h>

#include "random.h"

#define CONTENT_HASH "content_hash" /* attribute of "/": content_hash_text */

typedef struct {
    uint64_t a, b;
} content_hash;

static const uint64_t CONTENT_HASH_SECOND = 0xE7037ED1A0B428DBu; /* key of b */

/* key: one for each kind of term. */
static inline void content_hash_add(content_hash *h, uint64_t key, uint64_t place, uint64_t value) {
    const uint64_t term = random_mix(random_at(key, place) ^ value);
    h->a += term;
    h->b += random_mix(term ^ CONTENT_HASH_SECOND);
}

/* 32 hexadecimal digits. */
void content_hash_text(const content_hash *h, char text[33]);

#endif
