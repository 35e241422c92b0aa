// SPDX-License-Identifier: Apache-2.0
/* The loops over bytes and ids of a text, once per instruction set. Pure: no threads, files or
 * memory of their own; every set gives the same numbers. */
#ifndef WORDSHARD_TEXT_KERNELS_H
#define WORDSHARD_TEXT_KERNELS_H

#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_TOKENS = 512,                     /* `borders` stops when it has as many */
    TEXT_EDGES = 2 * TEXT_TOKENS + 2 * 64, /* room: one more word of 64 bytes, and what is written
                                              beyond the end of the list */
    TEXT_NEWLINES = 128 + 64
};

/* Where the tokens of a block begin and end, as far as they have been looked for. */
typedef struct {
    size_t n_edges, n_newlines;
    uint64_t after_space;           /* 1: the byte before the next one is white space */
    size_t edges[TEXT_EDGES];       /* token i is bytes [edges[2 i], edges[2 i + 1]) of the block */
    size_t newlines[TEXT_NEWLINES]; /* for each newline: the number of tokens that end before it */
} text_borders;

typedef struct {
    const char *name; /* "portable", "avx2", "avx512" */

    /* Append the borders in bytes [at, n), at a multiple of 64, 64 bytes at a time until the lists
     * are nearly full. Returns where it stopped: n or another multiple of 64. 64 bytes behind the
     * end are readable, and count as white space. */
    size_t (*borders)(const uint8_t *bytes, size_t at, size_t n, text_borders *found);

    /* Look codes up: a code below `special` stands for words[code], which is the id of a word, -1
     * for none, or lower for something else. Stops at n codes, at a code >= special, at something
     * else, or when `most` ids have been found, which are *n_ids; returns how many codes were
     * looked up. out [most]: the ids, or NULL to count them only. */
    int32_t (*look_up)(const uint16_t *codes, int32_t n, const int32_t *words, int32_t special,
                       int32_t *out, int64_t most, int64_t *n_ids);

    /* Add to sums what the content hash is made of, for tokens [0, n) at places begin + i, modulo
     * 2^64:
     *     t = mix(random_at(key, begin + i) ^ hashes[tokens[i]])
     *     sums[0] += t,   sums[1] += mix(t ^ second_key)
     * with mix = random_mix. */
    void (*terms)(const int32_t *tokens, int64_t n, int64_t begin, const uint64_t *hashes,
                  const uint64_t keys[2], uint64_t sums[2]);
} text_kernels;

typedef enum { TEXT_AUTO, TEXT_PORTABLE, TEXT_AVX2, TEXT_AVX512 } text_isa;

/* The kernels of a set, TEXT_AUTO: the best this processor has; NULL if it has not. */
const text_kernels *text_kernels_get(text_isa isa);

#endif
