// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "huffman.h"
#include "memory.h"
#include "random.h"
#include "support.h"

enum { N = 300 };

/* Falling counts with ties, roughly Zipf's. */
static void fill_counts(int64_t *counts, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        counts[i] = 1 + 5 * n / (i + 1);
}

static void paths_end_at_their_word(void) {
    int64_t counts[N];
    huffman h;
    fill_counts(counts, N);
    CU_ASSERT_FATAL(!huffman_create(&h, counts, NULL, N).code);
    for (int32_t i = 0; i < N; i++) {
        int32_t at = N; /* the root */
        CU_ASSERT(h.offsets[i + 1] - h.offsets[i] <= h.longest);
        for (int64_t k = h.offsets[i]; k < h.offsets[i + 1]; k++) {
            const int32_t node = (int32_t)(h.steps[k] >> 1);
            CU_ASSERT(at == N + node);
            at = h.branches[2 * node + !(h.steps[k] & 1)];
        }
        CU_ASSERT(at == i);
    }
    huffman_clear(&h);
    CU_ASSERT(mem_live_blocks() == 0);
}

/* Total of counts * length by joining the two least, looked for one by one. */
static int64_t naive_cost(const int64_t *counts, int32_t n) {
    int64_t *left = malloc((size_t)n * sizeof *left), cost = 0;
    for (int32_t i = 0; i < n; i++)
        left[i] = counts[i];
    for (int32_t size = n; size > 1; size--) {
        int64_t joined = 0;
        for (int32_t last = size; last > size - 2; last--) {
            int32_t least = 0;
            for (int32_t i = 1; i < last; i++)
                if (left[i] < left[least])
                    least = i;
            joined += left[least];
            left[least] = left[last - 1];
        }
        left[size - 2] = joined;
        cost += joined;
    }
    free(left);
    return cost;
}

static void codes_are_as_short_as_can_be(void) {
    static const int32_t sizes[] = {2, 3, 4, 17, N};
    int64_t counts[N];
    for (int s = 0; s < 5; s++) {
        huffman h;
        int64_t cost = 0;
        fill_counts(counts, sizes[s]);
        CU_ASSERT_FATAL(!huffman_create(&h, counts, NULL, sizes[s]).code);
        for (int32_t i = 0; i < sizes[s]; i++)
            cost += counts[i] * (h.offsets[i + 1] - h.offsets[i]);
        CU_ASSERT(cost == naive_cost(counts, sizes[s]));
        huffman_clear(&h);
    }
}

/* Sums of two counts pass 2^31, 2^32 and, at the root, 2^52. */
static void counts_beyond_32_bits_give_the_same_code(void) {
    int64_t counts[N];
    huffman small, large;
    fill_counts(counts, N);
    CU_ASSERT_FATAL(!huffman_create(&small, counts, NULL, N).code);
    for (int32_t i = 0; i < N; i++)
        counts[i] *= INT64_C(1) << 40;
    CU_ASSERT_FATAL(!huffman_create(&large, counts, NULL, N).code);
    CU_ASSERT(!memcmp(small.offsets, large.offsets, (N + 1) * sizeof *small.offsets));
    CU_ASSERT(!memcmp(small.steps, large.steps, (size_t)small.offsets[N] * sizeof *small.steps));
    huffman_clear(&small);
    huffman_clear(&large);
}

static void nodes_are_numbered_by_falling_count(void) {
    int64_t counts[N], passed[N - 1] = {0};
    huffman h;
    fill_counts(counts, N);
    CU_ASSERT_FATAL(!huffman_create(&h, counts, NULL, N).code);
    for (int32_t i = 0; i < N; i++)
        for (int64_t k = h.offsets[i]; k < h.offsets[i + 1]; k++)
            passed[h.steps[k] >> 1] += counts[i];
    for (int32_t node = 1; node < N - 1; node++)
        CU_ASSERT(passed[node] <= passed[node - 1]);
    huffman_clear(&h);
}

/* Words 0 and 4, 1 and 5, ... are beside each other in the text. */
static void words_of_equal_count_that_are_near_become_siblings(void) {
    enum { WORDS = 8 };
    static const int64_t counts[WORDS] = {7, 7, 7, 7, 7, 7, 7, 7};
    static const int64_t places[WORDS] = {0, 20, 40, 60, 1, 21, 41, 61};
    int siblings = 0;
    huffman h;
    CU_ASSERT_FATAL(!huffman_create(&h, counts, places, WORDS).code);
    for (int node = 0; node < WORDS - 1; node++) {
        const int32_t a = h.branches[2 * node], b = h.branches[2 * node + 1];
        siblings += a < WORDS && b < WORDS && (a - b == 4 || b - a == 4);
    }
    CU_ASSERT(siblings == WORDS / 2);
    huffman_clear(&h);
}

static void probabilities_of_all_words_sum_to_one(void) {
    int64_t counts[N];
    double score[N - 1], sum = 0;
    huffman h;
    fill_counts(counts, N);
    CU_ASSERT_FATAL(!huffman_create(&h, counts, NULL, N).code);
    for (int32_t node = 0; node < N - 1; node++)
        score[node] = 8 * random_unit(random_at(3, (uint64_t)node)) - 4;
    for (int32_t i = 0; i < N; i++) {
        double p = 1;
        for (int64_t k = h.offsets[i]; k < h.offsets[i + 1]; k++) {
            const double x = score[h.steps[k] >> 1];
            p /= 1 + exp(h.steps[k] & 1 ? -x : x);
        }
        sum += p;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-12);
    huffman_clear(&h);
}

static void refused_memory_leaves_nothing_behind(void) {
    int64_t counts[N];
    fill_counts(counts, N);
    for (int64_t n = 0;; n++) {
        huffman h;
        mem_refuse_after(n);
        status s = huffman_create(&h, counts, NULL, N);
        mem_refuse_after(-1);
        if (!s.code) {
            huffman_clear(&h);
            break;
        }
        CU_ASSERT(s.code == STATUS_SPACE);
        CU_ASSERT(mem_live_blocks() == 0);
    }
    CU_ASSERT(mem_live_blocks() == 0);
}

int main(void) {
    static const test_case cases[] = {
        {"paths_end_at_their_word", paths_end_at_their_word},
        {"codes_are_as_short_as_can_be", codes_are_as_short_as_can_be},
        {"counts_beyond_32_bits_give_the_same_code", counts_beyond_32_bits_give_the_same_code},
        {"nodes_are_numbered_by_falling_count", nodes_are_numbered_by_falling_count},
        {"words_of_equal_count_that_are_near_become_siblings",
         words_of_equal_count_that_are_near_become_siblings},
        {"probabilities_of_all_words_sum_to_one", probabilities_of_all_words_sum_to_one},
        {"refused_memory_leaves_nothing_behind", refused_memory_leaves_nothing_behind},
    };
    return test_run("huffman", cases, sizeof cases / sizeof *cases, 0);
}
