// SPDX-License-Identifier: Apache-2.0
/* cooc.h5: read as written, in 32 and 64 bits; damage that checksums cannot see is found. */
#include <stdio.h>
#include <string.h>

#include "cooc_file.h"
#include "memory.h"
#include "support.h"

enum { N_WORDS = 5, N_CELLS = 7 };

/* What the file is made of: rows 0, 1 {0}, 2 {0 2}, 3, 4 {0 1 3 4}. */
typedef struct {
    int64_t rows[N_WORDS + 1];
    int32_t columns[N_CELLS];
    uint64_t weights[N_CELLS];
    cooc_file_header header;
} contents;

static contents good(bool wide) {
    contents c = {.rows = {0, 0, 1, 3, 3, 7},
                  .columns = {0, 0, 2, 0, 1, 3, 4},
                  .weights = {2520, 1, 99, 4294967295u, 7, 1260, 5},
                  .header = {.n_words = N_WORDS,
                             .n_cells = N_CELLS,
                             .n_nonzeros = 2 * N_CELLS - 2,
                             .n_tokens = 400,
                             .window = 10,
                             .denominator = 2520,
                             .weighting = "inverse",
                             .corpus_hash = "0123456789abcdef0123456789abcdef",
                             .wide = wide}};
    if (wide)
        c.weights[1] = (UINT64_C(5) << 40) + 3;
    return c;
}

static void make_words(wordlist *w) {
    CU_ASSERT_EQUAL_FATAL(wordlist_init(w, N_WORDS, N_WORDS).code, STATUS_OK);
    for (int i = 0; i < N_WORDS; i++) {
        w->bytes[i] = (uint8_t)('a' + i);
        w->offsets[i + 1] = i + 1;
        w->counts[i] = 100 - i;
    }
}

static content_hash hash_of(const contents *c, const wordlist *w) {
    uint64_t hashes[N_WORDS];
    content_hash h = {0, 0};
    wordlist_hash(w, hashes);
    cooc_hash_header(&h, &c->header, w, hashes);
    for (int64_t i = 0; i < N_WORDS; i++)
        for (int64_t k = c->rows[i]; k < c->rows[i + 1]; k++)
            cooc_hash_cell(&h, i, c->columns[k], c->weights[k]);
    return h;
}

/* In two pieces, the hash of h. */
static void write_file(const char *path, const contents *c, const content_hash *h) {
    const group alone = group_alone();
    uint32_t narrow[N_CELLS];
    h5_file *f = NULL;
    wordlist w;
    make_words(&w);
    for (int k = 0; k < N_CELLS; k++)
        narrow[k] = (uint32_t)c->weights[k];
    CU_ASSERT_EQUAL_FATAL(cooc_file_create(&f, path, &c->header, &w, &alone).code, STATUS_OK);
    static const int64_t cuts[] = {0, 2, N_WORDS};
    for (int p = 0; p < 2; p++) {
        const int64_t first = p ? c->rows[cuts[p]] : 0, last = p ? N_CELLS : c->rows[cuts[1]];
        const cooc_file_rows rows = {.row = cuts[p],
                                     .n_rows = cuts[p + 1] - cuts[p],
                                     .n_cells = last - first,
                                     .offsets = c->rows + cuts[p],
                                     .columns = c->columns + first,
                                     .weights = c->header.wide ? (const void *)(c->weights + first)
                                                               : narrow + first};
        CU_ASSERT_EQUAL(cooc_file_write(f, &c->header, &rows).code, STATUS_OK);
    }
    CU_ASSERT_EQUAL(cooc_file_write(f, &c->header, &(cooc_file_rows){0}).code, STATUS_OK);
    CU_ASSERT_EQUAL(cooc_file_finish(f, h).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    wordlist_clear(&w);
}

static void write_honest(const char *path, const contents *c) {
    wordlist w;
    make_words(&w);
    const content_hash h = hash_of(c, &w);
    wordlist_clear(&w);
    write_file(path, c, &h);
}

static void counts_are_read_as_written(void) {
    const group alone = group_alone();
    const int64_t before = mem_live_blocks();
    for (int wide = 0; wide < 2; wide++) {
        const contents c = good(wide);
        const char *path = test_path("cooc.h5");
        int64_t rows[N_WORDS + 1];
        int32_t columns[N_CELLS];
        uint64_t weights[N_CELLS];
        cooc_file f;
        write_honest(path, &c);
        CU_ASSERT_EQUAL_FATAL(cooc_file_open(&f, path, &alone).code, STATUS_OK);
        CU_ASSERT_EQUAL(f.header.wide, wide);
        CU_ASSERT(f.header.n_cells == N_CELLS && f.header.n_nonzeros == 12 && f.words.n == N_WORDS);
        CU_ASSERT(f.header.window == 10 && f.header.denominator == 2520 &&
                  f.header.n_tokens == 400);
        CU_ASSERT_STRING_EQUAL(f.header.weighting, "inverse");
        CU_ASSERT_STRING_EQUAL(f.header.corpus_hash, c.header.corpus_hash);
        CU_ASSERT_EQUAL(cooc_file_offsets(&f, 0, N_WORDS + 1, rows).code, STATUS_OK);
        CU_ASSERT_EQUAL(memcmp(rows, c.rows, sizeof rows), 0);
        CU_ASSERT_EQUAL(cooc_file_read(&f, 0, N_WORDS, rows, columns, weights).code, STATUS_OK);
        CU_ASSERT_EQUAL(memcmp(columns, c.columns, sizeof columns), 0);
        CU_ASSERT_EQUAL(memcmp(weights, c.weights, sizeof weights), 0);
        CU_ASSERT_EQUAL(cooc_file_read(&f, 2, 1, rows + 2, columns, weights).code, STATUS_OK);
        CU_ASSERT(columns[0] == 0 && columns[1] == 2 &&
                  weights[0] == 1 + wide * (c.weights[1] - 1));
        CU_ASSERT_EQUAL(cooc_file_check(&f).code, STATUS_OK);
        cooc_file_close(&f);
    }
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

/* The message of opening or checking a file of these contents. */
static status trouble_of(const contents *c) {
    const group alone = group_alone();
    const char *path = test_path("damaged.h5");
    cooc_file f;
    write_honest(path, c);
    status s = cooc_file_open(&f, path, &alone);
    if (!s.code)
        s = cooc_file_check(&f);
    cooc_file_close(&f);
    return s;
}

static void expect(const contents *c, const char *text) {
    const status s = trouble_of(c);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "damaged.h5"));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, text));
    if (!strstr(s.message, text))
        fprintf(stderr, "expected %s: %s\n", text, s.message);
}

