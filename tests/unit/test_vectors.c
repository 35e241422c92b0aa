// SPDX-License-Identifier: Apache-2.0
/* Vector files of other programs: round trips to the bit, and damaged files. */
#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "random.h"
#include "support.h"
#include "vectors.h"

enum { WORDS = 300, DIM = 5 };

static const vectors_format formats[] = {VECTORS_WORD2VEC_BIN, VECTORS_WORD2VEC_TEXT, VECTORS_GLOVE,
                                         VECTORS_NPY};
enum { FORMATS = sizeof formats / sizeof *formats };

/* ---- a table to write */

static wordlist words;
static float rows[WORDS * DIM];

static void make_table(void) {
    char word[32];
    status s = wordlist_init(&words, WORDS, WORDS * (int64_t)sizeof word);
    CU_ASSERT_FATAL(!s.code);
    for (int i = 0; i < WORDS; i++) {
        int n = snprintf(word, sizeof word, i % 3 ? "w%d" : "\xE1\xBB\xAF%d,\"", i);
        memcpy(words.bytes + words.offsets[i], word, (size_t)n);
        words.offsets[i + 1] = words.offsets[i] + n;
    }
    for (int i = 0; i < WORDS * DIM; i++) { /* finite floats of every size */
        uint32_t bits = (uint32_t)random_at(11, (uint64_t)i) & 0xFF7FFFFFu;
        memcpy(&rows[i], &bits, sizeof bits);
    }
    const float special[] = {0.0f, -0.0f, FLT_MAX, FLT_MIN, FLT_TRUE_MIN, -1.17549435e-38f, 1, -1};
    memcpy(rows, special, sizeof special);
}

static status write_file(const char *path, vectors_format format, bool whole) {
    vectors_writer *w;
    vectors_buffer b = {0};
    status s = vectors_create(&w, path, format, &words, DIM);
    for (int64_t begin = 0; begin < WORDS && !s.code; begin += 77) {
        int64_t n = WORDS - begin < 77 ? WORDS - begin : 77;
        s = vectors_encode(w, begin, n, rows + begin * DIM, DIM, &b);
        if (!s.code)
            s = vectors_append(w, &b);
    }
    mem_free(&b.bytes);
    if (!s.code && whole)
        s = vectors_commit(&w);
    else if (w)
        vectors_discard(&w);
    return s;
}

static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    char *bytes = calloc(1, 1 << 20);
    CU_ASSERT_FATAL(f && bytes);
    *n = fread(bytes, 1, (1 << 20) - 1, f);
    fclose(f);
    return bytes;
}

static void every_format_keeps_every_bit(void) {
    make_table();
    for (int f = 0; f < FORMATS; f++) {
        vectors v;
        const char *path = test_path(vectors_format_name(formats[f]));
        CU_ASSERT_EQUAL(write_file(path, formats[f], true).code, STATUS_OK);
        status s = vectors_read(&v, path, VECTORS_AUTO);
        if (s.code)
            fprintf(stderr, "%s\n", s.message);
        CU_ASSERT_FATAL(!s.code);
        CU_ASSERT_EQUAL(v.format, formats[f]);
        CU_ASSERT_FATAL(v.dim == DIM && v.words.n == WORDS);
        CU_ASSERT(!memcmp(v.rows, rows, sizeof rows));
        CU_ASSERT(!memcmp(v.words.offsets, words.offsets, (WORDS + 1) * sizeof(int64_t)));
        CU_ASSERT(!memcmp(v.words.bytes, words.bytes, (size_t)words.offsets[WORDS]));
        vectors_clear(&v);
    }
    wordlist_clear(&words);
}

static void abandoned_files_leave_nothing(void) {
    make_table();
    char partial[600];
    for (int f = 0; f < FORMATS; f++) {
        const char *path = test_path("abandoned");
        CU_ASSERT_EQUAL(write_file(path, formats[f], false).code, STATUS_OK);
        CU_ASSERT(access(path, F_OK) != 0);
        snprintf(partial, sizeof partial, "%s.partial", path);
        CU_ASSERT(access(partial, F_OK) != 0);
        snprintf(partial, sizeof partial, "%s.words.txt.partial", path);
        CU_ASSERT(access(partial, F_OK) != 0);
    }
    vectors_writer *w;
    CU_ASSERT_EQUAL(
        vectors_create(&w, test_path("no/such/folder"), VECTORS_GLOVE, &words, DIM).code,
        STATUS_IO);
    CU_ASSERT(w == NULL);
    wordlist_clear(&words);
}

static void endings_name_formats(void) {
    CU_ASSERT_EQUAL(vectors_format_of("a/b.bin"), VECTORS_WORD2VEC_BIN);
    CU_ASSERT_EQUAL(vectors_format_of("b.TXT"), VECTORS_WORD2VEC_TEXT);
    CU_ASSERT_EQUAL(vectors_format_of("b.x.vec"), VECTORS_WORD2VEC_TEXT);
    CU_ASSERT_EQUAL(vectors_format_of("b.glove"), VECTORS_GLOVE);
    CU_ASSERT_EQUAL(vectors_format_of("b.npy"), VECTORS_NPY);
    CU_ASSERT_EQUAL(vectors_format_of("bin"), VECTORS_AUTO);
    CU_ASSERT_EQUAL(vectors_format_of("b.h5"), VECTORS_AUTO);
}

