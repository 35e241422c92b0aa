// SPDX-License-Identifier: Apache-2.0
/* Counter-based randomness: every draw is a pure function of (seed, purpose, epoch, position).
 *
 * The generator is SplitMix64 (Steele, Lea & Flood 2014) read at any counter: its n-th output is
 * mix(key + n * golden). Passing a key instead of keeping a state is what makes a draw independent
 * of threads, ranks and time. docs/decisions/0002-randomness.md compares it with Philox. */
#ifndef WORDSHARD_RANDOM_H
#define WORDSHARD_RANDOM_H

#include <stdint.h>

/* What a stream of draws is for; part of its key, so that two purposes never share a stream. */
typedef enum {
    RANDOM_INIT = 1, /* initial vectors: counter = column */
    RANDOM_TOKEN,    /* sub-sampling and window width: counter = position in the corpus */
    RANDOM_NEGATIVE, /* negatives entering a pool: counter = draw within a chunk */
    RANDOM_PICK,     /* which pool entries a window takes: counter = position */
    RANDOM_ORDER,    /* order of chunks, of tiles in an epoch */
    RANDOM_CLUSTER,  /* starting points of k-means */
    RANDOM_PLANT,    /* the planted corpus */
    RANDOM_GROUP,    /* order of the words in a group of the strata */
    RANDOM_RUN,      /* order of the non-zeros of a word in a tile */
    RANDOM_SKETCH,   /* the sparse signs that eigenvectors start from: counter = row */
    RANDOM_MESSAGE,  /* how the values of a message are rounded: counter = row and replica */
    RANDOM_DEAL,     /* output groups of an episode: counter = word */
    RANDOM_QUERY,    /* words whose neighbours are compared: counter = row */
    /* Documents of a resampled corpus (counter = place in it), and dealt to periods (rounds of a
     * permutation of their numbers). */
    RANDOM_BOOTSTRAP = 32,
    RANDOM_SHUFFLE
} random_purpose;

static const uint64_t RANDOM_GOLDEN = 0x9E3779B97F4A7C15u;

static inline uint64_t random_mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The key of one stream. detail tells streams of one purpose apart: an epoch, a word's hash. */
static inline uint64_t random_key(uint64_t seed, random_purpose purpose, uint64_t detail) {
    uint64_t key = random_mix(seed + RANDOM_GOLDEN);
    key = random_mix(key ^ (0xD6E8FEB86659FD93u * (uint64_t)purpose));
    return random_mix(key + 0xA0761D6478BD642Fu * (detail + 1));
}

/* 64 uniform bits: draw number counter of a stream. */
static inline uint64_t random_at(uint64_t key, uint64_t counter) {
    return random_mix(key + RANDOM_GOLDEN * (counter + 1));
}

/* Uniform in [0, n) from the low 32 bits of a draw; n < 2^32 (Lemire's multiply-shift, no
 * rejection: the bias is below n / 2^32). */
static inline uint32_t random_below(uint64_t draw, uint32_t n) {
    return (uint32_t)(((draw & 0xFFFFFFFFu) * n) >> 32);
}

/* The same in [0, n) for any n >= 1, from all 64 bits. */
static inline uint64_t random_below_wide(uint64_t draw, uint64_t n) {
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)draw * n) >> 64);
}

/* Uniform in [0, 1) with 53 bits. */
static inline double random_unit(uint64_t draw) {
    return (double)(draw >> 11) * 0x1.0p-53;
}

#endif
