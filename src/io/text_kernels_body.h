// SPDX-License-Identifier: Apache-2.0
/* The loops of text_kernels.h around make_masks and list_bits, which the including file defines
 * for its instructions:
 *     static inline text_masks make_masks(const uint8_t *bytes);     of 64 bytes
 *     static inline void list_bits(uint64_t bits, size_t base, size_t *list);
 * list_bits writes base + the place of each bit in ascending order, and may write anything into the
 * 64 entries behind them. */
#ifndef WORDSHARD_TEXT_KERNELS_BODY_H
#define WORDSHARD_TEXT_KERNELS_BODY_H

#include "random.h"
#include "text_kernels.h"

extern const text_kernels text_kernels_portable, text_kernels_avx2, text_kernels_avx512;

typedef struct {
    uint64_t space, newline;
} text_masks;

static inline text_masks make_masks(const uint8_t *bytes);
static inline void list_bits(uint64_t bits, size_t base, size_t *list);

/* A newline is white space, so the edges up to it are whole tokens. */
static inline void list_newlines(uint64_t newlines, uint64_t edges, text_borders *found) {
    for (; newlines; newlines &= newlines - 1) {
        uint64_t upto = newlines ^ (newlines - 1);
        size_t before = found->n_edges + (size_t)__builtin_popcountll(edges & upto);
        found->newlines[found->n_newlines++] = before / 2;
    }
}

static size_t find_borders(const uint8_t *bytes, size_t at, size_t n, text_borders *found) {
    uint64_t after_space = found->after_space;
    while (at < n && found->n_edges < (size_t)2 * TEXT_TOKENS &&
           found->n_newlines <= TEXT_NEWLINES - 64) {
        text_masks m = make_masks(bytes + at);
        if (__builtin_expect(n - at < 64, 0)) {
            uint64_t inside = ((uint64_t)1 << (n - at)) - 1;
            m.space |= ~inside;
            m.newline &= inside;
        }
        uint64_t edges = m.space ^ (m.space << 1 | after_space);
        after_space = m.space >> 63;
        if (__builtin_expect(m.newline != 0, 0))
            list_newlines(m.newline, edges, found);
        list_bits(edges, at, found->edges + found->n_edges);
        found->n_edges += (size_t)__builtin_popcountll(edges);
        at += 64;
    }
    found->after_space = after_space;
    return at < n ? at : n;
}

/* look_up, from code `at` on and behind the first *n_ids ids. */
static inline int32_t look_up_rest(int32_t at, const uint16_t *codes, int32_t n,
                                   const int32_t *words, int32_t special, int32_t *out,
                                   int64_t most, int64_t *n_ids) {
    int64_t found = *n_ids;
    for (; at < n && found < most && codes[at] < special; at++) {
        int32_t word = words[codes[at]];
        if (word < -1)
            break;
        if (out)
            out[found] = word; /* stays if it is one: otherwise the next is written over it */
        found += word >= 0;
    }
    *n_ids = found;
    return at;
}

/* In vectors of the compiler's choice: all is 64-bit arithmetic but the look-up. */
static void add_terms(const int32_t *tokens, int64_t n, int64_t begin, const uint64_t *hashes,
                      const uint64_t keys[2], uint64_t sums[2]) {
    uint64_t a = 0, b = 0, first = keys[0], second = keys[1];
    for (int64_t i = 0; i < n; i++) {
        uint64_t term = random_mix(random_at(first, (uint64_t)(begin + i)) ^ hashes[tokens[i]]);
        a += term;
        b += random_mix(term ^ second);
    }
    sums[0] += a;
    sums[1] += b;
}

#endif
