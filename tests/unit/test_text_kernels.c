// SPDX-License-Identifier: Apache-2.0
/* Every set of kernels of this processor against a naive loop. */
#include <string.h>

#include "random.h"
#include "support.h"
#include "text_kernels.h"

enum { TEXT = 3000, CODES = 500, FORMS = 1000, SPECIAL = 990 };

static uint64_t draw(uint64_t seed, size_t i) {
    return random_at(random_key(seed, RANDOM_PLANT, 0), i);
}

static int is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- borders */

/* Follow the kernel from call to call, as the lexer does, and compare with one byte at a time. */
static int64_t count_wrong_borders(const text_kernels *k, const uint8_t *text, size_t n) {
    text_borders b = {.after_space = 1};
    int64_t wrong = 0;
    size_t naive = 0, tokens = 0;
    for (size_t at = 0; at < n;) {
        at = k->borders(text, at, n, &b);
        if (at == n && !b.after_space)
            b.edges[b.n_edges++] = n;
        wrong += b.n_edges > TEXT_EDGES || b.n_newlines > TEXT_NEWLINES || (at % 64 && at < n);
        size_t line = 0, m = b.n_edges / 2;
        for (size_t i = 0; i <= m; i++) {
            for (; naive < (i < m ? b.edges[2 * i] : at) && is_space(text[naive]); naive++)
                if (text[naive] == '\n')
                    wrong += line >= b.n_newlines || b.newlines[line++] != i;
            if (i == m)
                break;
            wrong += naive != b.edges[2 * i];
            while (naive < n && !is_space(text[naive]))
                naive++;
            wrong += naive != b.edges[2 * i + 1];
            tokens++;
        }
        wrong += line != b.n_newlines;
        b.edges[0] = b.edges[2 * m];
        b.n_edges -= 2 * m;
        b.n_newlines = 0;
    }
    return wrong + (naive != n) + (tokens == 0 && n > TEXT / 2);
}

/* Random bytes of all values, the share of white space from nearly none to nearly all, at every
 * alignment, with every length of the last word of 64 bytes. */
