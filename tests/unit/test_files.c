// SPDX-License-Identifier: Apache-2.0
/* Word lists, corpus files and run files: what is written is read, and damage is never believed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corpus_file.h"
#include "memory.h"
#include "random.h"
#include "run_file.h"
#include "support.h"

enum { DIM = 5, STRIDE = 8, TOKENS = 400, DOCUMENTS = 40 };

static const char *const WORDS[] = {
    "the", "The", "THE", "of", "caf\xc3\xa9", "CAF\xc3\x89", "\xc8\xba", "\xd0\x96\xd0\xb6",
    "and", "x"};
enum { N_WORDS = sizeof WORDS / sizeof *WORDS };

static void make_words(wordlist *w) {
    CU_ASSERT_EQUAL_FATAL(wordlist_init(w, N_WORDS, 200).code, STATUS_OK);
    for (int64_t i = 0; i < N_WORDS; i++) {
        size_t n = strlen(WORDS[i]);
        memcpy(w->bytes + w->offsets[i], WORDS[i], n);
        w->offsets[i + 1] = w->offsets[i] + (int64_t)n;
        w->counts[i] = TOKENS / N_WORDS;
    }
}

/* ---- words */

static int32_t find(const wordindex *index, const char *word) {
    return wordindex_find(index, word, strlen(word));
}

