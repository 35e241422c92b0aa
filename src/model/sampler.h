// SPDX-License-Identifier: Apache-2.0
/* The two samplings of word2vec (Mikolov et al. 2013): which tokens are kept, which words are
 * negatives. Both are pure functions of a draw (base/random.h). */
#ifndef WORDSHARD_SAMPLER_H
#define WORDSHARD_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#include "random.h"
#include "status.h"

/* One entry of an alias table (Walker 1977): word i itself below threshold, its alias above. */
typedef struct {
    uint32_t threshold;
    int32_t alias;
} alias_entry;

typedef struct {
    int32_t n_words;
    uint32_t *keep;       /* [n_words] a token stays if the draw's high half is at most this */
    alias_entry *aliases; /* [n_words] negatives, by count^power */
} sampler;

/* counts: [n_words], the times each word occurs; zeros count as 1 for negatives. sample: the
 * threshold t of sub-sampling, 0 = keep all; a word of frequency f is kept with probability
 * min(1, sqrt(t / f) + t / f), as word2vec.c has it. */
status sampler_create(sampler *s, const int64_t *counts, int32_t n_words, double sample,
                      double power);
void sampler_clear(sampler *s);

static inline bool sampler_keeps(const sampler *s, int32_t word, uint64_t draw) {
    return (uint32_t)(draw >> 32) <= s->keep[word];
}

/* Ask the memory for what sampler_negative will read. */
static inline void sampler_ask(const sampler *s, uint64_t draw) {
    __builtin_prefetch(&s->aliases[random_below(draw, (uint32_t)s->n_words)]);
}

static inline int32_t sampler_negative(const sampler *s, uint64_t draw) {
    uint32_t slot = random_below(draw, (uint32_t)s->n_words);
    const alias_entry *e = &s->aliases[slot];
    return (uint32_t)(draw >> 32) < e->threshold ? (int32_t)slot : e->alias;
}

/* Probability that a token of this word is kept. */
static inline double sampler_keep_probability(const sampler *s, int32_t word) {
    return ((double)s->keep[word] + 1) * 0x1p-32;
}

/* For each token of the corpus, how often it is this word and kept, and how often the one negative
 * drawn for each kept token is this word: kept[n_words] and negative[n_words]. */
void sampler_rates(const sampler *s, const int64_t *counts, double power, double *kept,
                   double *negative);

#endif
