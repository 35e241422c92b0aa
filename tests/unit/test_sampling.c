// SPDX-License-Identifier: Apache-2.0
/* Sampler, windows: what training draws and in what shape it sees the corpus. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "sampler.h"
#include "support.h"
#include "window.h"

enum { WORDS = 50, TOKENS = 5000, WINDOW = 4 };

static int64_t counts[WORDS];
static int32_t tokens[TOKENS];
static const int64_t documents[] = {0, 10, 10, 700, 701, 3000, TOKENS};
enum { DOCUMENTS = sizeof documents / sizeof *documents - 1 };

/* The same as a stretch of a long corpus, behind more than 2^32 tokens. */
static const int64_t FAR = (INT64_C(1) << 33) + 12345;
static int64_t far_documents[DOCUMENTS + 1];

static void make_corpus(void) {
    memset(counts, 0, sizeof counts);
    for (int i = 0; i < TOKENS; i++) {
        double u = random_unit(random_at(7, (uint64_t)i));
        tokens[i] = (int32_t)(u * u * u * WORDS);
        counts[tokens[i]]++;
    }
}

static corpus_view view_at(int64_t base) {
    for (int d = 0; d <= DOCUMENTS; d++)
        far_documents[d] = documents[d] + base;
    return (corpus_view){tokens, base, base + TOKENS, far_documents, DOCUMENTS};
}

static void negatives_follow_the_powered_counts(void) {
    sampler s;
    enum { DRAWS = 2000000 };
    static int64_t seen[WORDS];
    double weights = 0;
    memset(seen, 0, sizeof seen);
    make_corpus();
    CU_ASSERT_EQUAL_FATAL(sampler_create(&s, counts, WORDS, 1e-3, 0.75).code, STATUS_OK);
    for (int i = 0; i < DRAWS; i++)
        seen[sampler_negative(&s, random_at(99, (uint64_t)i))]++;
    for (int i = 0; i < WORDS; i++)
        weights += pow((double)(counts[i] ? counts[i] : 1), .75);
    for (int i = 0; i < WORDS; i++) {
        double p = pow((double)(counts[i] ? counts[i] : 1), .75) / weights;
        double sd = sqrt(p * (1 - p) / DRAWS);
        CU_ASSERT_DOUBLE_EQUAL((double)seen[i] / DRAWS, p, 5 * sd);
    }
    sampler_clear(&s);
}

static void tokens_are_kept_as_word2vec_keeps_them(void) {
    sampler s;
    make_corpus();
    CU_ASSERT_EQUAL_FATAL(sampler_create(&s, counts, WORDS, 1e-2, 0.75).code, STATUS_OK);
    for (int i = 0; i < WORDS; i++) {
        double f = (double)counts[i] / TOKENS, p = sqrt(1e-2 / f) + 1e-2 / f;
        CU_ASSERT_DOUBLE_EQUAL(sampler_keep_probability(&s, i), p < 1 ? p : 1, 1e-6);
    }
    sampler_clear(&s);
    CU_ASSERT_EQUAL_FATAL(sampler_create(&s, counts, WORDS, 0, 0.75).code, STATUS_OK);
    for (int i = 0; i < WORDS; i++)
        CU_ASSERT(sampler_keep_probability(&s, i) == 1);
    sampler_clear(&s);
}