static void words_are_found_by_bytes_and_by_case(void) {
    const int64_t before = mem_live_blocks();
    wordlist w;
    wordindex *exact, *folded;
    make_words(&w);
    CU_ASSERT_EQUAL_FATAL(wordindex_create(&exact, &w, 0).code, STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(wordindex_create(&folded, &w, 1).code, STATUS_OK);
    for (int32_t i = 0; i < N_WORDS; i++)
        CU_ASSERT_EQUAL(find(exact, WORDS[i]), i);
    CU_ASSERT_EQUAL(find(exact, "tHE"), -1);
    CU_ASSERT_EQUAL(find(exact, ""), -1);
    CU_ASSERT_EQUAL(find(folded, "tHE"), 0);
    CU_ASSERT_EQUAL(find(folded, "the"), 0);
    CU_ASSERT_EQUAL(find(folded, "CAF\xc3\x89"), 4);
    CU_ASSERT_EQUAL(find(folded, "\xe2\xb1\xa5"), 6);
    CU_ASSERT_EQUAL(find(folded, "\xd0\xb6\xd0\x96"), 7);
    CU_ASSERT_EQUAL(find(folded, "\xff\xfe"), -1);
    char longer[1000];
    memset(longer, 'A', sizeof longer);
    CU_ASSERT_EQUAL(wordindex_find(folded, longer, sizeof longer), -1);
    wordindex_destroy(&exact);
    wordindex_destroy(&folded);
    wordlist_clear(&w);
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

static void lower_case_may_be_longer_than_upper_case(void) {
    char upper[300], *lower;
    size_t n;
    for (int i = 0; i < 150; i++)
        memcpy(upper + 2 * i, "\xc8\xba", 2); /* two bytes, its lower case has three */
    CU_ASSERT_EQUAL(text_lower(upper, sizeof upper, &lower, &n).code, STATUS_OK);
    CU_ASSERT_EQUAL(n, 450);
    CU_ASSERT_EQUAL(memcmp(lower + 447, "\xe2\xb1\xa5", 3), 0);
    mem_free(&lower);
    CU_ASSERT_EQUAL(text_lower("\xc4\xb0 \xff\xc3", 5, &lower, &n).code, STATUS_OK);
    CU_ASSERT_TRUE(n == 4 && memcmp(lower, "i \xff\xc3", 4) == 0);
    mem_free(&lower);
    CU_ASSERT_EQUAL(text_lower("", 0, &lower, &n).code, STATUS_OK);
    CU_ASSERT_EQUAL(n, 0);
    mem_free(&lower);
}

static void every_refused_allocation_of_an_index_is_reported(void) {
    const int64_t before = mem_live_blocks();
    wordlist w;
    make_words(&w);
    bool finished = false;
    for (int k = 0; k < 20 && !finished; k++) {
        wordindex *index = NULL;
        mem_refuse_after(k);
        status s = wordindex_create(&index, &w, 1);
        mem_refuse_after(-1);
        finished = !s.code;
        CU_ASSERT_TRUE(finished ? index != NULL : s.code == STATUS_SPACE && !index);
        wordindex_destroy(&index);
    }
    CU_ASSERT_TRUE(finished);
    wordlist_clear(&w);
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

/* ---- files to work with */

static void make_tokens(int32_t tokens[TOKENS], int64_t documents[DOCUMENTS + 1]) {
    for (int i = 0; i < TOKENS; i++)
        tokens[i] = i * 7 % N_WORDS;
    for (int i = 0; i <= DOCUMENTS; i++)
        documents[i] = i * TOKENS / DOCUMENTS;
}

static content_hash hash_of(const wordlist *w, const int32_t *tokens, const int64_t *documents,
                            int64_t cut) {
    uint64_t hashes[N_WORDS];
    content_hash h = {0, 0};
    wordlist_hash(w, hashes);
    corpus_hash_documents(&h, documents, 0, DOCUMENTS + 1);
    corpus_hash_tokens(&h, tokens + cut, cut, TOKENS - cut, hashes);
    corpus_hash_counts(&h, w->counts, w->n);
    corpus_hash_tokens(&h, tokens, 0, cut, hashes);
    return h;
}

static void write_corpus(const char *path, const int32_t *tokens, const int64_t *documents,
                         const wordlist *w, const char *hash) {
    const group alone = group_alone();
    const h5_dataset t = {"/tokens", H5_I32, TOKENS, 0, false};
    const h5_dataset d = {"/documents", H5_I64, DOCUMENTS + 1, 0, false};
    h5_file *f = NULL;
    status s = h5_create(&f, path, CORPUS_FILE_KIND, CORPUS_FILE_VERSION, &alone);
    CU_ASSERT_EQUAL_FATAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(wordlist_write(w, f, "/vocab/counts").code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write(f, &t, 0, TOKENS, tokens, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_write(f, &d, 0, DOCUMENTS + 1, documents, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_text(f, "/", CONTENT_HASH, hash).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_set_text(f, "/provenance/options", "min-count", "1").code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
}

static void write_good_corpus(const char *path) {
    int32_t tokens[TOKENS];
    int64_t documents[DOCUMENTS + 1];
    wordlist w;
    char hash[33];
    make_words(&w);
    make_tokens(tokens, documents);
    content_hash h = hash_of(&w, tokens, documents, 0);
    content_hash_text(&h, hash);
    write_corpus(path, tokens, documents, &w, hash);
    wordlist_clear(&w);
}

static float value_at(int epoch, int64_t row, int64_t column) {
    return (float)(epoch * 10000 + row * 100 + column) / 3.0f;
}

static void write_run(const char *path, int64_t n_rows) {
    const group alone = group_alone();
    wordlist w;
    float rows[N_WORDS * STRIDE];
    const run_epoch epochs[2] = {{3.5, 0.02, 11.0, 400, 800, 0.5}, {2.5, 0.01, 7.0, 400, 810, 0.6}};
    h5_file *f = NULL;
    make_words(&w);
    CU_ASSERT_EQUAL_FATAL(run_file_create(&f, path, &w, &alone).code, STATUS_OK);
    for (int epoch = 1; epoch <= 2; epoch++) {
        for (int64_t i = 0; i < N_WORDS * STRIDE; i++)
            rows[i] = value_at(epoch, i / STRIDE, i % STRIDE);
        status s = run_file_write_epoch(f, epoch, "vectors", n_rows, DIM, 0, n_rows, rows, STRIDE);
        CU_ASSERT_EQUAL(s.code, STATUS_OK);
    }
    CU_ASSERT_EQUAL(run_file_link_final(f, 2, "vectors").code, STATUS_OK);
    status s = run_file_write_final(f, "context", N_WORDS, DIM, 0, N_WORDS, rows, STRIDE);
    CU_ASSERT_EQUAL(s.code, STATUS_OK);
    CU_ASSERT_EQUAL(run_file_write_training(f, 2, epochs).code, STATUS_OK);
    for (int i = 0; i < 12; i++) {
        char name[32];
        snprintf(name, sizeof name, "option-%d", i);
        CU_ASSERT_EQUAL(h5_set_text(f, "/provenance/options", name, "value").code, STATUS_OK);
    }
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    wordlist_clear(&w);
}

/* ---- good files */

static void corpora_are_read_as_written(void) {
    const group alone = group_alone();
    const int64_t before = mem_live_blocks();
    const char *path = test_path("corpus.h5");
    int32_t tokens[TOKENS], back[TOKENS];
    int64_t documents[DOCUMENTS + 1], ends[DOCUMENTS + 1];
    corpus_file c;
    write_good_corpus(path);
    make_tokens(tokens, documents);
    CU_ASSERT_EQUAL_FATAL(corpus_file_open(&c, path, &alone).code, STATUS_OK);
    CU_ASSERT_TRUE(c.n_tokens == TOKENS && c.n_documents == DOCUMENTS && c.words.n == N_WORDS);
    CU_ASSERT_EQUAL(corpus_file_tokens(&c, 10, TOKENS - 10, back).code, STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(back, tokens + 10, (TOKENS - 10) * sizeof *back), 0);
    CU_ASSERT_EQUAL(corpus_file_tokens(&c, 10, TOKENS, back).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(corpus_file_documents(&c, 0, DOCUMENTS + 1, ends).code, STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(ends, documents, sizeof ends), 0);
    CU_ASSERT_EQUAL(corpus_file_check(&c).code, STATUS_OK);
    corpus_file_close(&c);
    run_file run;
    CU_ASSERT_EQUAL(run_file_open(&run, path, &alone).code, STATUS_INPUT);
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

static void content_hash_does_not_depend_on_the_split(void) {
    int32_t tokens[TOKENS];
    int64_t documents[DOCUMENTS + 1];
    wordlist w;
    make_words(&w);
    make_tokens(tokens, documents);
    content_hash whole = hash_of(&w, tokens, documents, 0);
    content_hash parts = hash_of(&w, tokens, documents, 123);
    CU_ASSERT_TRUE(whole.a == parts.a && whole.b == parts.b);
    tokens[5] = tokens[6];
    content_hash other = hash_of(&w, tokens, documents, 0);
    CU_ASSERT_TRUE(whole.a != other.a && whole.b != other.b);
    wordlist_clear(&w);
}

static void runs_are_read_as_written(void) {
    const group alone = group_alone();
    const int64_t before = mem_live_blocks();
    const char *path = test_path("run.h5");
    float rows[N_WORDS * STRIDE];
    run_file run;
    write_run(path, N_WORDS);
    CU_ASSERT_EQUAL_FATAL(run_file_open(&run, path, &alone).code, STATUS_OK);
    CU_ASSERT_TRUE(run.dim == DIM && run.n_epochs == 2 && run.words.n == N_WORDS);
    CU_ASSERT_EQUAL(run.words.counts[3], TOKENS / N_WORDS);
    CU_ASSERT_TRUE(run_file_has(&run, "context", 0) && !run_file_has(&run, "context", 1));
    int different = 0;
    for (int epoch = 0; epoch <= 2; epoch++) {
        memset(rows, 0xFF, sizeof rows);
        status s = run_file_read(&run, "vectors", epoch, 1, N_WORDS - 1, rows, STRIDE);
        CU_ASSERT_EQUAL(s.code, STATUS_OK);
        for (int64_t i = 0; i < (N_WORDS - 1) * STRIDE; i++)
            different +=
                rows[i] !=
                (i % STRIDE < DIM ? value_at(epoch ? epoch : 2, i / STRIDE + 1, i % STRIDE) : 0.0f);
    }
    CU_ASSERT_EQUAL(different, 0);
    status s = run_file_read(&run, "vectors", 3, 0, 1, rows, STRIDE);
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
    run_epoch *epochs;
    int64_t n;
    CU_ASSERT_EQUAL(run_file_read_training(&run, &n, &epochs).code, STATUS_OK);
    CU_ASSERT_TRUE(n == 2 && epochs[1].loss == 2.5 && epochs[0].seconds == 0.5);
    mem_free(&epochs);
    CU_ASSERT_EQUAL(run_file_check(&run).code, STATUS_OK);
    run_file_close(&run);
    CU_ASSERT_EQUAL(mem_live_blocks(), before);
}

static void long_words_are_cut_only_where_they_are_shown(void) {
    const group alone = group_alone();
    const char *path = test_path("long.h5");
    wordlist w;
    float rows[2] = {1, 2};
    h5_file *f = NULL;
    CU_ASSERT_EQUAL_FATAL(wordlist_init(&w, 2, 301).code, STATUS_OK);
    w.bytes[0] = 'a';
    for (int i = 1; i < 301; i += 3)
        memcpy(w.bytes + i, "\xe2\x82\xac", 3);
    w.offsets[1] = 1, w.offsets[2] = 301;
    CU_ASSERT_EQUAL_FATAL(run_file_create(&f, path, &w, &alone).code, STATUS_OK);
    CU_ASSERT_EQUAL(run_file_write_final(f, "vectors", 2, 1, 0, 2, rows, 1).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    run_file run;
    CU_ASSERT_EQUAL_FATAL(run_file_open(&run, path, &alone).code, STATUS_OK);
    size_t length;
    const char *word = wordlist_word(&run.words, 1, &length);
    CU_ASSERT_TRUE(length == 300 && memcmp(word, w.bytes + 1, 300) == 0);
    int64_t cut;
    CU_ASSERT_TRUE(!h5_get_int(run.file, "/words", "cut_words", &cut).code && cut == 1);
    char text[64];
    CU_ASSERT_EQUAL(h5_describe(run.file, "/words", text, sizeof text).code, STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "text of 255 bytes [2]");
    CU_ASSERT_EQUAL(run.n_epochs, 0);
    int64_t n;
    run_epoch *epochs;
    CU_ASSERT_TRUE(!run_file_read_training(&run, &n, &epochs).code && n == 0);
    run_file_close(&run);
    wordlist_clear(&w);
}

/* ---- files that contradict themselves */

static void check_message(status s, const char *path, const char *words) {
    CU_ASSERT_EQUAL(s.code, STATUS_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(s.message, words));
}

static void contradictions_are_refused_with_their_place(void) {
    const group alone = group_alone();
    const char *path = test_path("wrong.h5");
    int32_t tokens[TOKENS];
    int64_t documents[DOCUMENTS + 1];
    wordlist w;
    corpus_file c;
    run_file run;
    char hash[33] = "0123456789abcdef0123456789abcdef";
    make_words(&w);
    make_tokens(tokens, documents);
    tokens[7] = N_WORDS;
    documents[20] = 5;
    write_corpus(path, tokens, documents, &w, hash);
    CU_ASSERT_EQUAL_FATAL(corpus_file_open(&c, path, &alone).code, STATUS_OK);
    check_message(corpus_file_tokens(&c, 5, 10, tokens), path, "/tokens[7]");
    check_message(corpus_file_documents(&c, 19, 3, documents), path, "/documents[20]");
    check_message(corpus_file_check(&c), path, "/tokens[7]");
    corpus_file_close(&c);
    make_tokens(tokens, documents);
    write_corpus(path, tokens, documents, &w, hash);
    CU_ASSERT_EQUAL_FATAL(corpus_file_open(&c, path, &alone).code, STATUS_OK);
    check_message(corpus_file_check(&c), path, hash);
    corpus_file_close(&c);
    documents[DOCUMENTS]--;
    write_corpus(path, tokens, documents, &w, hash);
    check_message(corpus_file_open(&c, path, &alone), path, "/documents");
    w.offsets[3] = w.offsets[2];
    write_corpus(path, tokens, documents, &w, hash);
    check_message(corpus_file_open(&c, path, &alone), path, "/vocab/offsets[3]");
    wordlist_clear(&w);
    write_run(path, N_WORDS - 1);
    check_message(run_file_open(&run, path, &alone), path, "/vectors");
    h5_file *f = NULL;
    CU_ASSERT_EQUAL(h5_create(&f, path, RUN_FILE_KIND, RUN_FILE_VERSION, &alone).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    check_message(run_file_open(&run, path, &alone), path, "/vocab/bytes is missing");
    CU_ASSERT_EQUAL(h5_create(&f, path, RUN_FILE_KIND, 99, &alone).code, STATUS_OK);
    CU_ASSERT_EQUAL(h5_commit(&f).code, STATUS_OK);
    check_message(run_file_open(&run, path, &alone), path, "version 99");
}

/* ---- damage */

static uint64_t digest;

static void add(const void *data, size_t n) {
    for (size_t i = 0; i < n; i++)
        digest = random_mix(digest + ((const unsigned char *)data)[i] + 1);
}

static void add_text(void *context, const char *name, const char *value) {
    (void)context;
    add(name, strlen(name));
    add(value, strlen(value));
}

static void add_words(const wordlist *w) {
    add(w->bytes, (size_t)w->offsets[w->n]);
    add(w->offsets, (size_t)(w->n + 1) * sizeof *w->offsets);
    add(w->counts, (size_t)w->n * sizeof *w->counts);
}

/* Reads all of a file through the functions that commands use. */
static status digest_corpus(const char *path) {
    const group alone = group_alone();
    corpus_file c;
    int32_t tokens[TOKENS];
    int64_t documents[DOCUMENTS + 1];
    status s = corpus_file_open(&c, path, &alone);
    if (s.code)
        return s;
    s = corpus_file_check(&c);
    if (!s.code && (c.n_tokens != TOKENS || c.n_documents != DOCUMENTS))
        abort();
    if (!s.code)
        s = corpus_file_tokens(&c, 0, TOKENS, tokens);
    if (!s.code)
        s = corpus_file_documents(&c, 0, DOCUMENTS + 1, documents);
    if (!s.code)
        s = h5_each_attribute(c.file, "/provenance/options", add_text, NULL);
    if (!s.code) {
        add_words(&c.words);
        add(tokens, sizeof tokens);
        add(documents, sizeof documents);
    }
    corpus_file_close(&c);
    return s;
}

static status digest_run(const char *path) {
    const group alone = group_alone();
    run_file run;
    float rows[3][N_WORDS * STRIDE];
    run_epoch *epochs = NULL;
    int64_t n;
    status s = run_file_open(&run, path, &alone);
    if (s.code)
        return s;
    s = run_file_check(&run);
    if (!s.code && (run.words.n != N_WORDS || run.dim != DIM || run.n_epochs != 2))
        abort();
    for (int e = 0; e < 2 && !s.code; e++)
        s = run_file_read(&run, "vectors", e, 0, N_WORDS, rows[e], STRIDE);
    if (!s.code)
        s = run_file_read(&run, "context", 0, 0, N_WORDS, rows[2], STRIDE);
    if (!s.code)
        s = run_file_read_training(&run, &n, &epochs);
    if (!s.code)
        s = h5_each_attribute(run.file, "/provenance/options", add_text, NULL);
    if (!s.code) {
        add_words(&run.words);
        add(rows, sizeof rows);
        add(epochs, (size_t)n * sizeof *epochs);
    }
    mem_free(&epochs);
    run_file_close(&run);
    return s;
}

/* In a process of its own, with little memory and time: 0 when the file was read and is unchanged,
 * 3 or 4 when it was refused by name, anything else is a failure. */
static int read_apart(status (*read)(const char *), const char *path, uint64_t expected) {
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit space = {1 << 30, 1 << 30};
#ifndef __SANITIZE_ADDRESS__
        setrlimit(RLIMIT_AS, &space);
#else
        (void)space;
#endif
        mem_set_limit(32 << 20);
        alarm(10);
        digest = 0;
        status s = read(path);
        if (!s.code)
            _exit(digest == expected ? 0 : 100);
        _exit(strstr(s.message, path) ? (int)s.code : 101);
    }
    int how = 0;
    waitpid(child, &how, 0);
    return WIFEXITED(how) ? WEXITSTATUS(how) : 200 + WTERMSIG(how);
}

typedef struct {
    char *bytes;
    long n;
} contents;

static contents load(const char *path) {
    contents c = {NULL, 0};
    FILE *f = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fseek(f, 0, SEEK_END);
    c.n = ftell(f);
    rewind(f);
    CU_ASSERT_EQUAL_FATAL(mem_new(&c.bytes, (size_t)c.n, 1, "a file").code, STATUS_OK);
    CU_ASSERT_EQUAL(fread(c.bytes, 1, (size_t)c.n, f), (size_t)c.n);
    fclose(f);
    return c;
}

/* Flip bits of one byte after the other (of every step-th), and cut the file at many lengths. */
static void damage(status (*read)(const char *), const char *path, const char *name) {
    digest = 0;
    CU_ASSERT_EQUAL_FATAL(read(path).code, STATUS_OK);
    const uint64_t expected = digest;
    contents c = load(path);
    const long flips = 1000, step = c.n / flips + 1;
    const char *copy = test_file(name, c.bytes, (unsigned long)c.n);
    int fd = open(copy, O_WRONLY);
    int refused = 0, harmless = 0, wrong = 0;
    for (long i = 0; i < c.n; i += step) {
        long at = i + (long)(random_at(1, (uint64_t)i) % (uint64_t)step);
        at = at < c.n ? at : c.n - 1;
        const char flipped = (char)(c.bytes[at] ^ (char)(1 + random_at(2, (uint64_t)i) % 255));
        CU_ASSERT_EQUAL(pwrite(fd, &flipped, 1, at), 1);
        int code = read_apart(read, copy, expected);
        CU_ASSERT_EQUAL(pwrite(fd, &c.bytes[at], 1, at), 1);
        refused += code == STATUS_INPUT || code == STATUS_IO;
        harmless += code == 0;
        if (code && code != STATUS_INPUT && code != STATUS_IO && wrong++ < 10)
            fprintf(stderr, "%s: byte %ld: %d\n", name, at, code);
    }
    for (long n = c.n - 1; n >= 0; n -= c.n / 200 + 1) {
        CU_ASSERT_EQUAL(ftruncate(fd, n), 0);
        int code = read_apart(read, copy, expected);
        if (code != STATUS_INPUT && code != STATUS_IO && wrong++ < 10)
            fprintf(stderr, "%s: cut to %ld: %d\n", name, n, code);
    }
    close(fd);
    printf("%s: %ld bytes; flips refused %d, harmless %d, wrong %d\n", name, c.n, refused, harmless,
           wrong);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(refused > 0);
    mem_free(&c.bytes);
}

static void damaged_corpora_are_refused_or_unchanged(void) {
    const char *path = test_path("whole-corpus.h5");
    write_good_corpus(path);
    damage(digest_corpus, path, "damaged-corpus.h5");
}

static void damaged_runs_are_refused_or_unchanged(void) {
    const char *path = test_path("whole-run.h5");
    write_run(path, N_WORDS);
    damage(digest_run, path, "damaged-run.h5");
}

int main(void) {
    static const test_case cases[] = {
        {"words_are_found_by_bytes_and_by_case", words_are_found_by_bytes_and_by_case},
        {"lower_case_may_be_longer_than_upper_case", lower_case_may_be_longer_than_upper_case},
        {"every_refused_allocation_of_an_index_is_reported",
         every_refused_allocation_of_an_index_is_reported},
        {"corpora_are_read_as_written", corpora_are_read_as_written},
        {"content_hash_does_not_depend_on_the_split", content_hash_does_not_depend_on_the_split},
        {"runs_are_read_as_written", runs_are_read_as_written},
        {"long_words_are_cut_only_where_they_are_shown",
         long_words_are_cut_only_where_they_are_shown},
        {"contradictions_are_refused_with_their_place",
         contradictions_are_refused_with_their_place},
        {"damaged_corpora_are_refused_or_unchanged", damaged_corpora_are_refused_or_unchanged},
        {"damaged_runs_are_refused_or_unchanged", damaged_runs_are_refused_or_unchanged},
    };
    return test_run("files", cases, sizeof cases / sizeof *cases, 0);
}