/* ---- files of others */

static status read_bytes(vectors *v, const void *bytes, size_t n) {
    return vectors_read(v, test_file("foreign", bytes, n), VECTORS_AUTO);
}

static void accepted(const void *bytes, size_t n, vectors_format format) {
    vectors v;
    status s = read_bytes(&v, bytes, n);
    if (s.code)
        fprintf(stderr, "%s\n", s.message);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(v.format, format);
    CU_ASSERT(!s.code && v.words.n == 2 && v.dim == 2 && v.words.offsets[2] == 2);
    CU_ASSERT(!s.code && !memcmp(v.words.bytes, "ab", 2));
    const float expected[] = {1, -2, 0.5f, 3};
    CU_ASSERT(!s.code && !memcmp(v.rows, expected, sizeof expected));
    vectors_clear(&v);
}

static void habits_of_other_programs_are_understood(void) {
    static const char text[] = "2 2\na 1 -2 \nb 5e-1 3.0 \n",
                      crlf[] = "2 2\r\na 1 -2\r\nb .5 3\r\n", bare[] = "a 1 -2\nb\t0.5\t3",
                      gensim[] = "2 2\na \0\0\x80\x3f\0\0\0\xc0"
                                 "b \0\0\0\x3f\0\0\x40\x40";
    accepted(text, sizeof text - 1, VECTORS_WORD2VEC_TEXT);
    accepted(crlf, sizeof crlf - 1, VECTORS_WORD2VEC_TEXT);
    accepted(bare, sizeof bare - 1, VECTORS_GLOVE);
    accepted(gensim, sizeof gensim - 1, VECTORS_WORD2VEC_BIN);
}

static void refused_bytes(const void *bytes, size_t n, const char *part) {
    vectors v;
    status s = read_bytes(&v, bytes, n);
    vectors_clear(&v);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    if (!strstr(s.message, part))
        fprintf(stderr, "%s lacks %s\n", s.message, part);
    CU_ASSERT(strstr(s.message, part) != NULL);
}

static void refused(const char *text, const char *part) {
    refused_bytes(text, strlen(text), part);
}

static void damaged_text_is_refused_by_line(void) {
    refused("", "empty");
    refused("2 2\n\na 1 2\nb 1 2\n", "foreign:2: the word is empty");
    refused("2 2\na 1 2\nb 1\n", "foreign:3: a word and 2 numbers expected, 1 found");
    refused("2 2\na 1 2\nb 1 2 3\n", "foreign:3: a word and 2 numbers expected, 3 found");
    refused("a 1 2 3 4\nb 1 2 3\n", "foreign:2: a word and 4 numbers expected, 3 found");
    refused("a 1 2 3 4\nb 1 2 3 4 5\n", "foreign:2: ");
    refused("a 1 2 3\n\nb 1 2 3\n", "foreign:2: ");
    refused("3 2\na 1 2\nb 1 2\n", "foreign:4: the file is cut short");
    refused("1 2\na 1 2\nb 1 2\n", "foreign:3: a row more");
    refused("2 2\na 1 2\nb 1 x2\n", "foreign:3: x2 is not a number");
    refused("2 2\na 1 2\nb 1 nan\n", "foreign:3: number 2 of the vector is not finite");
    refused("2 2\na 1 2\nb -inf 1\n", "foreign:3: number 1");
    refused("2 2\na 1 2\nb 1e39 1\n", "foreign:3: number 1");
    refused("2 2\na 1 2\na 1 2\n", "foreign:3: the word a is there already, as row 1");
    refused("2 2\na 1 2\n\xC3\x28 1 2\n", "foreign:3: the word is not valid UTF-8");
    refused("2 2\n 1 2\nb 1 2\n", "foreign:2: ");
    refused("just a sentence.\n", "foreign:1: a is not a number");
    refused("word\nword2\n", "no vectors in it");
    refused("0 5\n", "no vectors in it");
}

static void absurd_headers_are_refused_before_allocating(void) {
    refused("1000000 300\na 1 2\n", "header says");
    refused("2 99999999999999999999999\na 1 2\n", "header says");
    refused("99999999999 99999999999\na 1 2\n", "header says");
    refused_bytes("4294967296 4\na \0\0\0\0\0\0\0\0", 23, "header says");
}