static void counts_beyond_32_bits_are_sampled_alike(void) {
    sampler small, large;
    double kept[2][WORDS], negative[2][WORDS];
    make_corpus();
    CU_ASSERT_EQUAL_FATAL(sampler_create(&small, counts, WORDS, 1e-2, 0.75).code, STATUS_OK);
    sampler_rates(&small, counts, 0.75, kept[0], negative[0]);
    for (int i = 0; i < WORDS; i++)
        counts[i] = (counts[i] ? counts[i] : 1) * (INT64_C(1) << 40);
    CU_ASSERT_EQUAL_FATAL(sampler_create(&large, counts, WORDS, 1e-2, 0.75).code, STATUS_OK);
    sampler_rates(&large, counts, 0.75, kept[1], negative[1]);
    for (int i = 0; i < WORDS; i++) {
        CU_ASSERT_DOUBLE_EQUAL(sampler_keep_probability(&small, i),
                               sampler_keep_probability(&large, i), 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(kept[0][i], kept[1][i], 1e-3 * kept[1][i] + 1e-9);
        CU_ASSERT_DOUBLE_EQUAL(negative[0][i], negative[1][i], 1e-3 * negative[1][i]);
    }
    sampler_clear(&small);
    sampler_clear(&large);
}

/* Every (centre, context) pair of the corpus as a sum of hashes, from the definition. */
static uint64_t naive_pairs(const sampler *s, uint64_t key, int64_t base, int64_t *n) {
    uint64_t sum = 0;
    *n = 0;
    for (int d = 0; d < DOCUMENTS; d++) {
        static int64_t kept[TOKENS];
        int k = 0;
        for (int64_t p = documents[d]; p < documents[d + 1]; p++)
            if (sampler_keeps(s, tokens[p], random_at(key, (uint64_t)(base + p))))
                kept[k++] = base + p;
        for (int i = 0; i < k; i++) {
            int width = 1 + (int)random_below(random_at(key, (uint64_t)kept[i]), WINDOW);
            for (int j = i - width; j <= i + width; j++)
                if (j >= 0 && j < k && j != i) {
                    sum +=
                        random_mix((uint64_t)kept[i] * TOKENS + (uint64_t)tokens[kept[j] - base]);
                    ++*n;
                }
        }
    }
    return sum;
}

static uint64_t chunk_pairs(const window_chunk *c, int64_t *n) {
    uint64_t sum = 0;
    for (int i = c->first; i < c->last; i++) {
        if (c->tokens[i] == WINDOW_BREAK)
            continue;
        for (int step = -1; step <= 1; step += 2)
            for (int j = i + step, k = 0; k < c->widths[i] && j >= 0 && j < c->n; j += step, k++) {
                if (c->tokens[j] == WINDOW_BREAK)
                    break;
                sum += random_mix((uint64_t)c->draws[i] * TOKENS + (uint64_t)c->tokens[j]);
                ++*n;
            }
    }
    return sum;
}

/* Chunks of several sizes of the corpus at base. */
static void check_chunks(const sampler *s, int64_t base) {
    static const int64_t sizes[] = {1, 7, 64, 1000, TOKENS};
    const corpus_view view = view_at(base);
    const uint64_t key = random_key(5, RANDOM_TOKEN, 0);
    int64_t expected_n;
    const uint64_t expected = naive_pairs(s, key, base, &expected_n);
    for (int i = 0; i < 5; i++) {
        window_chunk c;
        uint64_t sum = 0;
        int64_t n = 0;
        CU_ASSERT_EQUAL_FATAL(window_create(&c, sizes[i], WINDOW).code, STATUS_OK);
        for (int64_t at = base; at < view.end; at += sizes[i]) {
            int64_t end = at + sizes[i] < view.end ? at + sizes[i] : view.end;
            window_fill(&c, &view, at, end, s, WINDOW, key);
            CU_ASSERT_FATAL(c.n <= c.capacity);
            sum += chunk_pairs(&c, &n);
        }
        CU_ASSERT_EQUAL(n, expected_n);
        CU_ASSERT_EQUAL(sum, expected);
        window_clear(&c);
    }
}

static void any_chunks_give_the_pairs_of_the_whole(void) {
    make_corpus();
    for (int t = 0; t < 4; t++) {
        sampler s;
        CU_ASSERT_EQUAL_FATAL(sampler_create(&s, counts, WORDS, t % 2 ? 3e-3 : 0, 0.75).code,
                              STATUS_OK);
        check_chunks(&s, t < 2 ? 0 : FAR);
        sampler_clear(&s);
    }
    CU_ASSERT_EQUAL(mem_live_blocks(), 0);
}

int main(void) {
    static const test_case cases[] = {
        {"negatives_follow_the_powered_counts", negatives_follow_the_powered_counts},
        {"tokens_are_kept_as_word2vec_keeps_them", tokens_are_kept_as_word2vec_keeps_them},
        {"counts_beyond_32_bits_are_sampled_alike", counts_beyond_32_bits_are_sampled_alike},
        {"any_chunks_give_the_pairs_of_the_whole", any_chunks_give_the_pairs_of_the_whole},
    };
    return test_run("sampling", cases, sizeof cases / sizeof *cases, 0);
}