static void contents_that_cannot_be_are_refused_with_their_place(void) {
    contents c = good(false);
    c.columns[5] = 1;
    expect(&c, "/columns[5]");
    c = good(false);
    c.columns[2] = 3; /* row 2 */
    expect(&c, "/columns[2]");
    c = good(false);
    c.columns[0] = -1;
    expect(&c, "/columns[0]");
    c = good(false);
    c.weights[6] = 0;
    expect(&c, "/weights[6] is zero");
    c = good(false);
    c.rows[3] = 0;
    expect(&c, "/rows[3]");
    c = good(false);
    c.rows[1] = 2; /* row 0 has one place */
    c.rows[2] = 2;
    expect(&c, "/rows[1]");
    c = good(false);
    c.rows[5] = 6;
    expect(&c, "/rows runs from 0 to 6");
    c = good(false);
    c.header.n_nonzeros = N_CELLS;
    expect(&c, "diagonal");
    c = good(false);
    c.header.denominator = 0;
    expect(&c, "denominator 0");
}

static void another_content_has_another_hash(void) {
    const group alone = group_alone();
    const char *path = test_path("hash.h5");
    contents c = good(false);
    wordlist w;
    cooc_file f;
    make_words(&w);
    content_hash h = hash_of(&c, &w);
    wordlist_clear(&w);
    c.weights[4]++;
    write_file(path, &c, &h);
    CU_ASSERT_EQUAL_FATAL(cooc_file_open(&f, path, &alone).code, STATUS_OK);
    const status s = cooc_file_check(&f);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, "have hash"));
    cooc_file_close(&f);
}

static status opened_and_checked(void *context) {
    const group alone = group_alone();
    cooc_file f;
    status s = cooc_file_open(&f, context, &alone);
    if (!s.code)
        s = cooc_file_check(&f);
    cooc_file_close(&f);
    return s;
}

static void every_refused_allocation_is_reported(void) {
    const contents c = good(true);
    char path[512];
    snprintf(path, sizeof path, "%s", test_path("refused.h5"));
    write_honest(path, &c);
    CU_ASSERT(test_each_refusal(opened_and_checked, path) > 10);
}

int main(void) {
    static const test_case cases[] = {
        {"counts_are_read_as_written", counts_are_read_as_written},
        {"contents_that_cannot_be_are_refused_with_their_place",
         contents_that_cannot_be_are_refused_with_their_place},
        {"another_content_has_another_hash", another_content_has_another_hash},
        {"every_refused_allocation_is_reported", every_refused_allocation_is_reported},
    };
    return test_run("cooc file", cases, sizeof cases / sizeof *cases, 0);
}