static void damaged_binary_files_are_refused(void) {
    static const char good[] = "2 2\na \0\0\x80\x3f\0\0\0\xc0\nb \0\0\0\x3f\0\0\x40\x40\n";
    const size_t n = sizeof good - 1;
    char bad[64];
    accepted(good, n, VECTORS_WORD2VEC_BIN);
    for (size_t cut = 5; cut + 1 < n; cut++) {
        vectors v;
        status s = read_bytes(&v, good, cut);
        vectors_clear(&v);
        CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    }
    refused_bytes(good, n - 2, "cut short: it ends at byte 24, in row 2 of 2");
    memcpy(bad, good, n);
    memcpy(bad + n, "more", 4);
    refused_bytes(bad, n + 4, "goes on after its 2 rows");
    bad[9] = '\x7F', bad[8] = '\x80';
    refused_bytes(bad, n, "row 1: number 1 of the vector is not finite");
    memcpy(bad, good, n);
    bad[4] = '\xFF';
    refused_bytes(bad, n, "row 1: the word is not valid UTF-8");
    memcpy(bad, good, n);
    bad[15] = 'a';
    refused_bytes(bad, n, "row 2: the word a is there already");
}

static void other_files_are_told_apart(void) {
    refused_bytes("\x1f\x8b\x08\0\0\0", 6, "unpack it first");
    refused_bytes("\x28\xb5\x2f\xfd\x20\0", 6, "unpack it first");
    refused_bytes("\x89HDF\r\n\x1a\n", 8, "not a vector file");
    vectors v;
    CU_ASSERT_EQUAL(vectors_read(&v, test_path("missing"), VECTORS_AUTO).code, STATUS_IO);
    vectors_clear(&v);
    CU_ASSERT_EQUAL(vectors_read(&v, test_folder(), VECTORS_AUTO).code, STATUS_INPUT);
    vectors_clear(&v);
}

/* ---- NumPy */

static void refused_npy(const char *path, const char *part) {
    vectors v;
    status s = vectors_read(&v, path, VECTORS_AUTO);
    vectors_clear(&v);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    if (!strstr(s.message, part))
        fprintf(stderr, "%s lacks %s\n", s.message, part);
    CU_ASSERT(strstr(s.message, part) != NULL);
}

/* The written file with one text in its header replaced by another of the same length. */
static void refused_header(const char *bytes, size_t n, const char *from, const char *to,
                           const char *part) {
    char *changed = malloc(n + 1);
    CU_ASSERT_FATAL(changed != NULL);
    memcpy(changed, bytes, n);
    char *at = memmem(changed, n, from, strlen(from));
    CU_ASSERT_FATAL(at != NULL);
    memcpy(at, to, strlen(from));
    refused_npy(test_file("t.npy", changed, n), part);
    free(changed);
}

static void damaged_numpy_files_are_refused(void) {
    make_table();
    size_t n;
    const char *path = test_path("t.npy");
    CU_ASSERT_EQUAL(write_file(path, VECTORS_NPY, true).code, STATUS_OK);
    char *bytes = slurp(path, &n);
    CU_ASSERT_EQUAL(n % 4, 0);
    CU_ASSERT_EQUAL((n - sizeof rows) % 64, 0);
    refused_npy(test_file("t.npy", bytes, n - 4), "bytes expected");
    refused_npy(test_file("t.npy", bytes, n + 1), "bytes expected");
    refused_npy(test_file("t.npy", bytes, 40), "header is damaged");
    refused_header(bytes, n, "<f4", "<f8", "float32");
    refused_header(bytes, n, "False", "True ", "fortran_order");
    refused_header(bytes, n, "(300, 5)", "(1500,) ", "two dimensions");
    refused_header(bytes, n, "(300, 5)", "(999999,", "two dimensions");
    refused_header(bytes, n, "(300, 5)", "(9999,5)", "header says");
    refused_header(bytes, n, "'shape'", "'shope'", "header is damaged");
    test_file("t.npy", bytes, n);
    test_file("t.npy.words.txt", "one\ntwo\n", 8);
    refused_npy(path, "2 words for 300 rows");
    free(bytes);
    wordlist_clear(&words);
}

static status read_small(void *path) {
    vectors v;
    status s = vectors_read(&v, path, VECTORS_AUTO);
    vectors_clear(&v);
    return s;
}

static void a_refused_block_is_reported_and_nothing_leaks(void) {
    static const char text[] = "2 2\na 1 -2 \nb 5e-1 3.0 \n";
    char *path = (char *)test_file("small", text, sizeof text - 1);
    CU_ASSERT(test_each_refusal(read_small, path) > 0);
}

int main(void) {
    static const test_case cases[] = {
        {"every_format_keeps_every_bit", every_format_keeps_every_bit},
        {"abandoned_files_leave_nothing", abandoned_files_leave_nothing},
        {"endings_name_formats", endings_name_formats},
        {"habits_of_other_programs_are_understood", habits_of_other_programs_are_understood},
        {"damaged_text_is_refused_by_line", damaged_text_is_refused_by_line},
        {"absurd_headers_are_refused_before_allocating",
         absurd_headers_are_refused_before_allocating},
        {"damaged_binary_files_are_refused", damaged_binary_files_are_refused},
        {"other_files_are_told_apart", other_files_are_told_apart},
        {"damaged_numpy_files_are_refused", damaged_numpy_files_are_refused},
        {"a_refused_block_is_reported_and_nothing_leaks",
         a_refused_block_is_reported_and_nothing_leaks},
    };
    return test_run("vectors", cases, sizeof cases / sizeof *cases, 0);
}