static void borders_are_those_of_a_naive_loop(void) {
    static uint8_t memory[TEXT + 256];
    static const char spaces[] = " \t\n\v\f\r  \n";
    for (text_isa isa = TEXT_PORTABLE; isa <= TEXT_AVX512; isa++) {
        const text_kernels *k = text_kernels_get(isa);
        int64_t wrong = 0;
        for (size_t shift = 0; k && shift < 64; shift++)
            for (uint32_t share = 0; share < 8; share++) {
                size_t n = TEXT - 7 * shift;
                uint8_t *text = memory + shift;
                for (size_t i = 0; i < n + 64; i++) {
                    uint64_t x = draw(shift * 8 + share, i);
                    text[i] = x % 8 < share ? (uint8_t)spaces[(x >> 8) % 9] : (uint8_t)(x >> 16);
                }
                wrong += count_wrong_borders(k, text, n);
            }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void lists_hold_the_densest_text(void) {
    static uint8_t text[TEXT + 64];
    for (text_isa isa = TEXT_PORTABLE; isa <= TEXT_AVX512; isa++) {
        const text_kernels *k = text_kernels_get(isa);
        if (!k)
            continue;
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = i % 2 ? '\n' : 'a';
        CU_ASSERT_EQUAL(count_wrong_borders(k, text, TEXT), 0);
        memset(text, '\n', sizeof text);
        text[TEXT - 1] = 'a';
        CU_ASSERT_EQUAL(count_wrong_borders(k, text, TEXT), 0);
    }
}

/* ---- look_up */

typedef struct {
    uint16_t codes[CODES];
    int32_t words[FORMS];
} table;

/* Codes of which one in `rare` is special, and words of which one in `rare` is something else. */
static void make_table(table *t, uint64_t seed, uint32_t rare) {
    for (size_t i = 0; i < CODES; i++) {
        uint64_t x = draw(seed, i);
        t->codes[i] = (uint16_t)(x % rare ? (x >> 32) % SPECIAL : SPECIAL + (x >> 32) % 10);
    }
    for (size_t i = 0; i < FORMS; i++) {
        uint64_t x = draw(seed + 1000, i);
        t->words[i] = x % rare ? (int32_t)((x >> 32) % 5) - 1 : -2 - (int32_t)((x >> 32) % 3);
    }
}

static int64_t count_wrong_ids(const text_kernels *k, const table *t, int32_t from, int64_t most) {
    int32_t found[CODES + 1], wanted[CODES], n = 0, at = from;
    for (; at < CODES && n < most && t->codes[at] < SPECIAL && t->words[t->codes[at]] >= -1; at++)
        if (t->words[t->codes[at]] >= 0)
            wanted[n++] = t->words[t->codes[at]];
    int64_t wrong = 0, n_found, guard = most < CODES ? most : CODES;
    int32_t read = 0, more;
    found[guard] = -77;
    for (n_found = 0; read < at - from; read += more, wrong += more == 0) {
        int64_t n_more;
        more = k->look_up(t->codes + from + read, CODES - from - read, t->words, SPECIAL,
                          found + n_found, most - n_found, &n_more);
        n_found += n_more;
        if (more == 0)
            break;
    }
    return wrong + (read != at - from) + (n_found != n) + (found[guard] != -77) +
           (n_found == n && memcmp(found, wanted, (size_t)n * sizeof *found) != 0);
}

static void ids_are_those_of_a_naive_loop(void) {
    static table t;
    static const uint32_t rare[] = {2, 20, 1000000};
    for (text_isa isa = TEXT_PORTABLE; isa <= TEXT_AVX512; isa++) {
        const text_kernels *k = text_kernels_get(isa);
        int64_t wrong = 0;
        for (uint64_t seed = 0; k && seed < 30; seed++) {
            make_table(&t, seed, rare[seed % 3]);
            for (int32_t from = 0; from < CODES; from++)
                wrong +=
                    count_wrong_ids(k, &t, from, (int64_t)(draw(seed + 77, (size_t)from) % 600));
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

/* ---- terms */

static void terms_are_those_of_the_formula(void) {
    static int32_t tokens[CODES];
    static uint64_t hashes[FORMS];
    const uint64_t keys[2] = {draw(1, 0), draw(2, 0)};
    for (size_t i = 0; i < FORMS; i++)
        hashes[i] = draw(3, i);
    for (size_t i = 0; i < CODES; i++)
        tokens[i] = (int32_t)(draw(4, i) % FORMS);
    for (text_isa isa = TEXT_PORTABLE; isa <= TEXT_AVX512; isa++) {
        const text_kernels *k = text_kernels_get(isa);
        for (int64_t n = 0; k && n < 100; n++) {
            uint64_t sums[2] = {5, 6}, a = 5, b = 6;
            int64_t begin = n * 12345678901;
            k->terms(tokens + n, n, begin, hashes, keys, sums);
            for (int64_t i = 0; i < n; i++) {
                uint64_t term =
                    random_mix(random_at(keys[0], (uint64_t)(begin + i)) ^ hashes[tokens[n + i]]);
                a += term;
                b += random_mix(term ^ keys[1]);
            }
            CU_ASSERT_EQUAL(sums[0], a);
            CU_ASSERT_EQUAL(sums[1], b);
        }
    }
}

int main(void) {
    static const test_case cases[] = {
        {"borders_are_those_of_a_naive_loop", borders_are_those_of_a_naive_loop},
        {"lists_hold_the_densest_text", lists_hold_the_densest_text},
        {"ids_are_those_of_a_naive_loop", ids_are_those_of_a_naive_loop},
        {"terms_are_those_of_the_formula", terms_are_those_of_the_formula},
    };
    return test_run("text_kernels", cases, sizeof cases / sizeof *cases, 0);
}
